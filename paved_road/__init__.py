"""paved-road: stamp services from a paved-road template, keep them up to date, prove them ready."""

__version__ = "0.1.0"
