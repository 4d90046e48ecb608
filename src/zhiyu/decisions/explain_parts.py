"""What else spoke in a decision beside rules: rows of tables, scorecards, and the actions that come with it.

In: the checked policy and the results a decision kept. Out: facts with wording, en and zh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from zhiyu.policy.checked import Checked, CheckedScorecard
from zhiyu.policy.compile_conditions import bin_column, row_column
from zhiyu.policy.declare import Policy, Rule
from zhiyu.policy.declare_actions import Do
from zhiyu.policy.declare_flows import Node

LOSSES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TableRow:
    """The row of a decision table that decided; `row` counts from 1, as people do."""

    table: str
    row: int
    outcome: str
    score: int
    reason: str
    en: str
    zh: str

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class CardTotal:
    """The total of a scorecard, the outcome of its band, and where most points were lost: (characteristic, points, best possible)."""

    scorecard: str
    total: int
    outcome: str
    losses: tuple[tuple[str, int, int], ...]
    reasons: tuple[str, ...]
    en: str
    zh: str

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Asked:
    """An action with all its parameters, and what asks for it."""

    action: str
    parameters: Mapping[str, Any]
    by: str

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"action": self.action, "parameters": dict(self.parameters), "by": self.by}


def table_rows(checked: Checked, seen: Mapping[str, Any]) -> tuple[TableRow, ...]:
    """The rows that decided, in the order of the policy."""
    found = []
    for each in checked.tables:
        number = seen.get(row_column(each.table.name))
        if number is None:
            continue
        row = each.table.rows[int(number)]
        written = {name: text for name, text in row.when.items() if str(text).strip() not in ("", "-")}
        said = ", ".join(f"{name} {'null' if text is None else text}" for name, text in written.items())
        en = f"row {number + 1} of {each.table.en or each.table.name} fits ({said or 'any values'})"
        zh = f"{each.table.zh or each.table.name}第 {number + 1} 行符合（{said or '任意值'}）"
        found.append(TableRow(each.table.name, int(number) + 1, row.outcome or "pass", row.score, row.reason, en, zh))
    return tuple(found)


def card_totals(checked: Checked, seen: Mapping[str, Any]) -> tuple[CardTotal, ...]:
    """The scorecards that ran, in the order of the policy."""
    return tuple(_card(each, seen) for each in checked.scorecards if seen.get(each.card.name) is not None)


def _card(each: CheckedScorecard, seen: Mapping[str, Any]) -> CardTotal:
    card, total = each.card, int(seen[each.card.name])
    bands = sorted((band for band in card.bands if total < band.below), key=lambda band: band.below)
    losses = []
    for characteristic in card.characteristics:
        number = seen.get(bin_column(card.name, characteristic.name))
        taken = characteristic.bins[int(number)] if number is not None else None
        points, best = taken.points if taken else 0, max(bin_.points for bin_ in characteristic.bins)
        if points < best:
            losses.append((best - points, characteristic, points, best, taken.reason if taken else ""))
    losses.sort(key=lambda loss: -loss[0])
    reasons = [reason for *_, reason in losses[:LOSSES_SHOWN] if reason]
    outcome = bands[0].outcome if bands else "pass"
    below = f" (below {bands[0].below})" if bands else ""
    below_zh = f"（低于 {bands[0].below}）" if bands else ""
    most = losses[:LOSSES_SHOWN]
    en = f"{card.en or card.name} {total}{below}" + "".join(f", {c.en or c.name} {p:+}" for _, c, p, _, _ in most)
    zh = f"{card.zh or card.name} {total} 分{below_zh}" + "".join(f"，{c.zh or c.name} {p:+}" for _, c, p, _, _ in most)
    shown = tuple((characteristic.name, points, best) for _, characteristic, points, best, _ in most)
    return CardTotal(card.name, total, outcome, shown, tuple(dict.fromkeys(reasons)), en, zh)


def asked_actions(policy: Policy, enforced: str, rules: Iterable[Rule], nodes: Iterable[Node]) -> tuple[Asked, ...]:
    """Actions of the enforced outcome; those of rules and nodes as well, unless the event passes."""
    asked = [(do, f"outcome {enforced}") for do in policy.on_outcome.get(enforced, ())]
    if enforced != "pass":
        asked += [(do, f"rule {rule.name}") for rule in rules for do in rule.actions]
        asked += [(do, f"node {node.name}") for node in nodes for do in node.actions]
    return tuple(_complete(policy, do, by) for do, by in asked)


def _complete(policy: Policy, do: Do, by: str) -> Asked:
    declared = next((action.parameters for action in policy.actions if action.name == do.action), {})
    defaults = {name: parameter.default for name, parameter in declared.items() if parameter.default is not None}
    return Asked(do.action, defaults | do.given, by)
