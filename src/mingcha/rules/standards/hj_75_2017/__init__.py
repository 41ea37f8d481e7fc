"""HJ 75-2017: continuous emission monitoring of flue gas."""
