"""One round of learning: for every cell a model trained again, compared with its champion on later events, proposed when it is better.

In: `Ask`. Out: OUT/CELL (a whole candidate policy with proposal.md, proposal.json and a backtest), OUT/together (all of them with
adjusted thresholds as one) and OUT/summary.json. The live folder is only read. Time is cut three times: learn, then choose thresholds, then
judge; what is chosen is judged on events it was not chosen on.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.base.places_on_disk import whole_folder
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.drift.watch import policy_in_force
from zhiyu.evaluation.learning.thresholds import matched_thresholds
from zhiyu.evaluation.learning.together import TOGETHER, Adopted, Days, propose_together
from zhiyu.evaluation.learning.words import proposal_text, verdict_of
from zhiyu.evaluation.log_tape import record_log
from zhiyu.evaluation.model_folder import write_matrix
from zhiyu.evaluation.tape import is_tape
from zhiyu.evaluation.training.gather import Gathering, TrainingSet
from zhiyu.evaluation.training.matched import columns_for, compared
from zhiyu.evaluation.training.train import Recipe, Training
from zhiyu.evaluation.tuning.proof import FOLDER, Ground, prove, require_apart
from zhiyu.evaluation.tuning.search import Wish
from zhiyu.models.package import Package, hash_of, written
from zhiyu.models.scorer import Scorer
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.load import load_policy
from zhiyu.policy.model_roles import added, challenging, promoted

Told = Callable[[str, float], None]
DECIDES = "average_precision"
TAPE = ".tape"
_DATED = re.compile(r"_\d{8}(_\d+)?$")


@dataclass(frozen=True)
class Ask:
    """What to learn from, and where proposals go. `cells`: () for all. `kind`: "" for that of the champion. `percent`: propose as a
    challenger for so many, "" to take the champion's place. `later`: share of the time that is not learned from. `even`: propose too what
    may be better by chance only. `data`: the data folder of a server, whose log takes the place of `events`. `tune`: limits within which
    thresholds of rules may move with the new models, None for not at all."""

    policy: Path
    events: Path
    out: Path
    labels: Path | None = None
    label_delay: str | None = None
    source: str | None = None
    cells: tuple[str, ...] = ()
    kind: str = ""
    percent: str = ""
    by: str = ""
    later: float = 0.3
    even: bool = False
    seed: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    data: Path | None = None
    tenant: str = "default"
    tune: Wish | None = field(default_factory=Wish)


def learn(ask: Ask, told: Told = lambda what, done: None) -> dict[str, Any]:
    """Propose; returns what summary.json holds. OUT appears at once, when everything in it is written."""
    _check(ask)
    loaded = load_policy(ask.policy)
    opened = open_policy(ask.policy, all_features=True)
    cells = [cell for cell in loaded.policy.matrix if not ask.cells or cell.name in ask.cells]
    _require_cells(ask, loaded.policy)
    summary: dict[str, Any] = {
        "policy": str(ask.policy), "policy_hash": artifact_of(loaded.policy).hash, "events": str(ask.events), "cells": [], "proposals": []
    }  # fmt: skip
    with whole_folder(ask.out) as part:
        own = (
            replace(ask, events=_recorded(ask, opened, summary["policy_hash"], part / TAPE, told)) if ask.data else ask
        )
        rounds = [_Round(own, opened, cell, told) for cell in cells]
        for each in rounds:
            facts = each.propose(part / each.cell.name, summary["policy_hash"])
            summary["cells"].append(facts)
            if facts["proposed"]:
                summary["proposals"].append(each.cell.name)
        adopted = [each for each in rounds if each.adopted is not None]
        if adopted:
            summary["together"] = _together(own, adopted, part, summary["policy_hash"], told)
        shutil.rmtree(part / TAPE, ignore_errors=True)
        (part / "summary.json").write_text(_json(summary), encoding="utf-8")
    return summary


def _together(ask: Ask, rounds: list[_Round], part: Path, live_hash: str, told: Told) -> dict[str, Any]:
    """One candidate of everything that is proposed."""
    days = Days(max(each.cut_ms for each in rounds), max(each.middle_ms for each in rounds))
    adopted = [each.adopted for each in rounds if each.adopted is not None]
    facts = propose_together(part, _ground(ask, days.middle_ms), adopted, days, ask.tune, told) | {
        "policy_hash": live_hash
    }
    (part / TOGETHER / "proposal.json").write_text(_json(facts), encoding="utf-8")
    return facts


def _ground(ask: Ask, middle_ms: int) -> Ground:
    tape = ask.events if is_tape(ask.events) else None
    return Ground(
        ask.policy, ask.events, ask.labels, ask.label_delay, ask.source, tape, None, ask.tenant, middle_ms, ask.seed
    )


def _recorded(ask: Ask, opened: Opened, live_hash: str, folder: Path, told: Told) -> Path:
    """A server's log as a tape. InputError when another policy is in force there."""
    assert ask.data is not None
    kept = Kept(ask.data, ask.tenant)
    in_force = policy_in_force(kept)
    if in_force != live_hash:
        raise InputError(
            f"the policy in force there is {in_force[:12]}, the folder '{ask.policy}' holds {live_hash[:12]}; give the folder that decides",
            f"该服务的现行策略是 {in_force[:12]}，目录“{ask.policy}”是 {live_hash[:12]}；请给出现行策略的目录",
        )
    return record_log(kept, opened, folder, lambda done: told("log replay", done))


def _check(ask: Ask) -> None:
    require_apart(ask.out, ask.policy)
    if not 0.1 <= ask.later <= 0.8:
        raise InputError(
            f"--later is {ask.later}; it lies between 0.1 and 0.8", f"--later 为 {ask.later}，应在 0.1 到 0.8 之间"
        )


def _require_cells(ask: Ask, policy: Policy) -> None:
    known = [cell.name for cell in policy.matrix]
    if not known:
        raise InputError("the policy has no `matrix:` whose models could learn", "策略没有 matrix，没有可学习的模型")
    for name in ask.cells:
        if name not in known:
            hint = did_you_mean(name, known)
            listed = ", ".join(known)
            raise InputError(
                f"no cell '{name}'; {hint.en or f'there are: {listed}'}",
                f"没有单元“{name}”；{hint.zh or f'已有：{listed}'}",
            )


class _Round:
    """One cell."""

    def __init__(self, ask: Ask, opened: Opened, cell: MatrixCell, told: Told) -> None:
        self.ask, self.opened, self.cell, self.told = ask, opened, cell, told
        scored = opened.compiled.checked.features[cell.champion].scored
        assert scored is not None
        self.champion: Package = scored.package
        self.on = tuple(sorted(scored.on))
        self.cut_ms = self.middle_ms = 0
        self.adopted: Adopted | None = None

    def propose(self, target: Path, live_hash: str) -> dict[str, Any]:
        """The facts of the cell; with `target` written when there is something to propose."""
        rows = self._rows()
        cut, middle = self.cut_ms, self.middle_ms = self._cuts(rows)
        package = self._trained(rows, cut)
        comparison = compared(self.champion, package, rows.at(rows.time_ms >= cut), self.ask.seed)
        thresholds = self._thresholds(rows.at((rows.time_ms >= cut) & (rows.time_ms < middle)), package)
        line = comparison["figures"][DECIDES]
        gained, verdict = line.get("difference"), verdict_of(line)
        facts: dict[str, Any] = {
            "kind": "model", "cell": self.cell.name, "champion": self.cell.champion, "model": package.name,
            "champion_package": hash_of(self.champion), "package": hash_of(package), "policy_hash": live_hash, "comparison": comparison,
            "split": {"learned_until": _day(cut), "chosen_until": _day(middle), "judged_until": _day(int(rows.time_ms.max()))},
            "percent": self.ask.percent, "thresholds": thresholds, "verdict": verdict,
            "proposed": verdict == "better" or (self.ask.even and gained is not None and gained > 0),
        }  # fmt: skip
        if facts["proposed"]:
            facts |= self._write(target, package, thresholds, middle)
            (target / "proposal.json").write_text(_json(facts), encoding="utf-8")
            (target / "proposal.md").write_text(proposal_text(facts), encoding="utf-8")
        return facts

    def _rows(self) -> TrainingSet:
        """Labelled events of the cell whose label has matured by the newest event."""
        ask = self.ask
        gathering = Gathering(
            self.opened, ask.events, on=self.on, names=[each.name for each in self.champion.inputs], source=ask.source, labels=ask.labels,
            label_delay=ask.label_delay, seed=ask.seed, label=self.cell.label,
        )  # fmt: skip
        clock = 0
        for done in gathering.steps():
            self.told(f"{self.cell.name} replay", done)
        rows = gathering.finish()
        clock = max(gathering.clock_ms, int(rows.time_ms.max()))
        return rows.at(rows.known_ms <= clock)

    def _cuts(self, rows: TrainingSet) -> tuple[int, int]:
        if rows.n < 2:
            raise InputError(f"no label of '{self.cell.name}' has matured yet", f"“{self.cell.name}”尚无成熟标签")
        first, last = int(rows.time_ms.min()), int(rows.time_ms.max())
        cut = last - int((last - first) * self.ask.later)
        return cut, (cut + last) // 2

    def _trained(self, rows: TrainingSet, cut: int) -> Package:
        ask, settings = self.ask, dict(self.champion.trained.settings)
        calibration, _ = str(settings.pop("calibration", "platt")), settings.pop("seed", None)
        kind = ask.kind or str(self.champion.trained.data.get("fitted") or self.champion.kind)
        recipe = Recipe(
            name=self._name(rows), kind=kind, cell=f"{self.cell.stage}/{self.cell.fraud}",
            calibration=calibration, test_ms=cut, seed=ask.seed,
            groups=self.opened.policy.restraint.groups if self.opened.policy.restraint else (),
            settings=settings | ask.settings if kind not in ("logistic", "scorecard") else {},
        )  # fmt: skip
        training = Training(rows, recipe, self.opened.artifact.hash, self.on)
        for done in training.steps():
            self.told(f"{self.cell.name} train", done)
        assert training.package is not None
        return training.package

    def _name(self, rows: TrainingSet) -> str:
        """The champion's name with the day up to which there were events; with a number when that is taken."""
        taken = {model.name for model in self.opened.policy.models}
        name = base = f"{_DATED.sub('', self.cell.champion)}_{_day(int(rows.time_ms.max())).replace('-', '')}"
        number = 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        return name

    def _thresholds(self, rows: TrainingSet, package: Package) -> dict[str, dict[str, float]]:
        old: dict[str, float] = {outcome: float(value) for outcome, value in self.cell.thresholds.items()}
        if self.ask.percent or not rows.n:
            return {outcome: {"old": value, "new": value} for outcome, value in old.items()}
        one, two = (self._scores(each, rows) for each in (self.champion, package))
        new = matched_thresholds(old, one, two, rows.label, rows.weight)
        return {outcome: {"old": old[outcome], "new": new[outcome]} for outcome in new}

    @staticmethod
    def _scores(package: Package, rows: TrainingSet) -> Array:
        return Scorer(package).scores(columns_for(package, rows))

    def _write(
        self, target: Path, package: Package, thresholds: dict[str, dict[str, float]], middle: int
    ) -> dict[str, Any]:
        """The candidate folder with its backtest; what changed, in sentences."""
        ask, content = self.ask, written(package)
        shutil.copytree(ask.policy, target)
        loaded = load_policy(target)

        def change(standing: Policy) -> Policy:
            policy = added(standing, Model(name=package.name, package=content.decode()), self.cell.name)
            if ask.percent:
                return challenging(policy, package.name, ask.percent, self.cell.name, ask.by)
            return _with_thresholds(promoted(policy, package.name, self.cell.name), self.cell.name, thresholds)

        self.adopted = Adopted(self.cell.name, package.name, content, change)
        policy = change(loaded.policy)
        write_matrix(target, loaded, policy, {package.name: content})
        proof = prove(_ground(ask, middle), target, lambda done: self.told(f"{self.cell.name} backtest", done))
        return {
            "candidate_hash": artifact_of(policy).hash, "diff": proof.diff, "backtest": f"{FOLDER}/report.html",
            "frauds_stopped_more": proof.frauds, "goods_stopped_more": proof.goods,
        }  # fmt: skip


def _with_thresholds(policy: Policy, name: str, thresholds: dict[str, dict[str, float]]) -> Policy:
    new: dict[Any, str | int | float] = {outcome: f"{each['new']:g}" for outcome, each in thresholds.items()}
    matrix = tuple(
        msgspec.structs.replace(cell, thresholds=new) if cell.name == name else cell for cell in policy.matrix
    )
    return msgspec.structs.replace(policy, matrix=matrix)


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True, default=_number) + "\n"


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
