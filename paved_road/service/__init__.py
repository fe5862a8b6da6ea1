"""A service on disk: its lock, its answers, the release it comes from, its drift and its derived files."""
