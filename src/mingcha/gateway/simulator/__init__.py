"""Simulated data loggers: used by the demonstration, the tests, the benches and continuous integration.

``kinds`` what plants are like · ``noise`` repeatable randomness · ``plant`` values of a moment ·
``means`` 10 minutes, hours, days · ``faults`` what goes wrong · ``frames`` the bytes ·
``history`` all frames of a past span · ``datalogger`` a logger on a socket · ``fleet`` many of them.
"""
