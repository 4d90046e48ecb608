"""Zhiyu in a Python program: open a policy, decide events one by one, explain, replay a file. Only delegates.

In: a policy folder or a `Policy`. Out: `Decision`, `Explanation`, Arrow tables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.errors import InputError
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.explain import Explanation
from zhiyu.engine.decision_files import DecisionTables
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.what_if import WhatIf
from zhiyu.evaluation.replay import Replay, choose_source
from zhiyu.evaluation.tally import Replayed
from zhiyu.events.batch import EventBatch
from zhiyu.events.decode_one import decode_one
from zhiyu.policy.declare import Policy

REMEMBERED = 10_000
"""Decisions an `App` can explain from memory; older ones are explained from a run folder."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: what was decided and what is enforced (`mark` says why these differ, `limit` which limit was reached), score, names of
    the rules that hit, reason codes, actions, log position. `shadow`: rules that hit and did not count; `approximate`: a feature missed
    entries beyond the limit per key; `shadow_version`: what the shadow version would have decided ("" without one, "error" when it
    failed)."""

    event_id: str
    position: int
    outcome: str
    score: int
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    policy_hash: str
    enforced: str
    mark: str = ""
    shadow: tuple[str, ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    late: bool = False
    approximate: bool = False
    shadow_version: str = ""
    repeated: bool = False
    limit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


class App:
    """A policy with its state, in this process.

    >>> import zhiyu
    >>> from zhiyu.events.declare import EventType, Field
    >>> login = EventType(name="login", fields={"tries": Field(type="int", required=True)})
    >>> rules = zhiyu.RuleSet(name="main", rules=(zhiyu.Rule(name="many", when="tries > 5", outcome="review"),))
    >>> app = App(zhiyu.Policy(name="demo", events=(login,), rule_sets=(rules,)))
    >>> app.decide({"type": "login", "id": "e1", "time": "2026-01-01T00:00:00Z", "tries": 9}).outcome
    'review'
    """

    def __init__(
        self, policy: Policy | Path | str, tenant: str = "default", key: bytes | None = None, source: str | None = None,
        all_features: bool = False, shadow: Policy | Path | str | None = None,
    ) -> None:  # fmt: skip
        """`shadow`: another version that decides beside, with a state of its own, and changes nothing."""
        self.shadow = App(shadow, tenant, key, source) if shadow is not None else None
        self.opened: Opened = open_policy(policy, tenant, key, all_features)
        self.engine = Engine(self.opened.compiled, self.opened.codes, tenant)
        self.source = choose_source(self.opened, source) if source else None
        self.position = 0
        self._what_if: WhatIf | None = None
        self.went_on: tuple[Decision, ...] = ()
        """What went on with the last event, or while time passed: decisions that had waited, in order."""
        self._decided: OrderedDict[str, tuple[Decision, DecisionBatch, EventBatch]] = OrderedDict()

    @property
    def policy_hash(self) -> str:
        """The version of the policy: SHA-256 of its artifact."""
        return self.opened.artifact.hash

    def decide(self, record: Mapping[str, Any]) -> Decision | None:
        """Take one event. A decision, or None for a fact or noise. EventRefused names the field; a repeat gives the first decision."""
        beside = self._in_shadow(record)
        decoded = decode_one(
            self.opened.compiled.schema, self.source, record, self.opened.codes, self.opened.tenant, self.position
        )
        if decoded.refusals:
            raise decoded.refusals[0].error()
        outcome = self.engine.process(decoded.batch, keep_all=True)
        if outcome.refusals:
            raise outcome.refusals[0].error()
        if outcome.repeats:
            return self._first(str(decoded.batch.ids[0]), outcome)
        self.position += 1
        self._tell_of_waits(outcome)
        if not outcome.decisions.n:
            return None
        decision = self._decision(outcome.decisions, beside)
        self._decided[decision.event_id] = (decision, outcome.decisions, decoded.batch)
        if len(self._decided) > REMEMBERED:
            self._decided.popitem(last=False)
        return decision

    def pass_time(self, until_ms: int) -> tuple[Decision, ...]:
        """Let time pass up to `until_ms` (since 1970) though nothing happens: what waits until then goes on, and is returned."""
        self._tell_of_waits(self.engine.pass_time(until_ms, keep_all=True))
        return self.went_on

    def asking(self, event_id: str) -> str:
        """The service that the decision about this event waits for, "" when it waits for none. Nobody is asked here: send the
        answer, an event of the service's type with `about`; what goes on stands in `went_on`."""
        found = self._decided.get(event_id)
        resuming = self.engine.resuming
        if found is None or resuming is None:
            return ""
        _, d, _ = found
        held = resuming.holds.open((int(d.id_code[0, 0]), int(d.id_code[0, 1])))
        return resuming.waits.plans[held.plan].wait.call if held is not None else ""

    def _tell_of_waits(self, outcome: Outcome) -> None:
        """Decisions that went on replace what they were when they began to wait."""
        found = []
        for part in outcome.resumed:
            for at in range(part.n):
                one = part.decisions.at(np.array([at]))
                decision = self._decision(one, "")
                found.append(decision)
                self._decided[decision.event_id] = (decision, one, part.events)
        self.went_on = tuple(found)

    def _in_shadow(self, record: Mapping[str, Any]) -> str:
        """What the shadow version decides; whatever befalls it stays there."""
        if self.shadow is None:
            return ""
        try:
            decision = self.shadow.decide(record)
        except Exception:  # a shadow must not harm the live version, whatever is wrong with it
            return "error"
        return decision.outcome if decision else ""

    def _decision(self, d: DecisionBatch, beside: str) -> Decision:
        told, brief = self.opened.brief(d, 0)
        return Decision(
            told.event_id, told.position, told.outcome, told.score, tuple(rule.rule.name for rule in brief.rules), brief.reasons,
            self.policy_hash, told.enforced, told.mark, tuple(told.quiet), tuple(action.to_dict() for action in brief.actions), told.late,
            told.approximate, beside, limit=told.limit,
        )  # fmt: skip

    def _first(self, event_id: str, outcome: Outcome) -> Decision | None:
        known = self._decided.get(event_id)
        if known is None:
            place = outcome.repeats[0][1]
            raise InputError(
                f"event '{event_id}' was decided at position {place}, and its record is no longer in memory",
                f"事件“{event_id}”已在位置 {place} 决策，记录已不在内存",
            )
        first = known[0]
        return Decision(**(first.to_dict() | {"repeated": True}))

    def take_lists(self, journal: Path) -> int:
        """Know the lists as a journal tells them, each change from its time on; returns how many changes there are."""
        if self.shadow is not None:
            self.shadow.take_lists(journal)
        return take_journal(self.engine, self.opened, journal)

    def learn(self, events: Path, source: str | None = None, batch: int = 65_536) -> int:
        """Take a whole file of past events first; returns how many events were read. Their decisions are not remembered."""
        if self.shadow is not None:
            self.shadow.learn(events, source, batch)
        run = Replay(self.opened, events, source=source, batch=batch, engine=self.engine)
        self.position += run.run().events
        return self.position

    def explain(self, event_id: str) -> Explanation:
        """Why: reasons, rules with the values they saw, the smallest change that would have changed it. One of the last 10,000 decisions;
        InputError otherwise."""
        known = self._decided.get(event_id)
        if known is None:
            raise InputError(
                f"no decision '{event_id}' among the last {len(self._decided)}",
                f"最近 {len(self._decided)} 个决策中没有“{event_id}”",
            )
        found = self.opened.explain_kept(known[1], known[2], 0)
        self._what_if = self._what_if or WhatIf(self.opened)
        return replace(found, counterfactual=self._what_if.find(known[1], known[2], 0, self.engine.lists))

    def snapshot(self, folder: Path) -> int:
        """Write the state so that `restore` goes on from here; returns bytes."""
        return self.engine.snapshot(folder, {"policy_hash": self.policy_hash, "position": self.position})

    def restore(self, folder: Path) -> None:
        """Take up a snapshot of the same policy in a fresh App. InputError when it is of another policy, or damaged."""
        facts = self.engine.restore(folder)
        if facts["policy_hash"] != self.policy_hash:
            raise InputError(
                f"the snapshot is of policy {facts['policy_hash'][:12]}, this is {self.policy_hash[:12]}",
                f"快照属于策略 {facts['policy_hash'][:12]}，当前为 {self.policy_hash[:12]}",
            )
        self.position = facts["position"]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What `replay` gives: the report, and every decision with its values as one Arrow table."""

    report: Replayed
    table: pa.Table

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame (needs pandas)."""
        return self.table.to_pandas()


def replay(
    events: Path | str, policy: Policy | Path | str, *, source: str | None = None, labels: Path | str | None = None,
    batch: int = 65_536, tenant: str = "default", out: Path | str | None = None, all_features: bool = False,
    tape: Path | str | None = None, lists: Path | str | None = None,
) -> ReplayResult:  # fmt: skip
    """Replay a file through a policy. The table holds one line per decision: envelope, outcome, rules, features, label."""
    opened = open_policy(policy, tenant, all_features=all_features)
    parts: list[pa.Table] = []
    tables = DecisionTables(opened.compiled)

    def collect(outcome: Outcome, batch_: EventBatch) -> None:
        if outcome.decisions.n:
            parts.append(tables.joined(outcome.decisions, batch_))

    run = Replay(
        opened, Path(events), source=source, labels=Path(labels) if labels else None, batch=batch, tenant=tenant,
        out=Path(out) if out else None, keep_all=True, on_batch=collect,
        tape=Path(tape) if tape else None, lists=Path(lists) if lists else None,
    )  # fmt: skip
    report = run.run()
    return ReplayResult(report, pa.concat_tables(parts) if parts else pa.table({}))
