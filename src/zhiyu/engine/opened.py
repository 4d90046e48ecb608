"""A policy opened for running: loaded, checked, compiled for one tenant.

In: a folder, or a `Policy` made in Python; the tenant's key. Out: `Opened`, which the engine, replay and explain share.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import Hint, InputError, Problem, did_you_mean
from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.decisions.explain import Brief, Explainer, Explanation, Told
from zhiyu.decisions.layout import MARKS
from zhiyu.decisions.recorded import Recorded
from zhiyu.decisions.values import seen_form, text_of, to_python
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import Source
from zhiyu.events.list_values import ValueReader, Vocabulary
from zhiyu.events.personal import person_field
from zhiyu.events.refusals import Bad
from zhiyu.expressions.types import Kind, Type
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.check import Report, check_policy
from zhiyu.policy.compile import Compiled, compile_policy
from zhiyu.policy.declare import OUTCOMES, Policy
from zhiyu.policy.load import Loaded, load_policy
from zhiyu.policy.places import Places
from zhiyu.policy.uses import Use, all_uses
from zhiyu.policy.vocabulary import entity_readers, vocabulary

DEMO_KEY = "zhiyu-demo-key"


def tenant_key(tenant: str) -> bytes:
    """16 bytes that key the tenant's codes and tokens: from ZHIYU_KEY, or a fixed demo key (same digest everywhere, no secrecy)."""
    secret = os.environ.get("ZHIYU_KEY", DEMO_KEY)
    return hashlib.blake2b(tenant.encode(), key=secret.encode()[:64], digest_size=16).digest()


@dataclass(frozen=True)
class Opened:
    """A policy ready to run."""

    policy: Policy
    report: Report
    artifact: Artifact
    compiled: Compiled
    codes: Codes
    tenant: str

    @cached_property
    def explainer(self) -> Explainer:
        """Wording of this policy's decisions."""
        return Explainer(self.compiled, self.artifact.hash)

    @cached_property
    def recorded(self) -> Recorded:
        """What decisions record of the models."""
        return Recorded(self.compiled)

    @cached_property
    def uses(self) -> dict[str, tuple[Use, ...]]:
        """Name → the parts of the policy that mention it."""
        return all_uses(self.compiled.checked)

    @cached_property
    def known_lists(self) -> Vocabulary:
        """The lists, fields and rules that changes of lists and snoozes may name."""
        return vocabulary(self.policy, self.codes)

    @cached_property
    def personal(self) -> frozenset[str]:
        """Fields whose values are kept as codes only."""
        columns = self.compiled.schema.columns
        return frozenset(column.name for column in columns if column.role == "field" and column.type.personal)

    @cached_property
    def persons(self) -> dict[int, str]:
        """Numbers of the event types with personal fields → the field that says who they are about, "" for none."""
        network = self.policy.network
        named = network.person if network is not None else ""
        return {
            number: person_field(event, named)
            for number, event in enumerate(self.compiled.schema.types)
            if not self.personal.isdisjoint(event.fields)
        }

    @cached_property
    def known_entities(self) -> dict[str, ValueReader]:
        """Readers for the values of every entity that fields name."""
        return entity_readers(self.policy, self.codes)

    def entity_code(self, entity: str, value: object) -> int:
        """The code of a value of an entity, read as the fields of events are. InputError for no such entity, or a value that cannot be."""
        reader = self.known_entities.get(entity)
        if reader is None:
            known = ", ".join(self.known_entities) or "none"
            raise InputError(
                f"no entity '{entity}' in the policy; it has: {known}", f"策略中没有实体“{entity}”；已有：{known}"
            )
        try:
            return reader.one(value)[0]
        except Bad as bad:
            raise InputError(bad.en, bad.zh) from None

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What the checks remarked."""
        return self.report.warnings

    @property
    def currency(self) -> str:
        """The currency of the money field of the first decided event type that has one, "" without."""
        for event in self.policy.events:
            if event.decide and event.money:
                return event.fields[event.money].currency
        return ""

    def id_codes(self, event_id: str) -> Iterator[Array]:
        """Codes (uint64[2]) that an event id has, one per event type."""
        for event in self.compiled.schema.types:
            yield np.array(self.codes.derived(f"id {event.name}").wide(event_id), np.uint64)

    def source(self, name: str) -> Source:
        """The declared source of this name; InputError when there is none."""
        for source in self.policy.sources:
            if source.name == name:
                return source
        names = [source.name for source in self.policy.sources]
        hint = did_you_mean(name, names) or Hint(
            f"there are: {', '.join(names)}" if names else "it declares none",
            f"已有：{'、'.join(names)}" if names else "策略未声明来源",
        )
        raise InputError(
            f"no source '{name}' in the policy; {hint.en}".rstrip("; "),
            f"策略中没有来源“{name}”；{hint.zh}".rstrip("；"),
        )

    def explain_kept(self, d: DecisionBatch, batch: EventBatch, line: int) -> Explanation:
        """Explain the decision whose values stand in line `line` of the kept ones."""
        seen, shown = self.seen_in(d, batch, line)
        return self._explanation(d, int(d.kept[line]), seen, {k: v for k, v in shown.items() if "(" not in k})

    def seen_in(self, d: DecisionBatch, batch: EventBatch, line: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values that stand in line `line` of the kept ones, by name: in the form of sentences, and as people read them."""
        row = int(d.rows[int(d.kept[line])])
        seen: dict[str, Any] = {}
        shown: dict[str, Any] = {}
        for register, column in enumerate(self.compiled.schema.columns):
            if column.role == "builtin":
                continue
            value, null = int(batch.values[register, row]), int(batch.nulls[register, row])
            seen[column.name], shown[column.name] = self._both(
                column.type, value, null, batch.shown.get(column.name), row
            )
        for number, feature in enumerate(self.compiled.features):
            value, null = int(d.kept_values[line, number]), int(d.kept_nulls[line, number])
            seen[feature.name], shown[feature.name] = self._both(feature.type, value, null, None, 0)
        return seen, shown

    def explain_pass(self, d: DecisionBatch, at: int) -> Explanation:
        """Explain a decision that kept no values."""
        return self._explanation(d, at, {}, {}, kept=False)

    def _explanation(
        self, d: DecisionBatch, at: int, seen: dict[str, Any], shown: dict[str, Any], kept: bool = True
    ) -> Explanation:
        return self.explainer.explain(self.told(d, at, kept), seen, shown)

    def told(self, d: DecisionBatch, at: int, kept: bool = True) -> Told:
        """What the batch says of its decision number `at`."""
        kind = self._called.get(int(d.type_index[at])) or self.compiled.schema.types[int(d.type_index[at])].name
        when = datetime.fromtimestamp(int(d.time_ms[at]) / 1000, UTC).isoformat()
        return Told(
            str(d.ids[at]), kind, int(d.positions[at]), when, OUTCOMES[int(d.outcome[at])], int(d.score[at]),
            _named(d.hits[at], self._rules), OUTCOMES[int(d.enforced[at])], MARKS[int(d.mark[at])], _named(d.quiet[at], self._rules),
            _named(d.path[at], self._nodes), bool(d.late[at]), bool(d.approximate[at]), kept, self._limit(int(d.limit[at])),
            self.recorded.spoke(d, at),
        )  # fmt: skip

    def brief(self, d: DecisionBatch, line: int) -> tuple[Told, Brief]:
        """What spoke in the decision whose values stand in line `line` of the kept ones, without sentences."""
        seen = {
            self.compiled.features[number].name: int(d.kept_values[line, number])
            for number in self.results if not d.kept_nulls[line, number]
        }  # fmt: skip
        told = self.told(d, int(d.kept[line]))
        return told, self.explainer.brief(told, seen)

    def _limit(self, number: int) -> str:
        """The name of a limit by its number plus one, "" for 0."""
        return self.compiled.policy.limits[number - 1].name if number else ""

    @cached_property
    def _called(self) -> dict[int, str]:
        """Numbers of the event types that go on after a call → the type that was declared."""
        return {plan.resumed: plan.wait.of for plan in self.compiled.waits.plans if plan.call is not None}

    @cached_property
    def _rules(self) -> list[str]:
        return [rule.rule.name for rule in self.compiled.rule_order]

    @cached_property
    def _nodes(self) -> list[str]:
        return [visited.name for visited in self.compiled.flow.visited]

    @cached_property
    def results(self) -> list[int]:
        """Numbers of the features that are results of tables and scorecards."""
        return [number for number, column in enumerate(self.compiled.features) if column.role == "result"]

    @staticmethod
    def _both(type_: Type, value: int, null: int, column: Any, row: int) -> tuple[Any, Any]:
        """(form for sentences, form for people) of one value; the text of a code comes from its column."""
        if null:
            return None, None
        if type_.kind is Kind.STRING:
            text = column[row] if column is not None else text_of(type_, value)
            text = text.as_py() if hasattr(text, "as_py") else text
            return text, text
        shown = to_python(type_, value, null)
        return seen_form(type_, shown), shown


def _named(words: Array, names: list[str]) -> list[str]:
    """Names of the bits that are set in one row of words."""
    return [name for name, on in zip(names, bits_to_matrix(words[None], len(names))[0]) if on] if words.any() else []


def open_policy(
    policy: Policy | Loaded | Path | str, tenant: str = "default", key: bytes | None = None, all_features: bool = False
) -> Opened:
    """Load (from a folder), check and compile. DeclarationError with every problem; InputError without a folder."""
    if isinstance(policy, Policy):
        loaded = Loaded(policy, Places())
    else:
        loaded = policy if isinstance(policy, Loaded) else load_policy(Path(policy))
    report = check_policy(loaded.policy, loaded.places)
    report.require()
    return open_artifact(artifact_of(loaded.policy), tenant, key, all_features, report)


def open_artifact(
    artifact: Artifact,
    tenant: str = "default",
    key: bytes | None = None,
    all_features: bool = False,
    report: Report | None = None,
) -> Opened:
    """Open a policy from its artifact, as a run folder carries it."""
    canonical = check_policy(artifact.policy)
    codes = Codes(key or tenant_key(tenant))
    compiled = compile_policy(canonical.require(), codes.one, all_features)
    if not (
        len(compiled.rules) or len(compiled.tables) or len(compiled.cards) or compiled.policy.flows or compiled.features
    ):
        raise InputError("the policy has no rules: nothing would be decided", "策略没有规则：不会做出任何决策")
    return Opened(artifact.policy, report or canonical, artifact, compiled, codes, tenant)
