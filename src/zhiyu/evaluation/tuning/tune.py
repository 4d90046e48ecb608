"""Tuning from end to end: a policy folder and a file of events to a folder of proposals. The live folder is only read.

In: `Request`. Out: DIR/proposal-1 … (whole candidate policies with proposal.md, proposal.json and a backtest) and DIR/summary.json. The
folder appears at once, when everything in it is written. Each proposal is a policy folder like any other: `zhiyu check`, `replay`, `diff`
and `backtest` take it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError, Problem, ZhiyuError
from zhiyu.base.places_on_disk import whole_folder
from zhiyu.base.windows import say_duration
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.backtest_files import PAGE
from zhiyu.evaluation.tape import is_tape
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import NewRule, OtherThreshold
from zhiyu.evaluation.tuning.collect import MAX_ROWS, observe
from zhiyu.evaluation.tuning.folder import Written, write_candidate
from zhiyu.evaluation.tuning.into_flow import flow_of
from zhiyu.evaluation.tuning.measure import Figures
from zhiyu.evaluation.tuning.observed import Evaluator, Observed
from zhiyu.evaluation.tuning.parts import Parts, said_time, split
from zhiyu.evaluation.tuning.proof import FOLDER, Ground, Proof, prove, require_apart
from zhiyu.evaluation.tuning.search import Candidate, Found, Search, Wish
from zhiyu.evaluation.tuning.trees import tree_class
from zhiyu.evaluation.tuning.words import FORMULA, proposal_text
from zhiyu.policy.load import Loaded, load_policy

ALIKE = 1e-6
LOOKED_AT = 20
"""Candidates that the summary names."""


@dataclass(frozen=True)
class Request:
    """What to tune, on what, and where proposals go. `wish.by_money` holds where the policy has a money field. `begins_ms`, `cut_ms`: find
    from then on, and measure from then on, whatever `train_share` says. `events` may be a feature tape."""

    policy: Path
    events: Path
    out: Path
    labels: Path | None = None
    label_delay: str | None = None
    source: str | None = None
    train_share: float = 0.7
    rows: int = MAX_ROWS
    wish: Wish = field(default_factory=Wish)
    tenant: str = "default"
    tape: Path | None = None
    lists: Path | None = None
    begins_ms: int | None = None
    cut_ms: int | None = None


def tune(request: Request, told: Callable[[str, float], None] = lambda what, done: None) -> dict[str, Any]:
    """Propose; returns what summary.json holds. `told` hears what is being done, and how much of it."""
    _check(request)
    tree_class()
    loaded = load_policy(request.policy)
    opened = open_policy(request.policy, request.tenant, all_features=True)
    o = observe(
        opened, request.events, source=request.source, labels=request.labels, label_delay=request.label_delay, seed=request.wish.seed,
        most=request.rows, told=lambda done: told("replay", done), tape=request.tape, lists=request.lists,
    )  # fmt: skip
    parts = split(o, request.train_share, request.begins_ms, request.cut_ms)
    wish = request.wish if opened.currency else _counting(request.wish)
    checked = opened.report.require()
    again = Again(Evaluator(o, checked, opened.codes.one))
    search = Search(again, parts, wish)
    found = search.run(lambda done: told("search", done))
    summary = _summary(request, o, parts, search, found, opened.currency, opened.artifact.hash)
    _write(request, search, found, loaded, summary, lambda done: told("backtest", done))
    return summary


def _counting(wish: Wish) -> Wish:
    return replace(wish, by_money=False)


def _check(request: Request) -> None:
    require_apart(request.out, request.policy)
    if not 0.1 <= request.train_share <= 0.9:
        raise InputError(
            f"--train-share is {request.train_share}; it lies between 0.1 and 0.9",
            f"--train-share 为 {request.train_share}，应在 0.1 到 0.9 之间",
        )


def _summary(
    request: Request, o: Observed, parts: Parts, search: Search, found: Found, currency: str, policy_hash: str
) -> dict[str, Any]:
    def line(each: Candidate) -> dict[str, Any]:
        later = each.later.to_dict() if each.later else None
        return {"change": each.change.text, "why_not": each.why, "earlier": each.earlier.to_dict(), "later": later}

    live = search.live
    return {
        "policy": str(request.policy), "policy_hash": policy_hash, "events": str(request.events), "decisions": o.seen, "rows": o.n,
        "sampled": bool(o.n < o.seen), "label_delay": say_duration(o.delay_ms) if o.delay_ms else "0s",
        "split": {"earlier": parts.earlier.to_dict(), "later": parts.later.to_dict(), "cut": said_time(parts.cut_ms)},
        "currency": currency, "by_money": search.wish.by_money, "limits": search.wish.limits.to_dict(), "formula": FORMULA["en"],
        "seed": search.wish.seed, "live": {"earlier": _whole(live[0]), "later": _whole(live[1])},
        "live_breaks": [
            f"{name} {value:.6g} (limit {limit:g})" for f in live for name, value, limit in search.wish.limits.broken(f)
        ],
        "tried": found.tried, "pool": [each.change.text for each in found.pool], "proposals": [],
        "left_out": [line(each) for each in found.left_out][:LOOKED_AT], "nearest": [line(each) for each in found.nearest],
        "notes": [{"en": en, "zh": zh} for en, zh in search.notes],
    }  # fmt: skip


def _whole(f: Figures) -> dict[str, float]:
    """The live policy as it is."""
    s = f.sums
    return {
        "decisions": s["decisions"], "frauds": s["frauds"], "fraud_money": s["fraud_money"], "frauds_stopped": s["stopped_frauds"],
        "goods_stopped": s["stopped_goods"], "reviews_per_day": f.reviews_per_day, "good_hurt_share": f.good_hurt_share,
        "approval_rate": f.approval_rate,
    }  # fmt: skip


def _ground(request: Request, search: Search) -> Ground:
    tape = request.events if is_tape(request.events) else request.tape
    return Ground(
        request.policy, request.events, request.labels, request.label_delay, request.source, tape, request.lists, request.tenant,
        search.parts.cut_ms, request.wish.seed,
    )  # fmt: skip


def _write(
    request: Request, search: Search, found: Found, loaded: Loaded, summary: dict[str, Any], told: Callable[[float], None]
) -> None:  # fmt: skip
    with whole_folder(request.out) as part:
        for candidate in found.kept:
            number = len(summary["proposals"]) + 1
            target = part / f"proposal-{number}"
            try:
                done = write_candidate(request.policy, target, candidate.change, search.again, loaded)
                proof = prove(_ground(request, search), target, told)
                _require_alike(candidate, proof, search, summary)
            except ZhiyuError as wrong:
                shutil.rmtree(target, ignore_errors=True)
                summary["notes"].append(
                    {"en": f"{candidate.change.text}: {wrong.en}", "zh": f"{candidate.change.text}：{wrong.zh}"}
                )
                continue
            facts = _facts(number, candidate, done, search, summary) | {
                "diff": proof.diff,
                "backtest": f"{FOLDER}/{PAGE}",
            }
            (target / "proposal.json").write_text(_json(facts), encoding="utf-8")
            (target / "proposal.md").write_text(proposal_text(facts), encoding="utf-8")
            summary["proposals"].append({"folder": target.name, **facts})
        (part / "summary.json").write_text(_json(summary), encoding="utf-8")


def _require_alike(candidate: Candidate, proof: Proof, search: Search, summary: dict[str, Any]) -> None:
    """InputError when the whole engine decides otherwise than the search had measured: a flow may turn a changed rule another way. Not
    asked where goods were sampled, or where decisions come back as facts."""
    later = candidate.later
    if later is None or summary["sampled"] or search.again.evaluator.checked.policy.feedback.decisions:
        return
    frauds = later.sums["caught"] - later.sums["freed_frauds"]
    if abs(proof.frauds - frauds) > ALIKE or abs(proof.goods - later.hurt) > ALIKE:
        raise InputError(
            f"left out: measured {frauds:,.0f} more frauds and {later.hurt:,.0f} more goods stopped, but the whole policy stops "
            f"{proof.frauds:,.0f} and {proof.goods:,.0f} more",
            f"未采用：测得新增拦截欺诈 {frauds:,.0f}、正常 {later.hurt:,.0f}，而整个策略实际新增 {proof.frauds:,.0f}、{proof.goods:,.0f}",
        )


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _facts(number: int, candidate: Candidate, done: Written, search: Search, summary: dict[str, Any]) -> dict[str, Any]:
    change, again = candidate.change, search.again
    outcome, hits = change.decide(again)
    later = candidate.later
    assert later is not None
    overlap = {
        rule.rule.name: round(search.later.overlap(hits, again.truth[n]), 4) for n, rule in enumerate(again.rules)
    }
    for spot in getattr(change, "spots", ()):
        overlap.pop(again.rules[spot.rule].rule.name, None)
    return {
        "number": number, "kind": _kind(candidate), "text": change.text, "change": _described(candidate), "places": list(done.places),
        "sentence": {"en": done.sentences[0], "zh": done.sentences[1]},
        "earlier": candidate.earlier.to_dict(), "later": later.to_dict(),
        "intervals": {"earlier": search.earlier.intervals(outcome, hits), "later": search.later.intervals(outcome, hits)},
        "overlap": overlap, "warnings": [_in_folder(p).text() for p in done.report.warnings],
        "remarks": _remarks(candidate, search, summary),
        **{name: summary[name] for name in ("split", "label_delay", "currency", "by_money", "limits", "formula", "policy_hash")},
    }  # fmt: skip


def _in_folder(problem: Problem) -> Problem:
    """The same with the file's name alone."""
    return replace(problem, place=replace(problem.place, file=Path(problem.place.file).name))


def _kind(candidate: Candidate) -> str:
    change = candidate.change
    return "rule" if isinstance(change, NewRule) else "threshold" if isinstance(change, OtherThreshold) else "constant"


def _described(candidate: Candidate) -> dict[str, Any]:
    change = candidate.change
    if isinstance(change, NewRule):
        return {"event_type": change.event_type, "when": change.when, "outcome": change.outcome}
    if isinstance(change, OtherThreshold):
        return {
            "rule_set": change.set_name,
            "number": change.number,
            "outcome": change.outcome,
            "old": change.old,
            "score": change.score,
        }
    return {
        "rule_set": change.set_name,
        "rules": list(change.rules),
        "name": change.name,
        "sign": change.sign,
        "old": change.old,
        "literal": change.literal,
    }


def _remarks(candidate: Candidate, search: Search, summary: dict[str, Any]) -> list[dict[str, str]]:
    """What a reader must know before signing."""
    found = []
    policy, later = search.again.evaluator.checked.policy, candidate.later
    if _kind(candidate) == "constant":
        found.append({
            "en": "Names and wordings of the rules were left as they are: see whether they still say what the rule does.",
            "zh": "规则的名称与说明未改动：请检查是否仍与规则一致。",
        })  # fmt: skip
    if later and later.rank < candidate.earlier.rank / 2:
        found.append({
            "en": "On the later part it is worth less than half of what it was worth where it was found: the pattern may be fading.",
            "zh": "检验期的排序值不到发现期的一半：该模式可能正在消退。",
        })  # fmt: skip
    if search.later.days < 10:
        found.append({
            "en": f"The later part has {search.later.days} days: the intervals, drawn over days, say little.",
            "zh": f"检验期只有 {search.later.days} 天：按天重抽样的区间参考价值有限。",
        })  # fmt: skip
    if isinstance(candidate.change, NewRule) and flow_of(policy, candidate.change.event_type) is not None:
        name = policy.flows[flow_of(policy, candidate.change.event_type) or 0].name
        found.append({
            "en": f"The rule was put into flow '{name}' before every end milder than '{candidate.change.outcome}'.",
            "zh": f"新规则已加入流程“{name}”，位于每个轻于“{candidate.change.outcome}”的终点之前。",
        })  # fmt: skip
    if policy.feedback.decisions:
        found.append({
            "en": "Features count our own decisions, which this change alters: replay the folder to see the whole effect.",
            "zh": "特征会统计自身决策，而本建议会改变决策：请回放该目录以查看完整影响。",
        })  # fmt: skip
    if summary["sampled"]:
        found.append({
            "en": f"Measured on {summary['rows']:,} of {summary['decisions']:,} decisions (goods thinned, with weights).",
            "zh": f"在 {summary['decisions']:,} 个决策中的 {summary['rows']:,} 个上测得（正常决策按权重抽样）。",
        })  # fmt: skip
    return found
