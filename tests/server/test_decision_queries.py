"""Conditions asked of decisions beside an oracle in Python: three-valued, with what is not kept as a fourth value that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.live_stream import live_opened, records
from tests.server.served import Served, payment

LINES = {"content-type": "application/x-ndjson"}
LATER = live_opened(when="spent_1d > 1500")
"""Keeps what was spent, which the version before only knows how to count."""
TRUE, FALSE, NULL, UNKNOWN = "true", "false", "null", "unknown"
FEATURES = ("seen_1h", "logins_1h", "stopped_1d", "spent_1d")


@dataclass(frozen=True)
class Seen:
    """A decision as the oracle sees it: its event, and the features it kept (None: a pass keeps none)."""

    listed: dict[str, Any]
    event: dict[str, Any]
    features: dict[str, Any] | None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Some hundred events in many frames, the last third under another version."""
    with Served(tmp_path_factory.mktemp("queried"), log_all=False) as made:
        bodies = records(5, 450)
        for at in range(0, len(bodies), 9):
            if at == 306:
                assert made.client.post("/v1/policy", content=LATER.artifact.to_json()).status_code == 200
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 9]), headers=LINES)
        yield made


@pytest.fixture(scope="module")
def everything(server: Served) -> list[Seen]:
    """Every decision, newest first, with what it kept as the explanation of decisions reads it."""
    page = server.client.get("/v1/decisions", params={"limit": 200}).json()
    listed = page["decisions"]
    while page["next"] is not None:
        page = server.client.get("/v1/decisions", params={"limit": 200, "before": page["next"]}).json()
        listed += page["decisions"]
    events = {told["id"]: told for told in map(json.loads, records(5, 450)) if told["type"] == "payment"}
    archive, found = server.site.desks["default"].live.archive, []
    for each in listed:
        line = archive._line_of(each["position"])
        assert line is not None
        note, answers, _, number = line
        values = None
        if number is not None:
            shown = answers.opened.seen_in(note.decisions, note.batch, number)[1]
            values = {name: shown[name] for name in FEATURES if name in shown}
        found.append(Seen(each, events[each["id"]], values))
    assert {seen.features is None for seen in found} == {True, False}
    return found


Truth = Callable[[Seen], str]


def compared(read: Callable[[Seen], Any], test: Callable[[Any], bool]) -> Truth:
    """Of a value that may be missing; KeyError: nobody knows it."""

    def truth(seen: Seen) -> str:
        try:
            value = read(seen)
        except KeyError:
            return UNKNOWN
        return NULL if value is None else TRUE if test(value) else FALSE

    return truth


def feature(name: str) -> Callable[[Seen], Any]:
    return lambda seen: (seen.features or {})[name]


def field(name: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.event.get(name)


def both(a: Truth, b: Truth) -> Truth:
    def truth(seen: Seen) -> str:
        found = {a(seen), b(seen)}
        return next(each for each in (FALSE, UNKNOWN, NULL, TRUE) if each in found)

    return truth


def turned(a: Truth) -> Truth:
    return lambda seen: {TRUE: FALSE, FALSE: TRUE}.get(a(seen), a(seen))


def either(a: Truth, b: Truth) -> Truth:
    return turned(both(turned(a), turned(b)))


@st.composite
def atoms(draw: st.DrawFn) -> tuple[str, Truth]:
    kind = draw(st.sampled_from(["amount", "city", "absent", "text", *FEATURES]))
    if kind == "amount":
        least = draw(st.integers(0, 600))
        return f"amount > {least}", compared(field("amount"), lambda value: value > least)
    if kind == "city":
        city = draw(st.sampled_from(["北京", "上海", "x"]))
        return f'city == "{city}"', compared(field("city"), lambda value: value == city)
    if kind == "absent":
        return "city is null", lambda seen: TRUE if seen.event.get("city") is None else FALSE
    if kind == "text":
        return 'starts_with(city, "北")', compared(field("city"), lambda value: value.startswith("北"))
    least = draw(st.integers(0, 5)) * (300 if kind == "spent_1d" else 1)
    return f"{kind} > {least}", compared(feature(kind), lambda value: float(value) > least)


def joined(parts: st.SearchStrategy[tuple[str, Truth]]) -> st.SearchStrategy[tuple[str, Truth]]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        pairs.map(lambda two: (f"({two[0][0]}) and ({two[1][0]})", both(two[0][1], two[1][1]))),
        pairs.map(lambda two: (f"({two[0][0]}) or ({two[1][0]})", either(two[0][1], two[1][1]))),
        parts.map(lambda one: (f"not ({one[0]})", turned(one[1]))),
    )


@settings(max_examples=120, deadline=None)
@given(asked=st.recursive(atoms(), joined, max_leaves=5), limit=st.sampled_from([3, 40, 200]))
def test_a_condition_finds_what_the_oracle_finds_and_says_where_it_cannot_tell(
    server: Served, everything: list[Seen], asked: tuple[str, Truth], limit: int
) -> None:
    text, truth = asked
    found, looked, unknown, before = [], 0, 0, {}
    while True:
        page = server.client.get("/v1/decisions", params={"limit": limit, "where": text, **before}).json()
        assert "decisions" in page, (text, page)
        found += page["decisions"]
        looked, unknown = looked + page["looked"], unknown + page["unknown"]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert found == [seen.listed for seen in everything if truth(seen) == TRUE], text
    assert unknown == sum(truth(seen) == UNKNOWN for seen in everything), text
    assert looked == len(everything)


def test_of_passes_alone_nothing_that_was_counted_can_be_told(tmp_path: Path) -> None:
    with Served(tmp_path, log_all=False) as server:
        assert server.decide(payment(1)).json()["outcome"] == "pass"
        page = server.client.get("/v1/decisions", params={"where": "seen_1h > 2"}).json()
        assert (page["decisions"], page["looked"], page["unknown"]) == ([], 1, 1)
        [line] = server.client.get("/v1/decisions:count", params={"where": "seen_1h > 2"}).text.splitlines()
        assert (json.loads(line)["found"], json.loads(line)["unknown"]) == (0, 1)


def test_it_is_one_filter_among_the_others(server: Served, everything: list[Seen]) -> None:
    asked = {"where": "amount > 200", "outcome": "review,decline", "limit": "200"}
    page = server.client.get("/v1/decisions", params=asked).json()
    wanted = [each.listed for each in everything if each.event["amount"] > 200]
    assert page["decisions"] == [each for each in wanted if each["outcome"] in ("review", "decline")][:200]


def test_what_is_wrong_is_said_with_its_place_and_what_was_meant(server: Served) -> None:
    for text, column, words, words_zh in (
        ("amont > 3", 1, "did you mean 'amount'", "amount"), ("amount > ", 1, "cannot read this", ""), ("amount + 1", 1, "", ""),
        ("amount > 3 and cty == 'x'", 16, "did you mean 'city'", "city"),
        ("card in watched_cards", 9, "who stood on it then is not kept", "不保存当时的名单成员"),
        ("amount > 3 and cities_1d > 1", 16, "no rule reads it", "没有规则读取它"),
        ('outcome == "decline"', 1, "unknown name 'outcome'", "outcome"),
    ):  # fmt: skip
        answer = server.client.get("/v1/decisions", params={"where": text})
        told = answer.json()
        assert (answer.status_code, told["field"]) == (422, "where"), (text, told)
        assert told["problems"][0]["column"] == column, (text, told)
        assert words in told["detail_en"], told["detail_en"]
        assert words_zh in told["detail_zh"], told["detail_zh"]
    long = server.client.get("/v1/decisions", params={"where": "amount > 1" + " or amount > 1" * 400})
    assert (long.status_code, long.json()["field"]) == (422, "where")


def test_the_vocabulary_names_what_can_be_asked(server: Served) -> None:
    asked = {each["name"] for each in server.client.get("/v1/vocabulary").json()["asked"]}
    assert {"amount", "city", "seen_1h", "spent_1d", "time"} <= asked
    assert not asked & {"cities_1d", "outcome", "fraud", "watched_cards"}
    for name in sorted(asked):
        assert server.client.get("/v1/decisions", params={"where": f"{name} is not null"}).status_code == 200, name
