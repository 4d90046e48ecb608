"""Services live: the final decision in the answer to the request, the waiting state past the deadline, the same from the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.outside.wire import HERE, Wire, ok
from tests.policy.test_golden import GOLDEN
from tests.server.served import Served
from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.verify import Verifier
from zhiyu.outside.asking import Asker
from zhiyu.outside.http import Failed, Reply
from zhiyu.policy.load import load_texts

KEY = b"0123456789abcdef"
OPENED = open_policy(GOLDEN / "calls_words", key=KEY)
ID_NUMBER = "11010519491231002X"
SLOW = (("timeout: 200ms", "timeout: 60s"), ("timeout: 500ms", "timeout: 60s"), ("budget: 800ms", "budget: 60s"))
NOW = 1_772_445_600_000


def serving(folder: Path, wire: Wire, opened: Opened = OPENED, now: Callable[[], int] = lambda: NOW) -> Served:
    """A server whose services say what `wire` says."""
    endpoints = {"bureau": HERE, "lenders_query": HERE}
    return Served(
        folder, makes=lambda: Live(folder / "default", opened, now=now), asker=lambda: Asker(endpoints, wire.send)
    )


def application(name: str, **changes: Any) -> dict[str, Any]:
    event = {
        "type": "application",
        "id": name,
        "time": "2026-03-02T10:00:00Z",
        "customer": name,
        "id_number": ID_NUMBER,
    }
    return event | {"amount": "500.00"} | changes


def apply(server: Served, name: str, headers: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    told = server.client.post("/v1/decisions", json=application(name, **changes), headers=headers)
    assert told.status_code == 200, told.text
    content: dict[str, Any] = told.json()
    return content


def begun(server: Served, name: str) -> None:
    """An application whose sender does not wait for what it comes to."""
    assert server.client.post("/v1/events", json=application(name)).json()["taken"] == 1
    assert server.client.get(f"/v1/decisions/{name}").json()["waiting"]["call"] == "lenders_query"


def version(*changes: tuple[str, str]) -> Opened:
    """The same policy with other words."""
    text = (GOLDEN / "calls_words" / "policy.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return open_policy(load_texts({"policy.yaml": text.encode()}).policy, key=KEY)


def test_the_final_decision_comes_in_the_same_answer(tmp_path: Path) -> None:
    wire = Wire(lenders=[ok(count=2)], score=[ok(points=700, ratio=0.25, limit="5000.00", grades=["b"])])
    with serving(tmp_path, wire) as server:
        told = apply(server, "a1")
        assert (told["outcome"], told["enforced"], told["type"]) == ("pass", "pass", "application")
        assert "waiting" not in told
        calls = {each["service"]: each for each in told["calls"]}
        assert calls["lenders_query"]["told"] == {"lenders": 2}
        assert calls["bureau"]["told"] == {
            "points": 700,
            "debt_ratio": "0.2500",
            "bureau_limit": "5000.00",
            "grade": "b",
        }
        assert (calls["bureau"]["cost"], calls["bureau"]["outcome"], calls["bureau"]["cached"]) == (
            "2.00",
            "answered",
            False,
        )
        assert wire.asked == [
            ("lenders", {"id_number": ID_NUMBER}),
            ("score", {"loan": {"amount": 500.0}, "person": {"id": ID_NUMBER}, "product": "cash"}),
        ]
        again = apply(server, "a1")
        assert again.pop("repeated")
        assert again == told
        assert server.client.get("/v1/decisions/a1").json() == told
        why = server.client.get("/v1/decisions/a1/explanation").json()
        assert [each["service"] for each in why["calls"]] == ["bureau", "lenders_query"]
        assert (why["type"], why["outcome"]) == ("application", "pass")
        assert len(wire.asked) == 2, "nothing was asked again"
        metrics = server.client.get("/metrics").text
        assert 'zhiyu_service_calls_total{end="answered",service="bureau",tenant="default"} 1.0' in metrics
        assert 'zhiyu_service_cost_total{currency="CNY",service="bureau",tenant="default"} 2.0' in metrics
        log = server.log.getvalue()
    assert ID_NUMBER not in log
    whole = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert ID_NUMBER.encode() not in whole, "what was sent is written nowhere"


def test_the_dear_question_is_asked_only_where_the_cheap_one_did_not_decide(tmp_path: Path) -> None:
    wire = Wire(lenders=[ok(count=9)], score=[ok(points=700)])
    with serving(tmp_path, wire) as server:
        told = apply(server, "a1")
        assert (told["outcome"], told["rules"]) == ("decline", ["many_lenders"])
        assert [each["service"] for each in told["calls"]] == ["lenders_query"]
        for name in ("a2", "a3"):
            apply(server, name, customer="a1")
        assert [path for path, _ in wire.asked] == ["lenders"] * 2, "what rules decide costs nothing"


def test_a_service_that_cannot_be_asked_leads_where_the_policy_says(tmp_path: Path) -> None:
    wire = Wire(lenders=[Failed("down")], score=[Reply(200, b"<html>")])
    with serving(tmp_path, wire) as server:
        told = apply(server, "a1")
        assert (told["outcome"], told["waiting"]["node"]) == ("review", "by_hand")
        ends = {each["service"]: (each["outcome"], each["told"]) for each in told["calls"]}
        assert ends == {"lenders_query": ("refused", {}), "bureau": ("invalid", {"points": 600})}
        waiting = server.client.get("/v1/decisions/a1").json()
        assert waiting == told, "it waits for a person now"
        verdict = {"type": "verdict", "id": "v1", "time": "2026-03-02T10:00:00Z", "about": "a1", "released": True}
        assert server.client.post("/v1/decisions", json=verdict).json()["answer"] == "taken"
        final = server.client.get("/v1/decisions/a1").json()
        assert (final["outcome"], len(final["calls"]), final.get("waiting")) == ("pass", 2, None)


def test_past_the_deadline_the_caller_is_told_that_it_waits(tmp_path: Path) -> None:
    wire = Wire(lenders=["hang"], score=["hang"])
    with serving(tmp_path, wire, version(*SLOW)) as server:
        told = apply(server, "a1", {"zhiyu-deadline-ms": "4000"})
        assert (told["outcome"], told["waiting"]["call"], told["waiting"]["node"]) == (
            "delay",
            "lenders_query",
            "outside",
        )
        assert server.client.get("/v1/decisions/a1").json() == told


def test_a_batch_is_told_the_finals_too(tmp_path: Path) -> None:
    wire = Wire(lenders=[ok(count=2)], score=[ok(points=450), ok(points=700)])
    with serving(tmp_path, wire) as server:
        events = [application("a1"), application("a2", amount="600"), {"type": "application"}]
        told = server.client.post("/v1/decisions:batch", json=events).json()["answers"]
        assert [each.get("outcome") for each in told] == ["review", "pass", None]
        assert len(told[0]["calls"]) == 2


def test_what_the_log_says_without_asking_anybody(tmp_path: Path) -> None:
    wire = Wire(lenders=[ok(count=2), Failed("x")], score=[ok(points=700), ok(points=450), Failed("x")])
    with serving(tmp_path, wire) as server:
        told = [apply(server, f"a{number}") for number in range(4)]
        asked = len(wire.asked)
    with serving(tmp_path, wire) as server:  # decided again from nothing, and compared with what was noted
        assert [server.client.get(f"/v1/decisions/a{number}").json() for number in range(4)] == told
        assert len(wire.asked) == asked
    given = {each["receipt"]: each for each in told}
    verifier = Verifier(Kept(tmp_path, "default", KEY))
    found = verifier.receipts([Receipt.parse(each) for each in given], given)
    assert [each.status for each in found.verdicts] == ["holds"] * 4, "the receipt of a final is one"
    milder = {receipt: each | {"outcome": "pass", "score": 7} for receipt, each in given.items()}
    found = Verifier(Kept(tmp_path, "default", KEY)).receipts([Receipt.parse(each) for each in given], milder)
    assert {each.status for each in found.verdicts} == {"altered"}
    free = {
        receipt: each | {"calls": [call | {"cost": "0"} for call in each["calls"]]} for receipt, each in given.items()
    }
    found = Verifier(Kept(tmp_path, "default", KEY)).receipts([Receipt.parse(each) for each in given], free)
    assert {each.status for each in found.verdicts} == {"altered"}, "what was asked and paid is part of the answer"
    assert "calls" in found.verdicts[0].en


def test_asked_again_after_the_end_of_the_server_but_for_what_is_written_nowhere(tmp_path: Path) -> None:
    hung = Wire(lenders=["hang"], score=["hang"])
    with serving(tmp_path, hung, version(*SLOW)) as server:
        begun(server, "a1")
    anonymous = version(
        *SLOW, ("id_number: id_number}", "who: customer}"), ("person.id: id_number", "person.id: customer")
    )
    folder = tmp_path / "other"
    with serving(folder, hung, anonymous) as server:
        begun(server, "b1")
    wire = Wire(lenders=[ok(count=2)], score=[ok(points=700)])
    for place, name, opened in ((tmp_path, "a1", version(*SLOW)), (folder, "b1", anonymous)):
        with serving(place, wire, opened) as server:
            while "call" in (told := server.client.get(f"/v1/decisions/{name}").json()).get("waiting", {}):
                time.sleep(0.01)
            ends = {each["service"]: (each["outcome"], each.get("again")) for each in told["calls"]}
            if name == "a1":
                assert ends == {"lenders_query": ("lost", True), "bureau": ("lost", None)}
                assert told["waiting"]["node"] == "by_hand"
            else:
                assert ends == {"lenders_query": ("answered", True), "bureau": ("answered", None)}
                assert told["outcome"] == "pass"
    assert [path for path, _ in wire.asked] == ["lenders", "score"]


def test_an_answer_that_never_comes_ends_with_the_wait(tmp_path: Path) -> None:
    clock = {"now": NOW}
    hung = Wire(lenders=["hang"], score=["hang"])
    with serving(tmp_path, hung, version(*SLOW), now=lambda: clock["now"]) as server:
        begun(server, "a1")
    clock["now"] += 60 * 60_000  # the server was down for an hour
    with serving(tmp_path, hung, version(*SLOW), now=lambda: clock["now"]) as server:
        while "call" in (told := server.client.get("/v1/decisions/a1").json())["waiting"]:
            time.sleep(0.01)
        assert told["waiting"]["node"] == "by_hand", "both calls ran out while nobody was there"


def test_without_addresses_every_call_fails(tmp_path: Path) -> None:
    with Served(tmp_path, makes=lambda: Live(tmp_path / "default", OPENED, now=lambda: NOW)) as server:
        told = apply(server, "a1")
        assert {each["outcome"] for each in told["calls"]} == {"refused"}
        assert told["waiting"]["node"] == "by_hand"


def test_answers_that_come_with_the_event_are_the_final_decision_and_nobody_is_asked(tmp_path: Path) -> None:
    """Whoever asks by himself sends event and answers together: he is told what it came to, and no service is asked once more."""
    wire = Wire(lenders=[ok(count=2)], score=[ok(points=700)])
    answers = [
        {"type": "lenders_query", "about": "a1", "lenders_query_call": "answered", "lenders": 2},
        {"type": "bureau", "about": "a1", "bureau_call": "answered", "bureau_cost": "2.00", "points": 700},
    ]
    sent = [application("a1")] + [
        each | {"id": f"x{at}", "time": f"2026-03-02T10:00:0{at + 1}Z"} for at, each in enumerate(answers)
    ]
    with serving(tmp_path, wire) as server:
        told = server.client.post("/v1/decisions:batch", json=sent).json()["answers"]
        assert (told[0]["outcome"], [each["service"] for each in told[0]["calls"]]) == (
            "pass",
            ["bureau", "lenders_query"],
        )
        assert "waiting" not in told[0]
        assert wire.asked == []
        assert server.client.get("/v1/decisions/a1").json()["outcome"] == "pass"


def test_where_time_is_that_of_the_events_a_breaker_waits_for_them(tmp_path: Path) -> None:
    """Twenty minutes of events take a moment: a breaker that opened lets somebody try after a minute of theirs, not of ours."""
    wire = Wire(lenders=[ok(count=2)], score=lambda number: Failed("hung up") if number < 12 else ok(points=700))
    endpoints = {"bureau": HERE, "lenders_query": HERE}
    ends = []
    with Served(
        tmp_path,
        makes=lambda: Live(tmp_path / "default", OPENED, clock="events"),
        asker=lambda: Asker(endpoints, wire.send),
    ) as server:
        for number in range(24):
            when = f"2026-03-02T10:{number // 3:02}:{number % 3 * 20:02}Z"
            told = apply(server, f"a{number}", time=when, amount=f"{500 + number}.00")
            ends.append(next(each["outcome"] for each in told["calls"] if each["service"] == "bureau"))
    assert ends[:9] == ["refused"] * 3 + ["breaker_open"] * 2 + ["refused"] + ["breaker_open"] * 2 + ["refused"]
    assert ends[-8:] == ["answered"] * 8
