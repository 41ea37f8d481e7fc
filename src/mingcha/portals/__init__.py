"""Pages per audience. Portals do not know each other; what two need lies in ``shared``."""
