"""The one outlet page of regulator, discharger and agency. ``outlet_paths`` gives a portal its addresses."""
