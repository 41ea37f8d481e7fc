"""工作台: work first, then the state of the region."""
