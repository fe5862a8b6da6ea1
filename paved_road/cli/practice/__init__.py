"""`paved practice`."""
