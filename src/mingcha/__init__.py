"""mingcha (明察): supervision of the automatic monitoring of fixed pollution sources.

Storeys, from the top: cli, workers, site, portals | api, apps, gateway | flow,
protocol | store | stats | rules | screening, core. Imports go down only.
"""

__version__ = "0.1.0"
