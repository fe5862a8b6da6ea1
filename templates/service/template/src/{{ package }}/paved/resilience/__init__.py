"""Calls to a dependency that end in time, whatever the dependency does.

A call passes, from the outside in: total deadline, bulkhead, retry within a budget, circuit breaker, attempt
timeout, transport; the fallback stands around all of them. The order is that of Polly's standard handler.
"""
