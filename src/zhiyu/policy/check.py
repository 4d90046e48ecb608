"""All static checks of a policy, in one call.

In: a policy (from YAML or Python) and its places. Out: `Report`: every error and warning with its place, the typed
policy, the estimated cost. A policy with errors does not run; warnings are things that are allowed and probably not
meant.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.errors import DeclarationError, Problem
from zhiyu.base.limits import MAX_FEATURES
from zhiyu.events.declare import WAIT_END
from zhiyu.policy.artifact import validated
from zhiyu.policy.calls import answer_type, with_calls_written_out
from zhiyu.policy.check_actionable import actionable
from zhiyu.policy.check_actions import actions
from zhiyu.policy.check_calls import call_problems
from zhiyu.policy.check_flows import flows
from zhiyu.policy.check_labels import type_labels
from zhiyu.policy.check_lists import lists
from zhiyu.policy.check_matrix import type_matrix
from zhiyu.policy.check_models import models, type_models
from zhiyu.policy.check_names import names, too_many_features, unused_features
from zhiyu.policy.check_network import network
from zhiyu.policy.check_nulls import null_hazards
from zhiyu.policy.check_reach import unreachable
from zhiyu.policy.check_restraint import restraint
from zhiyu.policy.check_scorecards import scorecards
from zhiyu.policy.check_services import service_problems
from zhiyu.policy.check_sets import rule_sets
from zhiyu.policy.check_sources import sources
from zhiyu.policy.check_tables import tables
from zhiyu.policy.check_waits import can_be_written_out, wait_problems
from zhiyu.policy.checked import Checked
from zhiyu.policy.cost import Cost, estimate_cost
from zhiyu.policy.declare import Policy
from zhiyu.policy.examine import examine
from zhiyu.policy.examine_flows import type_flows
from zhiyu.policy.examine_tables import type_scorecards, type_tables
from zhiyu.policy.known import known_of
from zhiyu.policy.places import Places
from zhiyu.policy.waits import written_out


@dataclass(frozen=True)
class Report:
    """What the checks found. `checked` and `cost` are None when the event types themselves do not compile."""

    problems: tuple[Problem, ...]
    checked: Checked | None = None
    cost: Cost | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Findings that keep the policy from running."""
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Findings that do not."""
        return tuple(p for p in self.problems if p.severity != "error")

    def require(self) -> Checked:
        """The typed policy; raises `DeclarationError` with every finding when there are errors."""
        if self.errors or self.checked is None:
            raise DeclarationError(self.problems)
        return self.checked


def check_policy(policy: Policy, places: Places | None = None) -> Report:
    """Check everything that can be known before the first event.

    >>> from zhiyu.events.declare import EventType, Field
    >>> from zhiyu.policy.declare import Rule, RuleSet
    >>> login = EventType(name="login", fields={"tries": Field(type="int")})
    >>> rules = RuleSet(name="main", rules=(Rule(name="many", when="trys > 5", outcome="review"),))
    >>> [p.suggestion for p in check_policy(Policy(name="p", events=(login,), rule_sets=(rules,))).errors]
    ["did you mean 'tries'?"]
    """
    places = places or Places()
    try:
        policy = validated(policy)
    except DeclarationError as error:
        return Report(tuple(error.problems))
    count = too_many_features(policy)
    if count:
        en, zh = f"{count} features; at most {MAX_FEATURES}", f"特征 {count} 个，上限 {MAX_FEATURES}"
        return Report((Problem("limit.features", en, zh, places.at(("grids",))),))
    services = service_problems(policy, places)
    told = wait_problems(policy, places) + services + call_problems(policy, places, not services)
    sound = not any(problem.severity == "error" for problem in told) and can_be_written_out(policy)
    written = written_out(policy, sound)
    written = with_calls_written_out(written) if sound else written
    places = written.placed(places)
    known, problems = known_of(written.policy, places, policy)
    if known is None:
        return Report(_ordered(told + problems))
    checked = examine(written, places, known, _scores)
    checked.problems += told
    for typing in (type_labels, type_scorecards, type_tables, type_flows):
        typing(checked)
    for each in (
        names,
        lists,
        network,
        models,
        sources,
        rule_sets,
        scorecards,
        tables,
        flows,
        actions,
        unreachable,
        null_hazards,
        unused_features,
        actionable,
        restraint,
    ):
        each(checked)
    problems = checked.problems if sound else [p for p in checked.problems if not _of_what_is_not_there(p, policy)]
    return Report(_ordered(problems), checked, estimate_cost(checked))


def _scores(checked: Checked) -> None:
    type_models(checked)
    type_matrix(checked)


def _of_what_is_not_there(problem: Problem, policy: Policy) -> bool:
    """Whether a finding is about a name that is known only when waits and calls are written out."""
    names = [name for service in policy.services for name in answer_type(service).fields]
    return f"'{WAIT_END}'" in problem.en or (
        problem.code == "unknown_name" and any(f"'{name}'" in problem.en for name in names)
    )


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    """Errors first, then by place; the same finding once (a grid repeats it for every feature)."""
    never = {
        (p.place.file, p.place.line) for p in problems if p.code in ("rule.never", "rule.always", "rule.dead_branch")
    }
    told = [p for p in problems if p.code != "constant_condition" or (p.place.file, p.place.line) not in never]
    kept = {(p.code, p.place, p.en): p for p in told}
    return tuple(
        sorted(kept.values(), key=lambda p: (p.severity != "error", p.place.file, p.place.line, p.place.column, p.code))
    )
