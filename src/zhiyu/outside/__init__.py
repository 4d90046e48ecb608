"""outside: services of others, asked over HTTP within their time and at their price.

In: open calls of the engine, the file that says where services are. Out: how each call ended, as an event.
Knows: base, events, policy, engine. Decides nothing: what an answer means is the policy's.
"""
