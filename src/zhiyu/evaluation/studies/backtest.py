"""Two versions of a policy over what a server decided: the facts of a study, and its page.

In: what a data folder keeps, two hashes, a span. Out: the sentences, figures, days, rules, and the changed decisions with most money, each
with the sentence of both versions; and the page of `zhiyu backtest`. Everything is told in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.backtest_page import page
from zhiyu.evaluation.backtested import Backtested
from zhiyu.evaluation.compare_figures import FIGURES
from zhiyu.evaluation.examples import Example
from zhiyu.evaluation.log_backtest import compared_on_log, told
from zhiyu.evaluation.span import Span
from zhiyu.log.list_journal import said_time

RULES = 200
"""Rules that are told, those that moved most first."""


def backtest_study(
    kept: Kept, versions: tuple[str, str], span: Span, say: Callable[[float], object]
) -> tuple[dict[str, Any], str]:
    """(facts, page). InputError when a version is not kept or nothing lies in the span."""
    live, candidate = kept.policy(versions[0]), kept.policy(versions[1])
    found = compared_on_log(kept, live, candidate, span, say)
    found.events = ""  # where the log lies is nobody's business who reads the page
    return facts_of(found, live, candidate), page(found)


def facts_of(found: Backtested, live: Opened, candidate: Opened) -> dict[str, Any]:
    """One JSON object. Money in minor units of `currency`."""
    whole, words = found.to_dict(), _rule_words(live) | _rule_words(candidate)
    names = ("live", "candidate", "from", "until", "mcnemar", "days", "apart", "cannot_be_judged", "held", "records")
    waits = bool(live.compiled.waits or candidate.compiled.waits)
    return {
        **told(found, waits), **{name: whole[name] for name in names},
        "said": [{"name": each.name, "kind": each.kind, "better": each.better, "en": each.en, "zh": each.zh} for each in FIGURES],
        "rules": [{**rule, **words.get(rule["rule"], {})} for rule in whole["rules"][:RULES]], "rules_of": len(whole["rules"]),
        "examples": [_example(each) for each in found.examples],
    }  # fmt: skip


def _rule_words(opened: Opened) -> dict[str, dict[str, str]]:
    rules = (each.rule for each in opened.compiled.rule_order)
    return {each.name: {"en": each.en or each.name, "zh": each.zh or each.en or each.name} for each in rules}


def _example(example: Example) -> dict[str, Any]:
    sides = {}
    for name, side in (("live", example.live), ("candidate", example.candidate)):
        sides[name] = {"outcome": side.outcome, "en": side.sentence("en"), "zh": side.sentence("zh")}
    return {
        "id": example.event_id, "time": said_time(example.time_ms), "money": example.money,
        "label": {1: "fraud", 0: "good"}.get(example.label), **sides,
    }  # fmt: skip
