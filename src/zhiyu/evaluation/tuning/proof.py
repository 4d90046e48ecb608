"""The proof that goes with a proposal: what changed, and a backtest of the whole candidate on the days it was not found on.

In: the live policy, a candidate folder, the events (or their tape), the moment between the two parts. Out: the difference in sentences, and
`backtest/` in the folder of the proposal: the same page, JSON and changes that `zhiyu backtest --from` writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.backtest import Backtest
from zhiyu.evaluation.backtest_files import write_backtest
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.two_tapes import TwoTapes
from zhiyu.policy.diff import diff_policies

FOLDER = "backtest"


@dataclass(frozen=True)
class Ground:
    """What proposals are proved on: the live folder, the events with their labels, or a tape of them; from `cut_ms` on."""

    live: Path
    events: Path
    labels: Path | None
    label_delay: str | None
    source: str | None
    tape: Path | None
    lists: Path | None
    tenant: str
    cut_ms: int
    seed: int


@dataclass(frozen=True)
class Proof:
    """`diff`: the difference in sentences, by language. `frauds`, `goods`: how many more are stopped, as the whole engine decides."""

    diff: dict[str, list[str]]
    frauds: float
    goods: float


def require_apart(out: Path, live: Path) -> None:
    """InputError when proposals would lie in the live policy, or where something lies already."""
    found, policy = out.resolve(), live.resolve()
    if found == policy or policy in found.parents or found in policy.parents:
        raise InputError(
            f"'{out}' and the live policy '{live}' lie in each other: proposals go to a folder of their own",
            f"“{out}”与线上策略“{live}”互相包含：建议应写入单独的目录",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"'{out}' is not empty; choose a new folder", f"“{out}”不是空目录；请选择新目录")


def prove(ground: Ground, candidate: Path, told: Callable[[float], None]) -> Proof:
    """Write the backtest into `candidate`, and say what it found."""
    both = open_policy(ground.live, ground.tenant), open_policy(candidate, ground.tenant)
    run = Backtest(
        *both, ground.events, source=ground.source, labels=ground.labels, label_delay=ground.label_delay, seed=ground.seed,
        lists=ground.lists, folders=(str(ground.live), candidate.name), span=Span(ground.cut_ms, None),
        pairs=TwoTapes(*both, ground.tape, ground.lists) if ground.tape is not None else None,
    )  # fmt: skip
    for done in run.steps():
        told(done)
    assert run.result is not None
    write_backtest(run.result, candidate / FOLDER, "en")
    changes = diff_policies(both[0].policy, both[1].policy).changes
    said = {language: [change.text(language) for change in changes] for language in ("en", "zh")}
    figures = run.result.figures
    return Proof(said, figures["fraud_caught"].difference or 0.0, figures["good_stopped"].difference or 0.0)
