"""Decree 10 of 2019: use of automatic data of waste incinerators."""
