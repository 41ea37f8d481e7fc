"""The HTTP API: one module per app, the same selectors and services as the portals."""
