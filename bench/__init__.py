"""Side-by-side benchmarks against public tools: `make bench`."""
