"""HJ 355-2019: operation of water monitoring systems."""
