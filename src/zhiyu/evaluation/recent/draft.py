"""A patch becomes a policy: every finding with the value it is about, what changed in sentences, the changed parts as sentences.

In: the version it starts from, operations. Out: `Draft`. Nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zhiyu.base.errors import DeclarationError, Problem
from zhiyu.engine.opened import Opened, open_artifact
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.checked import Checked
from zhiyu.policy.diff import Change, changes_between
from zhiyu.policy.patch import Operation, Pointers, patched, pointer, policy_of
from zhiyu.policy.places import Path
from zhiyu.policy.say import say_feature, say_rule
from zhiyu.policy.say_decisions import say_scorecard, say_table
from zhiyu.policy.say_flows import say_flow

MAX_FINDINGS, MAX_CHANGES, MAX_SAID = 200, 200, 50
Sentence = tuple[str, str, str]
"""(pointer, en, zh)."""


@dataclass(frozen=True)
class Base:
    """The version that drafts start from."""

    opened: Opened

    @cached_property
    def document(self) -> Any:
        """Its policy as plain data, the one that paths of operations lead into."""
        return json.loads(self.opened.artifact.canonical)["policy"]


@dataclass(frozen=True)
class Draft:
    """What became of a patch. `opened`: None while there are errors."""

    findings: tuple[Problem, ...]
    opened: Opened | None = None
    changes: tuple[Change, ...] = ()
    said: tuple[Sentence, ...] = field(default=())

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "policy": self.opened.artifact.hash if self.opened is not None else None,
            "findings": [finding(each) for each in self.findings[:MAX_FINDINGS]],
            "changes": [
                {"kind": each.kind, "section": each.section, "en": each.en, "zh": each.zh} for each in self.changes[:MAX_CHANGES]
            ],
            "count": len(self.changes), "said": [{"path": path, "en": en, "zh": zh} for path, en, zh in self.said],
        }  # fmt: skip


def finding(problem: Problem) -> dict[str, Any]:
    """One finding: `path` is a JSON pointer, `column` a character of the value, from 1 on."""
    return {
        "severity": problem.severity, "code": problem.code, "path": problem.place.file, "column": max(problem.place.column, 1),
        "en": problem.en, "zh": problem.zh, "suggestion_en": problem.suggestion,
        "suggestion_zh": problem.suggestion_zh or problem.suggestion,
    }  # fmt: skip


def drafted(base: Base, operations: Sequence[Operation]) -> Draft:
    """Apply, check, compile and compare. InputError for operations that lead nowhere."""
    try:
        policy = policy_of(patched(base.document, operations))
    except DeclarationError as wrong:
        return Draft(tuple(wrong.problems))
    report = check_policy(policy, Pointers())
    said = () if report.checked is None else tuple(_said(base.opened.compiled.checked, report.checked))[:MAX_SAID]
    if report.errors:
        return Draft(report.problems, said=said)
    try:
        like = base.opened
        opened = open_artifact(artifact_of(policy), like.tenant, like.codes.key)
    except DeclarationError as wrong:
        return Draft(tuple(wrong.problems), said=said)
    changes = changes_between(base.opened.compiled.checked, opened.compiled.checked)
    return Draft(report.problems, opened, changes, said)


def _said(base: Checked, checked: Checked) -> Iterator[Sentence]:
    """Sentences of what is not in the base as it is here: rules, cards, tables, flows, features."""

    def both(path: Path, say: Any, *given: Any) -> Sentence:
        return pointer(checked.places.declared(path)), say(checked, *given, "en"), say(checked, *given, "zh")

    rules = {(each.rule_set.name, each.rule.name): each.rule for each in base.rules}
    for rule in checked.rules:
        if rule.when is not None and rules.get((rule.rule_set.name, rule.rule.name)) != rule.rule:
            yield both(rule.path, say_rule, rule)
    cards = {each.card.name: each.card for each in base.scorecards}
    for card in checked.scorecards:
        if cards.get(card.card.name) != card.card:
            yield both(card.path, say_scorecard, card)
    tables = {each.table.name: each.table for each in base.tables}
    for table in checked.tables:
        if tables.get(table.table.name) != table.table:
            yield both(table.path, say_table, table)
    for flow in checked.declared_flows():
        if flow.flow not in base.declared.flows:
            yield both(flow.path, say_flow, flow)
    for name, feature in checked.features.items():
        known = base.features.get(name)
        if feature.path[:1] == ("features",) and (known is None or known.feature != feature.feature):
            yield both(feature.path, say_feature, name)
