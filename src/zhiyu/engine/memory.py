"""Everything that the engine of one tenant remembers, and how it goes to the disk and comes back.

In: a compiled policy. Out: features, network, ids (the door), facts that wait, lists, waits, gangs told of, what the brakes have used up;
a snapshot of it all, and the same again in a fresh engine. What moves it on: `decider.py`, `engine.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.base.hashing import Codes
from zhiyu.decisions.context import Deciding
from zhiyu.engine.admit import Door
from zhiyu.engine.budget import share
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.facts import Waiting
from zhiyu.engine.gang_events import GangWatch, watch_of
from zhiyu.engine.resuming import Resuming
from zhiyu.entities.lists import ListBook
from zhiyu.features.state import MAX_BLOCK, FeatureState
from zhiyu.network.state import NetworkState
from zhiyu.policy.builtin import DECISION, LABEL
from zhiyu.policy.compile import Compiled
from zhiyu.policy.two_versions import twins

LABEL_SPAN_MS = 600_000
DECISION_SPAN = 64
"""Waiting facts are kept in buckets of this width."""


class Memory:
    """What was counted and seen so far; `accepted`: how many events that were."""

    def __init__(
        self, compiled: Compiled, codes: Codes, tenant: str = "default", limit_bytes: int | None = None,
        state: FeatureState | None = None, network: NetworkState | None = None,
    ) -> None:  # fmt: skip
        self.compiled = compiled
        self.codes = codes
        self.tenant = tenant
        self.state = state or FeatureState(compiled.plan, limit_bytes)
        self.network = network or (NetworkState(compiled.network, limit_bytes) if compiled.network else None)
        self.door = Door(compiled.lateness_ms, compiled.max_ahead_ms, compiled.idempotency_ms, compiled.skew_ms)
        share(self)
        self.deciding = Deciding(compiled, MAX_BLOCK)
        self.labels = Waiting(compiled.n_columns, LABEL_SPAN_MS) if LABEL in compiled.types_fed else None
        self.feedback = Waiting(compiled.n_columns, DECISION_SPAN) if DECISION in compiled.types_fed else None
        self.lists = ListBook(codes.one)
        self.derived = DerivedLabels(compiled.labels)
        self.resuming = Resuming(compiled, codes, tenant, self.derived) if compiled.waits else None
        self.gang_watch: GangWatch | None = watch_of(compiled, self.network)
        self.accepted = 0

    def show_lists(self) -> None:
        """Let the kernel see the lists and snoozes as they are now."""
        self.deciding.watch_lists(self.lists.address)
        rules = {rule.rule.name: number for number, rule in enumerate(self.compiled.rule_order)}
        quiet = self.lists.snoozes.lines(rules, self.compiled.schema.index, twins(self.compiled.policy))
        self.deciding.snooze(quiet.lines, quiet.starts)

    def _change_lists(self, now: int) -> None:
        """Let everything take effect that is due; the kernel sees the lists as they are then."""
        if self.lists.apply_until(now):
            self.show_lists()

    def facts(self) -> dict[str, int]:
        """Counts for reports: keys, bytes of all tables, ids remembered, facts waiting."""
        waiting = sum(len(w) for w in (self.labels, self.feedback) if w is not None)
        own = self.state.facts()
        network = self.network.facts() if self.network is not None else {}
        waits = self.resuming.holds.facts() if self.resuming is not None else {}
        return own | {
            **{f"network_{name}": count for name, count in network.items()},
            **{f"waits_{name}": count for name, count in waits.items()},
            "bytes": own["bytes"] + self.door.bytes_used() + network.get("bytes", 0),
            "bytes_limit": self.state.limit_bytes,
            "ids": self.door.live_ids(),
            "waiting_facts": waiting,
        }

    def heal(self) -> Iterator[None]:
        """Step by step, make huge pages again of memory that a fork has cut up."""
        network = self.network.heal() if self.network is not None else iter(())
        return itertools.chain(self.state.heal(), self.door.heal(), network)

    def snapshot(self, folder: Path, facts: dict[str, Any]) -> int:
        """Write everything the engine needs to go on from here; `facts` (policy hash, log position …) ride along. Returns bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        written = self.door.snapshot(folder / "ids.state") + self.lists.snapshot(folder / "lists.state")
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                written += waiting.snapshot(folder / f"{name}.state")
        if self.network is not None:
            written += self.network.snapshot(folder / "network.state", {})
        if self.resuming is not None:
            written += self.resuming.holds.snapshot(folder / "waits.state")
            written += self.resuming.changes.snapshot(folder / "changes.state")
        alerts = self.gang_watch.stored() if self.gang_watch is not None else []
        own = {"accepted": self.accepted, "facts": facts, "brakes": self.deciding.facts(), "gang_alerts": alerts}
        return written + self.state.snapshot(folder / "features.state", own)

    def restore(self, folder: Path) -> dict[str, Any]:
        """Take up a snapshot in a fresh engine of the same policy; returns the facts that were stored with it."""
        if not (folder / "features.state").exists():
            raise InputError(f"no snapshot in {folder}", f"{folder} 中没有快照")
        own = self.state.restore(folder / "features.state")
        self.door.restore(folder / "ids.state")
        self.lists.restore(folder / "lists.state")
        self.show_lists()
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                waiting.restore(folder / f"{name}.state")
        if self.network is not None:
            self.network.restore(folder / "network.state")
        if self.resuming is not None:
            self.resuming.holds.restore(folder / "waits.state")
            self.resuming.changes.restore(folder / "changes.state", int(self.door.clock[0]))
        if self.gang_watch is not None:
            self.gang_watch.restore(own["gang_alerts"])
        self.deciding.restore(own["brakes"])
        self.accepted = own["accepted"]
        facts: dict[str, Any] = own["facts"]
        return facts
