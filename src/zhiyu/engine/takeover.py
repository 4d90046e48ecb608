"""From one policy to the next without stopping: what a new version takes over from the one that decides now.

In: the engine in force, an opened policy, and, when it counts other things, an engine that has counted them from the log. Out: the engine
that decides from the next event on. Ids, lists, snoozes and what limits have used up always go on.
"""

from __future__ import annotations

from zhiyu.decisions.context import Deciding
from zhiyu.engine.engine import Engine
from zhiyu.engine.held_over import hold_over
from zhiyu.engine.opened import Opened
from zhiyu.policy.artifact import feature_key, ground_key
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare_actions import ActionLimit


def unlike(old: Compiled, new: Compiled) -> str:
    """Why `new` cannot go on with the counts of `old`; "" when it can."""
    if ground_key(old.policy) != ground_key(new.policy):
        return "event types or the clock are declared differently"
    if old.types_fed != new.types_fed or [c.name for c in old.schema.columns] != [c.name for c in new.schema.columns]:
        return "it counts labels or decisions, or no longer does"
    if old.policy.feedback != new.policy.feedback:
        return "decisions come back after another lag"
    before, after = _counted(old), _counted(new)
    if before != after:
        fresh = [name for name, key in after if key not in {known for _, known in before}]
        return f"it counts {', '.join(fresh[:3])}{' …' if len(fresh) > 3 else ''} anew" if fresh else "it counts less"
    return ""


def _counted(compiled: Compiled) -> list[tuple[str, str]]:
    """(name, what it counts) of every aggregate, in the order of the plan; the names do not matter for the order."""
    names = {column.name for column in compiled.features if column.role == "aggregate"}
    own = [each.feature for name, each in compiled.checked.features.items() if name in names]
    return [(feature.name, feature_key(feature)) for feature in own]


def taken_over(old: Engine, opened: Opened, warmed: Engine | None = None) -> Engine:
    """The engine of `opened` that goes on where `old` stands. `old` must not be used any more."""
    compiled = opened.compiled
    new = warmed
    if new is None:
        new = Engine(compiled, opened.codes, opened.tenant, state=old.state, network=old.network)
        new.state.replan(compiled.plan)
        if new.network is not None and compiled.network is not None:
            new.network.replan(compiled.network)
        new.labels, new.feedback = old.labels, old.feedback
        if new.gang_watch is not None and old.gang_watch is not None:
            new.gang_watch.restore(old.gang_watch.stored())
    old.door.limit((compiled.lateness_ms, compiled.max_ahead_ms, compiled.idempotency_ms, compiled.skew_ms))
    new.door, new.accepted, new.lists = old.door, old.accepted, old.lists
    new.show_lists()
    hold_over(old, new)
    _carry_brakes(old, new)
    return new


def _carry_brakes(old: Engine, new: Engine) -> None:
    """What limits have used up stays used, whatever their count is now, and so does the money the lottery has let through; limits that
    count since the release start anew. A limit goes on when its name, its rule and what it counts are the same."""
    fresh = Deciding(new.compiled, 1)
    new.deciding.restore(fresh.facts())
    lines = {_counts(*named): line for line, named in enumerate(old.compiled.brakes.named)}
    for line, (limit, rule) in enumerate(new.compiled.brakes.named):
        before = lines.get(_counts(limit, rule))
        if before is not None and limit.since != "release":
            new.deciding.acts.use(line, old.deciding.acts.used(before))
    if old.compiled.policy.let_through is not None and new.compiled.policy.let_through is not None:
        new.deciding.spent[:] = old.deciding.spent


def _counts(limit: ActionLimit, rule: str) -> tuple[str, str, str]:
    return limit.name, limit.key, rule
