"""Law as dated data: parameters, rules and cases in ``standards``, what a region changes in ``regions``."""
