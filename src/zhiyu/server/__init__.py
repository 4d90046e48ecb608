"""server: how the outside reaches a tenant's engine: HTTP in, answers out when they are durable.

In: requests (events, questions), keys. Out: decisions, problems in one shape, metrics, log lines.
Knows: base, access, engine. One process, one event loop; the decision path is a thin route, everything else is FastAPI.
"""
