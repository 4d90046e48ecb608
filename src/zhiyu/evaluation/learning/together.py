"""Everything that a round of learning found, as one change: the new champions, and thresholds of rules adjusted to them.

In: the live policy, the changes of each cell, the events. Out: a candidate folder with its proposal and one backtest of the whole beside
the live policy. Tuning sees the policy as it would be with the new models, and only days on which nothing was learned; what it finds is
measured, like the whole, on days on which nothing was chosen.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from zhiyu.base.errors import ZhiyuError
from zhiyu.evaluation.learning.words import together_text
from zhiyu.evaluation.model_folder import write_matrix
from zhiyu.evaluation.tuning.proof import FOLDER, Ground, Proof, prove
from zhiyu.evaluation.tuning.search import Wish
from zhiyu.evaluation.tuning.tune import Request, tune
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.load import load_policy

TOGETHER = "together"
MOVED = ("threshold", "constant")
"""What tuning may bring along: thresholds that stand already, no new rules."""


@dataclass(frozen=True)
class Adopted:
    """What a cell proposes: `change` of the policy, the package `content` of its new `model`."""

    cell: str
    model: str
    content: bytes
    change: Callable[[Policy], Policy]


@dataclass(frozen=True)
class Days:
    """Learned before `cut_ms`; chosen before `middle_ms`; judged from then on."""

    cut_ms: int
    middle_ms: int


def propose_together(
    folder: Path,
    ground: Ground,
    adopted: Sequence[Adopted],
    days: Days,
    wish: Wish | None,
    told: Callable[[str, float], None],
) -> dict[str, Any]:
    """Write FOLDER/together; its facts. Without a `wish` no threshold of a rule is looked at."""
    target = folder / TOGETHER
    shutil.copytree(ground.live, target)
    loaded = load_policy(target)
    policy = reduce(lambda standing, each: each.change(standing), adopted, loaded.policy)
    write_matrix(target, loaded, policy, {each.model: each.content for each in adopted})
    tuned: dict[str, Any] = {"change": None, "why": {"en": "not asked for", "zh": "未要求"}}
    if wish is not None:
        tuned = _tuned(target, folder / ".tuned", ground, days, wish, told)
    proof = prove(ground, target, lambda done: told(f"{TOGETHER} backtest", done))
    return facts_of(target, adopted, tuned, proof)


def facts_of(target: Path, adopted: Sequence[Adopted], tuned: Mapping[str, Any], proof: Proof) -> dict[str, Any]:
    """What stands in proposal.json; `proposal.md` beside it."""
    facts = {
        "kind": TOGETHER, "cells": [each.cell for each in adopted], "models": [each.model for each in adopted], "tuned": dict(tuned),
        "candidate_hash": artifact_of(load_policy(target).policy).hash, "diff": proof.diff, "backtest": f"{FOLDER}/report.html",
        "frauds_stopped_more": proof.frauds, "goods_stopped_more": proof.goods,
    }  # fmt: skip
    (target / "proposal.md").write_text(together_text(facts), encoding="utf-8")
    return facts


def _tuned(
    target: Path, out: Path, ground: Ground, days: Days, wish: Wish, told: Callable[[str, float], None]
) -> dict[str, Any]:
    """Let tuning move thresholds of the candidate; the best move that it proves takes the candidate's place."""
    request = Request(
        policy=target, events=ground.events if ground.tape is None else ground.tape, out=out, labels=ground.labels,
        label_delay=ground.label_delay, source=ground.source, wish=wish, tenant=ground.tenant, lists=ground.lists,
        begins_ms=days.cut_ms, cut_ms=days.middle_ms,
    )  # fmt: skip
    try:
        summary = tune(request, lambda what, done: told(f"{TOGETHER} {what}", done))
        best = next((each for each in summary["proposals"] if each["kind"] in MOVED), None)
        if best is None:
            return {
                "change": None,
                "why": {"en": "no threshold gains anything within the limits", "zh": "限制之内没有值得调整的阈值"},
            }
        shutil.rmtree(target)
        shutil.copytree(out / best["folder"], target, ignore=shutil.ignore_patterns("proposal.*", FOLDER))
        return {"change": best["text"], "sentence": best["sentence"], "why": None}
    except ZhiyuError as wrong:
        return {"change": None, "why": {"en": wrong.en, "zh": wrong.zh}}
    finally:
        shutil.rmtree(out, ignore_errors=True)
