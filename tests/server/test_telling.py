"""When those who are turned away are told, beside the slow and obvious way. The clock is the test's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from zhiyu.server.pace import Pace
from zhiyu.server.telling import A_TURN, FOR_EACH, MOST_S, Telling

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refuse"), st.integers(1, 60), st.sampled_from([0.0, 0.05, 0.5, MOST_S, 30.0])),
        st.tuples(st.just("answer"), st.integers(1, 200), st.just(0.0)),
        st.tuples(st.just("pass"), st.just(0), st.sampled_from([0.01, 0.2, 1.0])),
        st.tuples(st.just("turn"), st.just(0), st.just(0.0)),
    ),
    max_size=40,
)
"""What happens: (what, how many, seconds)."""


@dataclass
class Naive:
    """Everybody in one list, looked through from begin to end. `told`: who was, turn by turn."""

    held: list[tuple[float, int]] = field(default_factory=list)
    answers: int = 0

    def turn(self, now: float) -> list[int]:
        first = sorted(self.held)
        may = max(A_TURN, int(FOR_EACH * self.answers))
        due = [who for at, who in enumerate(first) if at < may or who[0] <= now]
        self.held, self.answers = [who for who in first if who not in due], 0
        return [number for _, number in due]


@given(STEPS)
def test_it_tells_whom_the_obvious_way_tells(steps: list[tuple[str, int, float]]) -> None:
    async def run() -> None:
        now, told = [0.0], list[int]()
        pace = Pace(lambda: now[0], lambda: 0.0)
        telling, naive, number = Telling(pace), Naive(), 0
        for what, count, seconds in steps:
            if what == "pass":
                now[0] += seconds
            elif what == "answer":
                for _ in range(count):
                    pace.answered()
                naive.answers += count if naive.held else 0
            elif what == "refuse":
                for _ in range(count):
                    telling.later(lambda mine=number: told.append(mine), seconds)  # type: ignore[misc]
                    naive.held.append((now[0] + min(seconds, MOST_S), number))
                    number += 1
                assert not told  # never in the turn in which it is refused
            else:
                await asyncio.sleep(0)
                assert told == naive.turn(now[0])
                told.clear()
            assert telling.held == len(naive.held)
        turns = 0
        while naive.held:  # all are told in the end, though nothing else happens any more
            await asyncio.sleep(0)
            assert told == naive.turn(now[0])
            told.clear()
            turns += 1
        assert turns <= number // A_TURN + 1
        assert not telling.held

    asyncio.run(run())


def test_who_waits_to_be_told_wakes_once_and_may_leave() -> None:
    async def run() -> None:
        telling = Telling(Pace(lambda: 0.0, lambda: 0.0))
        stays, left = telling.turn(), telling.turn()
        left.cancel()
        await asyncio.wait_for(stays, 60)
        assert not telling.held

    asyncio.run(run())
