"""Calls a Zhiyu server from Python: decisions, labels, lists, with retries, a deadline and a default answer.

In: events and facts as dictionaries. Out: `Decision`s and what the server says; `Refused` and `Unavailable`.
Knows: HTTP, from the standard library only.
"""

from zhiyu.client.client import Client
from zhiyu.client.told import Decision, Refused, Unavailable

__all__ = ["Client", "Decision", "Refused", "Unavailable"]
