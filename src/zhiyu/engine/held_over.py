"""Open waits from one release to the next: a wait goes on at the node of the same name, of the same event type.

In: the holds of the engine in force, the waits of another policy. Out: the same waits, their columns laid out as that policy has them;
or the nodes it lacks, and then it must not come into force: what waits there would be forgotten.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.decisions.layout import AS_NOW
from zhiyu.engine.engine import Engine
from zhiyu.engine.holds import Held
from zhiyu.engine.opened import Opened
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare_versions import NEXT

Node = tuple[str, str]
"""Event type and node."""


def _node_in(known: Collection[Node], node: Node) -> Node:
    """What a wait of the policy so far is called in another: where two versions decided side by side, as each of them calls it alone."""
    alone = (node[0].replace(NEXT, ""), node[1].replace(NEXT, ""))
    return alone if node not in known and alone in known else node


def lost_nodes(old: Engine, new: Compiled) -> list[str]:
    """Nodes at which something waits and that the other policy does not have: "event type at node", sorted."""
    if old.resuming is None:
        return []
    known = {(plan.wait.event, plan.wait.node) for plan in new.waits.plans}
    holds = old.resuming.holds
    waits = {_node_in(known, holds.nodes[held.plan]) for held in holds}
    return sorted({f"{event} at {node}" for event, node in waits - known})


def require_nodes(old: Engine, opened: Opened) -> None:
    """InputError when the policy lacks a node at which something waits."""
    lost = lost_nodes(old, opened.compiled)
    if lost:
        raise InputError(
            f"decisions wait where this policy does not: {', '.join(lost[:5])}; keep the node until they have ended",
            f"有决策正在等待，而该策略没有对应节点：{'、'.join(lost[:5])}；请保留节点直至等待结束",
        )


def _counted_over(old: Compiled, new: Compiled, held: list[Held]) -> None:
    """Features that were kept for a call, as the other policy counts them; what it counts besides is what it is when the call has ended."""
    known = {(f.name, f.type): at for at, f in enumerate(old.features[i] for i in old.counted)}
    source = np.array([known.get((f.name, f.type), -1) for f in (new.features[i] for i in new.counted)], np.int64)
    if len(source) == len(known) and (source == np.arange(len(known))).all():
        return
    for each in held:
        if each.frozen_nulls and known:
            values, nulls = np.frombuffer(each.frozen, np.int64), np.frombuffer(each.frozen_nulls, np.uint8)
            each.frozen = np.where(source >= 0, values[source], 0).tobytes()
            each.frozen_nulls = np.where(source >= 0, nulls[source], AS_NOW).astype(np.uint8).tobytes()


def hold_over(old: Engine, new: Engine) -> None:
    """Let everything that waits go on waiting in `new`. `lost_nodes` must have been asked before."""
    if old.resuming is None or new.resuming is None:
        assert old.resuming is None or not len(old.resuming.holds), "waits would be forgotten"
        return
    holds = old.resuming.holds
    holds.nodes = [_node_in(new.resuming.holds.nodes, node) for node in holds.nodes]
    lost = holds.renumbered(new.resuming.holds.nodes)
    assert not lost, "waits would be forgotten"
    before = {(column.name, column.type): number for number, column in enumerate(old.compiled.schema.columns)}
    after = [before.get((column.name, column.type), -1) for column in new.compiled.schema.columns]
    _counted_over(old.compiled, new.compiled, list(holds))
    if after != list(range(len(before))):
        source = np.array(after)
        for held in holds:
            values, nulls = np.frombuffer(held.values, np.int64), np.frombuffer(held.nulls, np.uint8)
            held.values = np.where(source >= 0, values[source], 0).tobytes()
            held.nulls = np.where(source >= 0, nulls[source], 1).astype(np.uint8).tobytes()
    new.resuming.holds.take_over(holds)
    new.resuming.changes.take_over(old.resuming.changes)
    new.resuming.watched, new.resuming.fresh = old.resuming.watched, old.resuming.fresh
