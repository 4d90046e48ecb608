"""The outbox's other side: order for each thing, once, tries with waits, dead letters sent again; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.records.test_outbox import hook
from zhiyu.records.deliveries import MAX_TRIES, Deliveries, NoSuchDelivery, wait_ms
from zhiyu.records.outbox import DEAD, DONE, Effect, put
from zhiyu.records.store import Records

NOW = 1_000_000


def filled(url: str, count: int = 4) -> tuple[Records, Deliveries]:
    """Effects about two cases in turn, one webhook."""
    records = Records(url)
    with records.writing() as connection:
        hook(connection, "all", "*")
        put(connection, "bank", [Effect("case.note", f"case/{n % 2}", f"{n}", {"n": n}) for n in range(count)], NOW)
    return records, Deliveries(records, "bank")


def test_what_is_about_the_same_leaves_in_order_and_each_once(both: str) -> None:
    _, out = filled(both)
    first = out.claim(NOW, 10)
    assert [each.body["n"] for each in first] == [0, 1]
    assert out.claim(NOW, 10) == []
    out.finish([(first[0], "", False), (first[1], "answered 503", True)], NOW)
    second = out.claim(NOW, 10)
    assert [each.body["n"] for each in second] == [2], "3 waits behind 1, which is tried again"
    assert out.claim(NOW + wait_ms(1) - 1, 10) == []
    again = out.claim(NOW + wait_ms(1), 10)
    assert [(each.body["n"], each.tries, each.last) for each in again] == [(1, 1, "answered 503")]
    out.finish([(again[0], "", False), (second[0], "", False)], NOW)
    assert [each.body["n"] for each in out.claim(NOW, 10)] == [3]
    assert Deliveries(out._records, "elsewhere").claim(NOW, 10) == []


def test_what_nobody_takes_is_dead_lets_the_next_go_on_and_can_be_sent_again(both: str) -> None:
    records, out = filled(both)
    now = NOW
    for tries in range(MAX_TRIES):
        due = [each for each in out.claim(now, 10) if each.about == "case/0"]
        assert [(each.body["n"], each.tries) for each in due] == [(0, tries)]
        out.finish([(due[0], "answered 500", True)], now)
        now += wait_ms(tries + 1)
    assert [(each.state, each.tries) for each in out.all((DEAD,))] == [(DEAD, MAX_TRIES)]
    assert [each.body["n"] for each in out.claim(now, 10)] == [2]
    number = out.all((DEAD,))[0].number
    with records.writing() as connection:
        out.replay(connection, number, now)
    with pytest.raises(NoSuchDelivery), records.writing() as connection:
        out.replay(connection, number, now)
    with pytest.raises(NoSuchDelivery), records.writing() as connection:
        Deliveries(records, "elsewhere").replay(connection, number, now)
    again = out.claim(now, 10)
    assert [each.body["n"] for each in again] == [0]
    out.finish([(again[0], "answered 404", False)], now)
    assert out.all((DEAD,))[0].last == "answered 404", "another try would not change it"


def test_what_was_under_way_when_the_process_ended_is_carried_out_again(both: str) -> None:
    records, out = filled(both, 2)
    assert len(out.claim(NOW, 10)) == 2
    after = Deliveries(records, "bank")
    assert after.claim(NOW, 10) == []
    assert (after.recover(), len(after.claim(NOW, 10))) == (2, 2)


def test_many_that_claim_at_once_get_each_thing_once(both: str) -> None:
    _, out = filled(both, 40)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            found = [each for part in pool.map(lambda _: out.claim(NOW, 3), range(8)) for each in part]
            assert len({each.number for each in found}) == len(found) <= 2
            out.finish([(each, "", False) for each in found], NOW)
    assert {each.state for each in out.all()} == {DONE}


def test_a_position_moves_with_what_was_found_or_not_at_all(both: str) -> None:
    records, out = filled(both, 0)
    assert out.position("log") is None
    with records.writing() as connection:
        out.move(connection, "log", 7)

    def fails() -> None:
        with records.writing() as connection:
            put(connection, "bank", [Effect("a", "b", "c", {})], NOW)
            out.move(connection, "log", 9)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert (out.position("log"), out.all()) == (7, [])
