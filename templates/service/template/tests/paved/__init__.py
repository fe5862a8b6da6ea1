"""The road's tests: of its package, with an application of their own. They use nothing of the service's."""
