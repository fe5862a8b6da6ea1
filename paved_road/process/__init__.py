"""Child processes: each one ends with the call that started it, and stays within its limits."""
