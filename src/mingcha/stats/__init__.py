"""Pure arithmetic of the standards: minutes to hours to days, conversions, totals.

Arrays in, values out; the clause stands beside each function. Nothing here knows a store or a rule:
the thresholds of the law come in as dataclasses (``Validity``, ``SubstitutionLaw`` …), filled from dated
parameters by ``flow.law``.
``tests/naive.py`` states every function slowly and plainly, property tests compare the two.
"""
