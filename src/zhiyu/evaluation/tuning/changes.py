"""The three changes that can be proposed: a new rule, another constant in conditions, another threshold of a score rule set.

In: texts and places in the policy. Out: frozen values that can be decided again and written into a folder; `text` names a change in one
line, `knob` says what it turns (two changes of one knob exclude each other).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import msgspec

from zhiyu.base.jit import Array
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.clauses import Clause, joined, shorter_clauses
from zhiyu.expressions import Expression, check, parse
from zhiyu.expressions.types import Kind
from zhiyu.policy.checked import CheckedRule
from zhiyu.policy.declare import Threshold
from zhiyu.policy.places import Path

LITERAL = re.compile(r"""\d[\d_]*(?:\.\d+)?|(['"]).*?\1""")


@dataclass(frozen=True)
class NewRule:
    """One more rule on `event_type`, in a rule set of its own. `clauses`: what `when` was joined from."""

    event_type: str
    when: str
    outcome: str
    clauses: tuple[Clause, ...] = field(default=(), compare=False, repr=False)

    @property
    def text(self) -> str:
        """One line."""
        return f"rule on {self.event_type}: {self.when} → {self.outcome}"

    @property
    def knob(self) -> str:
        """Rules exclude each other only when they say the same."""
        return self.text

    def decide(self, again: Again) -> tuple[Array, Array]:
        """(outcomes, rows it hits)."""
        when = again.evaluator.expression(self.when, self.event_type, Kind.BOOL)
        return again.with_rule(when, self.event_type, self.outcome)


@dataclass(frozen=True)
class Spot:
    """Where a constant stands: place of the rule in `Again.rules`, character offset in its condition."""

    rule: int
    column: int


@dataclass(frozen=True)
class OtherConstant:
    """`name` compared with `literal` instead of `old` (both as written) at `spots` of one rule set. `sign` stands between them, the name on
    its left; "=" for a border that bands share: then there is more than one spot."""

    rule_set: int
    set_name: str
    rules: tuple[str, ...]
    name: str
    sign: str
    old: str
    literal: str
    spots: tuple[Spot, ...]

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.set_name}.{'+'.join(self.rules)}: {self.name} {self.sign} {self.old} → {self.literal}"

    @property
    def knob(self) -> str:
        """What it turns."""
        return f"{self.set_name}.{self.name}.{self.old}.{self.spots}"

    def conditions(self, again: Again) -> dict[int, str]:
        """New text of every condition that changes, by place in `Again.rules`."""
        found: dict[int, str] = {}
        for spot in sorted(self.spots, key=lambda s: -s.column):
            text = found.get(spot.rule, again.rules[spot.rule].rule.when)
            found[spot.rule] = replaced(text, spot.column, self.literal)
        return found

    def decide(self, again: Again) -> tuple[Array, Array]:
        """(outcomes, rows that a changed rule hits)."""
        changed = {n: _typed(again, again.rules[n], text) for n, text in self.conditions(again).items()}
        return again.with_conditions(self.rule_set, changed)


@dataclass(frozen=True)
class OtherThreshold:
    """Threshold `number` of a score rule set at `score` instead of `old`."""

    rule_set: int
    set_name: str
    number: int
    outcome: str
    old: int
    score: int

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.set_name}: {self.outcome} from {self.old} → {self.score}"

    @property
    def knob(self) -> str:
        """What it turns."""
        return f"{self.set_name}.threshold.{self.number}"

    @property
    def path(self) -> Path:
        """Where the score stands in the policy."""
        return ("rule_sets", self.rule_set, "thresholds", self.number, "score")

    def thresholds(self, again: Again) -> list[Threshold]:
        """All thresholds of the set, with the change."""
        marks = list(again.evaluator.checked.policy.rule_sets[self.rule_set].thresholds)
        marks[self.number] = msgspec.structs.replace(marks[self.number], score=self.score)
        return marks

    def decide(self, again: Again) -> tuple[Array, Array]:
        """(outcomes, rows that reach the threshold)."""
        return again.with_thresholds(self.rule_set, self.thresholds(again), self.number)


Change: TypeAlias = NewRule | OtherConstant | OtherThreshold


def shorter(change: Change) -> Iterator[NewRule]:
    """The same rule with one thing less in its condition; nothing for other changes."""
    if isinstance(change, NewRule):
        for clauses in shorter_clauses(change.clauses):
            yield replace(change, when=joined(clauses), clauses=clauses)


def replaced(text: str, column: int, literal: str) -> str:
    """`text` with the literal at `column` replaced; a duration keeps the quotes it was written with."""
    found = LITERAL.match(text, column)
    assert found, f"no literal at {column} of {text!r}"
    return text[:column] + in_quotes(found[0], literal) + text[found.end() :]


def in_quotes(before: str, literal: str) -> str:
    """`literal` in the kind of quotes that `before` stands in."""
    quote = before[0]
    return f"{quote}{literal[1:-1]}{quote}" if quote in "'\"" and literal[0] == '"' else literal


def _typed(again: Again, rule: CheckedRule, text: str) -> Expression:
    checked = again.evaluator.checked
    scope = replace(checked.known.schema.scope, names=checked.typed_on(rule.on))
    return check(parse(text), scope, text, want=Kind.BOOL)
