"""One budget of memory for everything that an engine counts.

In: an engine. Out: its features and its network know what the others take: together, with the memory of ids, they stay within
ZHIYU_STATE_BYTES, wherever the events lead. Each looks every few thousand events; whoever finds the whole too big says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhiyu.engine.memory import Memory


def share(engine: Memory) -> None:
    """Let the parts of an engine know of each other. The memory of ids may be put in another's place later: it is asked for each time."""
    state, network = engine.state, engine.network
    state.beside = lambda: engine.door.bytes_used() + (network.bytes_used() if network is not None else 0)
    if network is not None:
        network.beside = lambda: engine.door.bytes_used() + state.bytes_used()
