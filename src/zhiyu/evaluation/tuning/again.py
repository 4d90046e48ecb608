"""Deciding again from kept values: what every decision would be with another constant, another threshold or one more rule.

In: observed rows, the checked policy, an `Evaluator`. Out: outcomes int64[n] and the rows a change hits. The oracle is built in: deciding
again without a change must give the live outcome on every row; where it does not (`unlike` rows), constants are not tuned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.tuning.observed import Evaluator
from zhiyu.expressions import Expression
from zhiyu.policy.checked import CheckedRule
from zhiyu.policy.declare import OUTCOMES, RuleSet, Threshold


class Again:
    """Truth of every live rule, and each rule set's outcome; a change computes only its own set anew."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator, self.observed = evaluator, evaluator.observed
        checked = evaluator.checked
        self.rules: list[CheckedRule] = [r for r in checked.rules if r.when is not None and not r.rule.shadow]
        self.truth = np.zeros((len(self.rules), self.observed.n), bool)
        for number, rule in enumerate(self.rules):
            assert rule.when is not None
            self.truth[number] = self._fires(rule, rule.when)
        self.own = [[n for n, r in enumerate(self.rules) if r.rule_set is s] for s in checked.policy.rule_sets]
        self.sets = [self._set_outcome(s, own, {}, s.thresholds) for s, own in zip(checked.policy.rule_sets, self.own)]
        decided = np.max([np.zeros(self.observed.n, np.int64), *self.sets], axis=0)
        self.unlike = int((decided != self.observed.outcome).sum())

    def _fires(self, rule: CheckedRule, when: Expression) -> Array:
        kinds = [self.observed.types[name] for name in rule.on]
        return self.evaluator.fires(when) & np.isin(self.observed.type_index, kinds)

    def on_type(self, event_type: str) -> Array:
        """bool[n]: decisions on this event type."""
        return self.observed.type_index == self.observed.types[event_type]

    def totals(self, number: int) -> Array:
        """int64[n]: the total score of a rule set."""
        total = np.zeros(self.observed.n, np.int64)
        for rule in self.own[number]:
            total[self.truth[rule]] += self.rules[rule].rule.score
        return total

    def with_conditions(self, number: int, changed: Mapping[int, Expression]) -> tuple[Array, Array]:
        """(outcomes, rows that a changed rule hits) when rules of one set have another condition; keys are places in `rules`."""
        fresh = {rule: self._fires(self.rules[rule], when) for rule, when in changed.items()}
        rule_set = self.evaluator.checked.policy.rule_sets[number]
        own = self._set_outcome(rule_set, self.own[number], fresh, rule_set.thresholds)
        return self._with_set(number, own), np.any(list(fresh.values()), axis=0)

    def with_thresholds(self, number: int, thresholds: Sequence[Threshold], moved: int) -> tuple[Array, Array]:
        """(outcomes, rows that reach threshold `moved`) when a set has other thresholds."""
        rule_set = self.evaluator.checked.policy.rule_sets[number]
        own = self._set_outcome(rule_set, self.own[number], {}, thresholds)
        return self._with_set(number, own), self.totals(number) >= thresholds[moved].score

    def with_rule(self, when: Expression, event_type: str, outcome: str) -> tuple[Array, Array]:
        """(outcomes, rows it hits) with one more rule in a set of its own."""
        hits = self.evaluator.fires(when) & self.on_type(event_type)
        return np.where(hits, np.maximum(self.observed.outcome, OUTCOMES.index(outcome)), self.observed.outcome), hits

    def _with_set(self, number: int, own: Array) -> Array:
        others = [outcome for other, outcome in enumerate(self.sets) if other != number]
        return np.max([own, *others], axis=0)

    def _set_outcome(
        self, rule_set: RuleSet, own: Sequence[int], fresh: Mapping[int, Array], marks: Sequence[Threshold]
    ) -> Array:
        outcome, total = np.zeros(self.observed.n, np.int64), np.zeros(self.observed.n, np.int64)
        open_ = np.ones(self.observed.n, bool)
        for number in own:
            hit = fresh.get(number, self.truth[number]) & open_
            rule = self.rules[number].rule
            if rule.outcome:
                np.maximum(outcome, OUTCOMES.index(rule.outcome), out=outcome, where=hit)
            total[hit] += rule.score
            if rule_set.mode == "first_hit":
                open_ &= ~hit
        for mark in marks:
            np.maximum(outcome, OUTCOMES.index(mark.outcome), out=outcome, where=total >= mark.score)
        return outcome
