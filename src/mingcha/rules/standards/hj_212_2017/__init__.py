"""HJ 212-2017: what its tables say of data, beside the wire."""
