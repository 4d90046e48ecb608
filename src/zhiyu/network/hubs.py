"""Things that more people use than their link allows: farms, shop counters, somebody's mistake. They join nobody; they are told of instead.

In: a state that stands still. Out: the largest of them; one pass over all nodes. Only links that join have hubs: the address of a network
merely weighs, and many use it by nature.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhiyu.entities.slots import SIZE, USED
from zhiyu.network import layout as at
from zhiyu.network.state import NetworkState


class Hub(NamedTuple):
    """A thing over its cap: key, kind of node, value; people who use it in the window, people allowed."""

    key: int
    kind: int
    code: int
    people: int
    cap: int


def hubs_of(state: NetworkState, most: int) -> tuple[list[Hub], int]:
    """The `most` hubs with most people, and how many there are."""
    caps: dict[int, int] = {}
    for link in state.plan.links:
        if link.links:
            caps[link.type] = max(caps.get(link.type, 0), link.max_people)
    used = int(state.slot_head[USED])
    ints = state.nodes[:used].view(np.int32)
    over = np.zeros(used, bool)
    for kind, cap in caps.items():
        over |= (ints[:, at.KIND] == kind) & (ints[:, at.DEGREE] > cap) & (state.rows[:used, SIZE] > 0)
    nodes = np.flatnonzero(over)
    order = nodes[np.lexsort((state.rows[nodes, 0], -ints[nodes, at.DEGREE]))][:most]
    found = [
        Hub(int(state.rows[node, 0]), int(ints[node, at.KIND]), int(state.rows[node, at.CODE]), int(ints[node, at.DEGREE]),
            caps[int(ints[node, at.KIND])])
        for node in order.tolist()
    ]  # fmt: skip
    return found, len(nodes)
