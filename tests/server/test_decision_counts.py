"""What a query finds, counted by the server, beside paging through the list and counting in Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.live_stream import live_opened, records
from tests.server.served import Served
from zhiyu.engine import decision_count
from zhiyu.engine.decision_count import DecisionCount
from zhiyu.engine.decision_list import Sought
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.server import decision_counts
from zhiyu.server.decision_counts import counted

LATER = live_opened(when="spent_1d > 1500")
EIGHT = timezone(timedelta(hours=8))
Row = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Some hundred events in many frames, the last third under another version."""
    with Served(tmp_path_factory.mktemp("counted"), log_all=False) as made:
        bodies = records(11, 450)
        for at in range(0, len(bodies), 9):
            if at == 306:
                assert made.client.post("/v1/policy", content=LATER.artifact.to_json()).status_code == 200
            lines = {"content-type": "application/x-ndjson"}
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 9]), headers=lines)
        yield made


@pytest.fixture(scope="module")
def everything(server: Served) -> list[Row]:
    """Every decision, newest first."""
    return paged(server, {})[0]


def paged(server: Served, asked: dict[str, Any]) -> tuple[list[Row], int, int]:
    """What the list finds, page by page; how many it looked at, and could not tell."""
    found, before = list[Row](), dict[str, int]()
    looked = unknown = 0
    while True:
        page = server.client.get("/v1/decisions", params={"limit": 200, **asked, **before}).json()
        found, looked, unknown = found + page["decisions"], looked + page["looked"], unknown + page["unknown"]
        if page["next"] is None:
            return found, looked, unknown
        before = {"before": page["next"]}


def told(server: Served, **asked: Any) -> Row:
    """The last line of a count."""
    answer = server.client.get("/v1/decisions:count", params=asked)
    assert answer.headers["content-type"] == "application/x-ndjson", answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {line["kind"] for line in lines[:-1]} <= {"progress"}
    assert lines[-1].pop("kind") == "counted"
    return dict(lines[-1])


def naive(rows: list[Row], names: dict[str, list[str]]) -> dict[str, tuple[int, dict[str, int]]]:
    """By name: how many rows have it, and their money per currency; `names`: of every row, by its id."""
    n, money = Counter[str](), defaultdict[str, Counter[str]](Counter)
    for row in rows:
        for name in set(names[row["id"]]):
            n[name] += 1
            if row["amount"] is not None:
                money[name][row["amount"]["currency"]] += row["amount"]["minor"]
    return {name: (n[name], dict(money[name])) for name in n}


def lines_of(part: Row, name: str = "name") -> dict[str, tuple[int, dict[str, int]]]:
    """What was told, in the same form."""
    assert [line["n"] for line in part["lines"]] == sorted((line["n"] for line in part["lines"]), reverse=True)
    return {
        line[name]: (line["n"], {each["currency"]: each["minor"] for each in line["money"]}) for line in part["lines"]
    }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_counts_are_what_paging_and_counting_gives(server: Served, everything: list[Row], data: st.DataObject) -> None:
    some = data.draw(st.sampled_from(everything))
    choices = {
        "outcome": ",".join(data.draw(st.sets(st.sampled_from(OUTCOMES), min_size=1, max_size=3))),
        "rule": data.draw(st.sampled_from(["large", "many", "watched", "none"])),
        "reason": data.draw(st.sampled_from([*(some["reasons"] or ["NONE"]), "NONE"])),
        "min_score": some["score"], "max_score": some["score"], "since": some["time"], "until": some["time"], "differing": "true",
        "of": f"card:code:{some['subjects'][0]['code']}",
        "where": data.draw(st.sampled_from(["amount > 200", "seen_1h > 2", 'city == "北京" or spent_1d > 500', "city is null"])),
    }  # fmt: skip
    asked = {name: choices[name] for name in data.draw(st.sets(st.sampled_from(sorted(choices)), max_size=3))}
    rows, looked, unknown = paged(server, asked)
    found = told(server, **asked, offset="+08:00")
    assert (found["found"], found["looked"], found["unknown"]) == (len(rows), looked, unknown), asked
    for part, of in (
        ("outcomes", lambda row: [row["outcome"]]), ("types", lambda row: [row["type"]]),
        ("rules", lambda row: row["rules"] + row["shadow"]), ("reasons", lambda row: row["reasons"]),
    ):  # fmt: skip
        wanted = naive(rows, {row["id"]: of(row) for row in rows})
        assert lines_of(found[part]) == wanted, (part, asked)
        assert found[part]["others"] == 0
    everybody = naive(rows, {row["id"]: ["all"] for row in rows})
    assert {each["currency"]: each["minor"] for each in found["money"]} == (everybody["all"][1] if rows else {})
    require_subjects(rows, found)
    require_times(rows, found)


def require_subjects(rows: list[Row], found: Row) -> None:
    """Of each entity the largest, with what may be shown of them, as the list shows it."""
    shown = {(each["entity"], each["code"]): each["shown"] for row in rows for each in row["subjects"]}
    told_entities = {part["entity"] for part in found["subjects"]}
    assert told_entities == {entity for entity, _ in shown}
    assert found["full"] is False
    for part in found["subjects"]:
        entity = part["entity"]
        assert part["fields"] == sorted(
            {each["field"] for row in rows for each in row["subjects"] if each["entity"] == entity}
        )
        names = {row["id"]: [each["code"] for each in row["subjects"] if each["entity"] == entity] for row in rows}
        wanted, lines = naive(rows, names), lines_of(part, "code")
        assert len(lines) + part["others"] == len(wanted)
        assert lines.items() <= wanted.items()
        assert min(n for n, _ in lines.values()) >= max(
            (n for code, (n, _) in wanted.items() if code not in lines), default=0
        )
        assert all(line["shown"] == shown[entity, line["code"]] for line in part["lines"])


def require_times(rows: list[Row], found: Row) -> None:
    """The first, the last, and how many in each hour or day of the zone, with the empty ones between."""
    times = sorted(datetime.fromisoformat(row["time"]) for row in rows)
    if not times:
        assert (found["first"], found["last"], found["bars"]) == (None, None, [])
        return
    assert [datetime.fromisoformat(found[name]) for name in ("first", "last")] == [times[0], times[-1]]
    hourly = times[-1] - times[0] <= timedelta(hours=48)
    assert found["step"] == ("hour" if hourly else "day")
    begins = [time.astimezone(EIGHT).replace(minute=0, second=0, microsecond=0) for time in times]
    if not hourly:
        begins = [time.replace(hour=0) for time in begins]
    bars = [(datetime.fromisoformat(bar["at"]), bar["n"]) for bar in found["bars"]]
    assert {at: n for at, n in bars if n} == Counter(begins)
    assert {later[0] - at[0] for at, later in pairwise(bars)} <= {timedelta(hours=1 if hourly else 24)}
    assert found["earlier"] == 0


def test_what_cannot_be_names_its_field(server: Served) -> None:
    for name, value in (
        ("type", "paymnet"), ("outcome", "no"), ("of", "card"), ("since", "yesterday"), ("until", "-"), ("min_score", "x"),
        ("where", "amont > 3"), ("offset", "480"), ("offset", "+25:00"), ("limit", "5"), ("before", "5"), ("colour", "red"),
    ):  # fmt: skip
        answer = server.client.get("/v1/decisions:count", params={name: value})
        unknown = name in ("limit", "before", "colour")
        assert (answer.status_code, answer.json().get("field")) == (400 if unknown else 422, name), answer.text
        assert all(answer.json()[words] for words in ("detail_en", "detail_zh"))
    wrong = server.client.get("/v1/decisions:count", params={"where": "amount > 3 and cty == 'x'"}).json()
    assert wrong["problems"][0]["column"] == 16


def test_who_comes_after_the_room_is_full_is_left_out_and_the_others_are_exact(
    server: Served, everything: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_count, "MAX_SUBJECTS", 3)
    found = told(server)
    assert found["full"] is True
    whole = {part["entity"]: lines_of(part, "code") for part in found["subjects"]}
    assert sum(len(lines) for lines in whole.values()) == 3
    for entity, lines in whole.items():
        names = {
            row["id"]: [each["code"] for each in row["subjects"] if each["entity"] == entity] for row in everything
        }
        assert lines.items() <= naive(everything, names).items()


def test_progress_is_told_at_most_twice_a_second_and_the_last_line_is_the_count(server: Served) -> None:
    live = server.site.desks["default"].live
    counting = Slowly(live.archive.count(Sought(), live.position, 0))
    lines = server.run(all_of(server, counting))
    assert [line["kind"] for line in lines[:-1]] == ["progress"] * (len(lines) - 1)
    assert [line["done"] for line in lines[:-1]] == sorted(line["done"] for line in lines[:-1])
    assert lines[-1]["kind"] == "counted"
    assert lines[-1] == {"kind": "counted"} | told(server)


def test_who_closes_the_connection_ends_the_count_and_only_so_many_run_at_a_time(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def endless(counting: DecisionCount, seconds: float) -> bool:
        asked.append(counting)
        return True

    monkeypatch.setattr(decision_counts, "MAX_COUNTS", 1)
    monkeypatch.setattr(decision_counts, "_SAY_S", 0.0)
    monkeypatch.setattr(DecisionCount, "piece", endless)
    with server.client.stream("GET", "/v1/decisions:count") as answer:
        lines = answer.iter_lines()  # kept: an iterator that is dropped closes the connection
        assert json.loads(next(lines)) == {"kind": "progress", "done": 0.0, "found": 0}
        refused = server.client.get("/v1/decisions:count")
        assert (refused.status_code, refused.json()["code"]) == (429, "counts")
        assert refused.headers["retry-after"]
    monkeypatch.undo()
    monkeypatch.setattr(decision_counts, "MAX_COUNTS", 1)
    while (again := server.client.get("/v1/decisions:count")).status_code == 429:
        pass
    assert json.loads(again.text.splitlines()[-1])["kind"] == "counted"
    assert len(set(asked)) == 1, "the one that was refused did not begin"


def test_a_count_says_why_it_ended_when_the_server_stops(tmp_path: Any) -> None:
    with Served(tmp_path, log_all=False) as server:
        server.client.post("/v1/decisions", content=records(1, 1)[0])
        live = server.site.desks["default"].live
        counting = Slowly(live.archive.count(Sought(), live.position, 0))
        server.site.stopping.set()
        [line] = server.run(all_of(server, counting))
        assert line["kind"] == "failed"
        assert line["en"]
        assert line["zh"]


class Slowly:
    """A count, one step a piece."""

    def __init__(self, counting: DecisionCount) -> None:
        self._counting = counting
        self.told = counting.told

    def piece(self, seconds: float) -> bool:
        """The next step."""
        return self._counting.piece(0.0)

    @property
    def done(self) -> float:
        """As the count says."""
        return self._counting.done

    @property
    def found(self) -> int:
        """As the count says."""
        return self._counting.found


async def all_of(server: Served, counting: Any) -> list[Row]:
    """Every line."""
    lines = counted(server.site, server.site.desks["default"], counting)
    return [line async for line in lines]
