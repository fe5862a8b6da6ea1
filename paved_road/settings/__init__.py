"""Settings: where each value comes from, whose code may run, and which service a command is about."""
