"""Which decisions are asked for: the filters that the list of decisions and its counts have in common.

In: parameters of the address. Out: `Sought`, or an HttpError that names the one that cannot be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from zhiyu.base.errors import DeclarationError, did_you_mean
from zhiyu.base.limits import MAX_EXPRESSION_CHARS
from zhiyu.engine.decision_list import Sought, outcomes_of
from zhiyu.engine.decision_query import DecisionQuery
from zhiyu.engine.live import Live
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.server.problems import HttpError
from zhiyu.server.staging import aside
from zhiyu.server.timelines import code_asked, moment_told

FILTERS = (
    "type", "outcome", "rule", "reason", "min_score", "max_score", "since", "until", "differing", "of", "where",
)  # fmt: skip
"""Their names in the address."""


@dataclass(frozen=True, slots=True)
class Filters:
    """As they were asked: "" and None narrow nothing."""

    type: str
    outcome: str
    rule: str
    reason: str
    min_score: int | None
    max_score: int | None
    since: str | None
    until: str | None
    differing: bool
    of: str
    where: str


def _asked(
    type: Annotated[str, Query(description="Event types, separated by commas.", max_length=400)] = "",
    outcome: Annotated[str, Query(description="Outcomes as decided, separated by commas.", max_length=100)] = "",
    rule: Annotated[str, Query(description="A rule that hit, in shadow too.", max_length=200)] = "",
    reason: Annotated[str, Query(description="A reason code.", max_length=200)] = "",
    min_score: Annotated[int | None, Query(description="At least this score.")] = None,
    max_score: Annotated[int | None, Query(description="At most this score.")] = None,
    since: Annotated[str | None, Query(description="Event time from then on: ISO-8601, or ms.", max_length=40)] = None,
    until: Annotated[str | None, Query(description="Event time before then.", max_length=40)] = None,
    differing: Annotated[bool, Query(description="Only where something else was done than decided.")] = False,
    of: Annotated[str, Query(description="About this: entity:value, or entity:code:HEX.", max_length=500)] = "",
    where: Annotated[
        str, Query(description="A condition in the language of rules.", max_length=MAX_EXPRESSION_CHARS)
    ] = "",
) -> Filters:
    return Filters(type, outcome, rule, reason, min_score, max_score, since, until, differing, of, where)


Asked = Annotated[Filters, Depends(_asked)]
"""The parameter of a route that takes them."""


async def sought_of(live: Live, filters: Filters) -> Sought:
    """HttpError 422 with the field that cannot be."""
    return Sought(
        _types(live, filters.type), _outcomes(filters.outcome), filters.rule, filters.reason, filters.min_score, filters.max_score,
        moment_told(filters.since, "since"), moment_told(filters.until, "until"), filters.differing, _of(live, filters.of),
        await _where(live, filters.where),
    )  # fmt: skip


def _types(live: Live, text: str) -> frozenset[str]:
    names = [each for each in text.split(",") if each]
    known = [event.name for event in live.opened.compiled.schema.types]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise HttpError(
                422, "type", f"the policy has no such event type; {hint.en or 'GET /v1/vocabulary lists them'}".rstrip("; "),
                f"策略中没有该事件类型；{hint.zh or '可用 GET /v1/vocabulary 查看'}".rstrip("；"), "type",
            )  # fmt: skip
    return frozenset(names)


def _outcomes(text: str) -> frozenset[int]:
    try:
        return outcomes_of(text)
    except KeyError:
        known = ", ".join(OUTCOMES)
        raise HttpError(422, "outcome", f"outcomes are {known}", f"结果应为：{known}", "outcome") from None


async def _where(live: Live, text: str) -> DecisionQuery | None:
    """HttpError 422 with every finding: where it is, what is wrong, what was meant."""
    if not text.strip():
        return None
    try:
        return await aside(lambda: DecisionQuery(text, live.opened))
    except DeclarationError as wrong:
        first = wrong.problems[0]
        hint, hint_zh = first.suggestion, first.suggestion_zh or first.suggestion
        raise HttpError(
            422, "where", f"character {first.place.column}: {first.en}" + (f"; {hint}" if hint else ""),
            f"第 {first.place.column} 个字符：{first.zh}" + (f"；{hint_zh}" if hint_zh else ""), "where", problems=wrong.problems,
        ) from None  # fmt: skip


def _of(live: Live, text: str) -> tuple[str, int] | None:
    entity, colon, value = text.partition(":")
    if not text:
        return None
    if not colon or not value:
        raise HttpError(422, "of", "is entity:value, or entity:code:HEX", "应为 实体:值 或 实体:code:HEX", "of")
    return entity, code_asked(live, entity, value)
