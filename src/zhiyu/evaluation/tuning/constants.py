"""Other constants: thresholds of score rule sets, and the literals that names are compared with in conditions.

In: the live rules decided again on the earlier part. Out: candidate changes. Values tried are readable numbers at quantiles of the value
among frauds, frauds that get through, and goods; thresholds are tried at every total that occurs. A literal that one rule compares
upwards and another downwards (`x > 4` here, `x <= 4` there) is the border of two bands and moves in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.metrics import STOPPED
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import LITERAL, OtherConstant, OtherThreshold, Spot
from zhiyu.evaluation.tuning.parts import Part
from zhiyu.evaluation.tuning.readable import CUTTABLE, as_numbers, cuts, written
from zhiyu.expressions.typed import Typed
from zhiyu.policy.declare import RuleSet

MAX_THRESHOLDS = 30
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


@dataclass(frozen=True)
class _Found:
    """A literal in a condition: its rule, the name beside it, the text as typed, and the sign with the name on its left."""

    rule: int
    name: Typed
    column: int
    old: str
    key: str
    sign: str

    @property
    def up(self) -> bool:
        """Larger values fire."""
        return self.sign[0] == ">"


def threshold_changes(again: Again, part: Part) -> Iterator[OtherThreshold]:
    """Every threshold of every score set at the totals between its neighbours."""
    for number, rule_set in enumerate(again.evaluator.checked.policy.rule_sets):
        if rule_set.mode != "score" or not rule_set.thresholds:
            continue
        reached = np.unique(again.totals(number)[part.rows])
        for place, mark in enumerate(rule_set.thresholds):
            for score in _between(rule_set, place, reached):
                yield OtherThreshold(number, rule_set.name, place, mark.outcome, mark.score, score)


def _between(rule_set: RuleSet, place: int, reached: Array) -> list[int]:
    marks = [mark.score for mark in rule_set.thresholds]
    low = marks[place - 1] if place else 0
    high = marks[place + 1] if place + 1 < len(marks) else np.iinfo(np.int64).max
    same = reached[reached >= marks[place]][:1]  # the total at which nothing changes
    tried = reached[(reached > low) & (reached < high) & (reached != marks[place]) & ~np.isin(reached, same)]
    near = tried[np.argsort(np.abs(tried - marks[place]), kind="stable")[:MAX_THRESHOLDS]]
    return sorted(near.tolist())


def constant_changes(again: Again, part: Part) -> Iterator[OtherConstant]:
    """Every knob at every value worth trying."""
    groups: dict[tuple[int, str, str], list[_Found]] = {}
    for number, own in enumerate(again.own):
        for found in (each for rule in own for each in _literals(again, rule)):
            groups.setdefault((number, str(found.name.value), found.key), []).append(found)
    for (number, name, _), group in groups.items():
        border = len({each.up for each in group}) == 2
        for spots in [group] if border else [[each] for each in group]:
            yield from _tried(again, part, number, name, spots)


def _tried(again: Again, part: Part, number: int, name: str, spots: list[_Found]) -> Iterator[OtherConstant]:
    node = spots[0].name
    rule_set = again.evaluator.checked.policy.rule_sets[number]
    rules = tuple(dict.fromkeys(again.rules[each.rule].rule.name for each in spots))
    places = tuple(Spot(each.rule, each.column) for each in spots)
    sign = spots[0].sign if len({each.up for each in spots}) == 1 else "="
    for cut in _values(again, part, spots).tolist():
        literal = written(cut, node.type)
        if literal.startswith(("-", '"-')) or literal == spots[0].key:
            continue
        yield OtherConstant(number, rule_set.name, rules, name, sign, spots[0].old, literal, places)


def _values(again: Again, part: Part, spots: list[_Found]) -> Array:
    """Readable values of the name on the decisions the rule runs on, in the earlier part."""
    rule, name = again.rules[spots[0].rule], str(spots[0].name.value)
    expression = again.evaluator.expression(name, min(rule.on))
    values, nulls = again.evaluator.column(expression)
    kinds = [again.observed.types[each] for each in rule.on]
    rows = part.rows[(nulls[part.rows] == 0) & np.isin(again.observed.type_index[part.rows], kinds)]
    numbers, label = as_numbers(values, expression.type)[rows], again.observed.label[rows]
    fraud, missed = label == 1, (label == 1) & (again.observed.outcome[rows] < STOPPED)
    return np.union1d(
        cuts(numbers[fraud], numbers[label == 0], expression.type), cuts(numbers[missed], numbers[:0], expression.type)
    )


def _literals(again: Again, number: int) -> Iterator[_Found]:
    when = again.rules[number].when
    assert when is not None
    for node in _nodes(when.root):
        if node.op not in _FLIPPED:
            continue
        left, right = node.args
        op = node.op if right.op == "literal" else _FLIPPED[node.op]
        name, literal = (left, right) if right.op == "literal" else (right, left)
        source = LITERAL.match(again.rules[number].rule.when, literal.column) if literal.op == "literal" else None
        if name.op == "name" and name.type.kind in CUTTABLE and source:
            yield _Found(number, name, literal.column, source[0], literal.text, op)


def _nodes(root: Typed) -> Iterator[Typed]:
    yield root
    for each in root.args:
        yield from _nodes(each)
