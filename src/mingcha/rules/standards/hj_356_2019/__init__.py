"""HJ 356-2019: validity of data of water monitoring systems."""
