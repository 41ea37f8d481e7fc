"""The Django project: settings, root addresses, base templates, components, static sources, locale."""
