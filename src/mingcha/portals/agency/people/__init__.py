"""人员: the agency's people."""
