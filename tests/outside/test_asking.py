"""Calls: cache, breaker, attempts within a budget, and what each costs. No network, no waiting: the wire and the clock are scripts."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.outside.wire import HERE, Step, Wire, ask_of, ok
from zhiyu.engine.asks import Ask
from zhiyu.outside.asking import Asker, Ended
from zhiyu.outside.http import Failed, Reply
from zhiyu.policy.declare_services import Breaker, Request, Service, Told

POINTS = {"points": Told(at="data.points", type="int", min=300, max=950, required=True)}
CARD = Request(path="/bureau", body={"who": "customer"})


def service(**changes: Any) -> Service:
    return Service(**{"name": "bureau", "answer": POINTS, "request": CARD, "price": "2.50"} | changes)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(asks: list[Ask], *steps: Step, clock: Clock | None = None) -> tuple[list[Ended], Wire]:
    """Ask one after the other; the wire says these steps."""
    wire = Wire(bureau=list(steps))

    async def all_of_them() -> list[Ended]:
        asker = Asker({"bureau": HERE}, wire.send, clock or Clock())
        return [await asker.ask(each) for each in asks]

    return asyncio.run(all_of_them()), wire


@pytest.mark.parametrize(
    ("step", "end", "cost"),
    [
        (ok(points=700), "answered", "2.50"),
        (ok(points=200), "invalid", "2.50"),
        (ok(points="many"), "invalid", "2.50"),
        (ok(), "invalid", "2.50"),
        (Reply(200, b"<html>"), "invalid", "2.50"),
        (Reply(200, b"[" * 100_000), "invalid", "2.50"),
        (Reply(200, b"\xff"), "invalid", "2.50"),
        (Reply(302, b""), "refused", "0"),
        (Reply(401, b"{}"), "refused", "0"),
        (Reply(500, b"{}"), "refused", "0"),
        (Failed("hung up"), "refused", "0"),
        (TimeoutError(), "timed_out", "0"),
    ],
)
def test_what_a_call_comes_to(step: Step, end: str, cost: str) -> None:
    (ended,), wire = asked([ask_of(service(), customer="c1")], step)
    assert (ended.end, ended.cost, ended.tries, ended.cached) == (end, Decimal(cost), 1, False)
    assert ended.told == ({"points": 700} if end == "answered" else {})
    assert wire.asked == [("bureau", {"who": "c1"})]


def test_the_event_that_says_so() -> None:
    (ended,), _ = asked([ask_of(service(), customer="c1")], ok(points=700))
    record = ended.record("2026-03-02T10:00:00.000+00:00")
    assert record.pop("bureau_ms") >= 0
    assert record == {
        "type": "bureau", "id": "bureau:7", "time": "2026-03-02T10:00:00.000+00:00", "about": "a1", "bureau_call": "answered",
        "bureau_cost": "2.50", "bureau_cached": False, "bureau_tries": 1, "points": 700,
    }  # fmt: skip


def test_only_what_may_be_repeated_is_tried_again_and_only_where_it_helps() -> None:
    again = service(retries=2, idempotent=True)
    down: list[tuple[list[Step], str, int]] = [
        ([Failed("x"), Reply(503, b""), ok(points=700)], "answered", 3), ([TimeoutError(), ok(points=700)], "answered", 2),
        ([Failed("x")], "refused", 3), ([Reply(404, b""), ok(points=700)], "refused", 1), ([ok(points=1), ok(points=700)], "invalid", 1),
    ]  # fmt: skip
    for steps, end, tries in down:
        (ended,), _ = asked([ask_of(again, customer="c")], *steps)
        assert (ended.end, ended.tries) == (end, tries)


def test_what_each_attempt_costs_where_each_is_charged() -> None:
    (ended,), _ = asked([ask_of(service(retries=2, idempotent=True, charged="always"), customer="c")], Failed("x"))
    assert (ended.end, ended.cost) == ("refused", Decimal("7.50"))


def test_the_budget_ends_everything() -> None:
    patient = service(timeout="60s", budget="10ms", retries=5, idempotent=True)
    (ended,), wire = asked([ask_of(patient, customer="c")], "hang")
    assert (ended.end, len(wire.asked)) == ("timed_out", 1)


def test_an_attempt_ends_in_its_time() -> None:
    (ended,), wire = asked([ask_of(service(timeout="10ms", retries=1, idempotent=True), customer="c")], "hang")
    assert (ended.end, ended.tries, len(wire.asked)) == ("timed_out", 2, 2)


def test_the_same_question_is_paid_once_while_the_answer_is_fresh() -> None:
    clock, kept = Clock(), service(cache="10s")
    wire = Wire(bureau=[ok(points=700), ok(points=300), ok(points=500)])

    async def story() -> list[Ended]:
        asker = Asker({"bureau": HERE}, wire.send, clock)
        found = [await asker.ask(ask_of(kept, customer="c1")), await asker.ask(ask_of(kept, customer="c1"))]
        found.append(await asker.ask(ask_of(kept, customer="c2")))
        clock.now += 10
        return [*found, await asker.ask(ask_of(kept, customer="c1"))]

    told = asyncio.run(story())
    assert [each.told["points"] for each in told] == [700, 700, 300, 500]
    assert [str(each.cost) for each in told] == ["2.50", "0", "2.50", "2.50"]
    assert [each.cached for each in told] == [False, True, False, False]


def at_once(service_of: Service, customers: str, *steps: Step) -> tuple[list[Ended], Wire]:
    """Ask about all customers in the same moment; each request takes a turn of the loop."""
    wire = Wire(bureau=list(steps))

    async def slowly(*request: Any) -> Reply:
        await asyncio.sleep(0)
        return await wire.send(*request)

    async def story() -> list[Ended]:
        asker = Asker({"bureau": HERE}, slowly, Clock())
        return list(await asyncio.gather(*(asker.ask(ask_of(service_of, customer=each)) for each in customers)))

    return asyncio.run(story()), wire


def test_the_same_question_in_the_same_moment_is_paid_once() -> None:
    told, wire = at_once(service(cache="10s"), "abaaba", *(ok(points=points) for points in (700, 300)))
    assert [each.told["points"] for each in told] == [700, 300, 700, 700, 300, 700]
    assert [str(each.cost) for each in told] == ["2.50", "2.50", "0", "0", "0", "0"]
    assert [each.cached for each in told] == [False, False, True, True, True, True]
    assert len(wire.asked) == 2


def test_who_asked_in_vain_is_followed_by_the_next_alone() -> None:
    told, wire = at_once(service(cache="10s"), "aaaa", Failed("x"), Failed("x"), ok(points=700))
    assert [(each.end, each.cached) for each in told] == [
        ("refused", False), ("refused", False), ("answered", False), ("answered", True),
    ]  # fmt: skip
    assert len(wire.asked) == 3


def test_without_a_cache_each_question_is_asked() -> None:
    told, wire = at_once(service(), "aaa", ok(points=700))
    assert [each.cached for each in told] == [False] * 3
    assert len(wire.asked) == 3


def test_who_waits_for_the_answer_of_another_waits_no_longer_than_the_budget() -> None:
    told, wire = at_once(service(cache="10s", timeout="20ms"), "aaa", "hang")
    assert [each.end for each in told] == ["timed_out"] * 3
    assert [each.tries for each in told] == [1, 0, 0]
    assert len(wire.asked) == 1


def test_a_failure_is_not_remembered() -> None:
    told, _ = asked([ask_of(service(cache="1d"), customer="c1")] * 2, Failed("x"), ok(points=700))
    assert [each.end for each in told] == ["refused", "answered"]


def test_a_service_that_is_down_is_left_alone_and_found_again() -> None:
    clock, fragile = Clock(), service(breaker=Breaker(failures=3, pause="60s"))
    up = {"up": False}
    wire = Wire(bureau=lambda _: ok(points=700) if up["up"] else Failed("x"))

    async def story() -> list[str]:
        asker, ends = Asker({"bureau": HERE}, wire.send, clock), []
        for second in range(200):
            clock.now = 100.0 + second
            up["up"] = second >= 130
            ends.append((await asker.ask(ask_of(fragile, customer=f"c{second}"))).end)
        assert not asker.spent()["bureau"].left_alone
        assert asker.spent()["bureau"].cost == Decimal("2.50") * ends.count("answered")
        return ends

    ends = asyncio.run(story())
    asked_at = [at for at, end in enumerate(ends) if end != "breaker_open"]
    assert asked_at[:5] == [0, 1, 2, 62, 122], "three failures, then one try a minute"
    assert ends[122] == "refused"
    assert asked_at[5:] == list(range(182, 200))
    assert set(ends[182:]) == {"answered"}


def test_one_call_at_a_time_tries_a_breaker_that_was_open() -> None:
    clock, fragile = Clock(), service(breaker=Breaker(failures=1, pause="1s"))
    wire = Wire(bureau=[Failed("x"), "hang"])

    async def story() -> list[str]:
        asker = Asker({"bureau": HERE}, wire.send, clock)
        ends = [(await asker.ask(ask_of(fragile, customer="a"))).end]
        clock.now += 1
        trying = asyncio.create_task(asker.ask(ask_of(fragile, customer="b")))
        await asyncio.sleep(0)
        ends.append((await asker.ask(ask_of(fragile, customer="c"))).end)
        trying.cancel()  # it ends without knowing: the next one may try
        await asyncio.gather(trying, return_exceptions=True)
        wire.says["bureau"] = [ok(points=700)]
        return [*ends, (await asker.ask(ask_of(fragile, customer="d"))).end]

    assert asyncio.run(story()) == ["refused", "breaker_open", "answered"]


def test_no_more_than_so_many_at_once() -> None:
    narrow, state = service(at_once=2), {"now": 0, "most": 0}

    async def send(*_: Any) -> Reply:
        state["now"] += 1
        state["most"] = max(state["most"], state["now"])
        await asyncio.sleep(0)
        state["now"] -= 1
        return ok(points=700)

    async def story() -> list[Ended]:
        asker = Asker({"bureau": HERE}, send, Clock())
        return list(await asyncio.gather(*(asker.ask(ask_of(narrow, n, customer=str(n))) for n in range(9))))

    assert {each.end for each in asyncio.run(story())} == {"answered"}
    assert state["most"] == 2


def test_what_cannot_be_asked() -> None:
    async def story() -> list[str]:
        nowhere, somewhere = Asker(), Asker({"bureau": HERE}, Wire(bureau=[ok(points=700)]).send)
        lost = Ask(service(), "a1", 7, None, again=True)
        return [
            (await asker.ask(each)).end
            for asker, each in ((nowhere, ask_of(service(), customer="c")), (somewhere, lost))
        ]

    assert asyncio.run(story()) == ["refused", "lost"]
