"""The run contract: how a service is started, its port, probes, dependencies and sample requests."""
