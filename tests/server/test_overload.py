"""Twice what a server can do arrives. Nothing here depends on time: a clock of the test's own is moved on by what each step costs.

The real desk and the real lane, over the real log; the loop is played: in every turn it reads what lies in the sockets by then, decides,
syncs and answers, and what comes meanwhile lies in the sockets until the next turn.
"""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.server.served import payment
from tests.server.test_desk import Paced
from tests.server.test_lane import answer_of, request
from zhiyu.access.gate import OpenGate
from zhiyu.server.desk import Desk
from zhiyu.server.lane import Lane
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import TenantMeters
from zhiyu.server.pace import Pace
from zhiyu.server.settings import Settings
from zhiyu.server.site import Site

READ_S, DECIDE_S, TELL_S, TURN_AWAY_S = 0.00002, 0.00008, 0.0004, 0.00003
"""What a request costs, most of it beside deciding; what it costs to turn one away."""
CAPACITY = 1 / (READ_S + DECIDE_S + TELL_S)
MAX_WAIT_S = 0.1


class Blind(Pace):
    """Sees nothing of what happens outside the desk."""

    def late_s(self) -> float:
        return 0.0

    def beat(self) -> None:
        self.each_s = 0.0


@dataclass
class Played:
    """What became of the requests: (arrived, waited) in seconds of those that were decided; answers of those that were not."""

    good: list[tuple[float, float]] = field(default_factory=list)
    away: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)

    def waited_s(self, since: float, share: float = 0.99) -> float:
        """A quantile of the waits of those that arrived after a time."""
        return float(np.quantile([waited for arrived, waited in self.good if arrived >= since], share))


class Connection:
    """A caller with one request that came at `arrived`."""

    client = ("127.0.0.1", 1)
    ending = False

    def __init__(self, live: Paced, played: Played, arrived: float) -> None:
        self._live, self._played, self._arrived = live, played, arrived

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return []

    def finish(self, answer: bytes, close: bool) -> None:
        status, headers, body = answer_of(answer)
        self._live.now_s += TELL_S if status == 200 else TURN_AWAY_S
        if status == 200:
            self._played.good.append((self._arrived, self._live.now_s - self._arrived))
            told = json.loads(body)
            self._played.fallbacks += [told["id"]] if told["fallback"] else []
        else:
            self._played.away.append((status, headers, body))


async def play(folder: Path, pace_of: type[Pace], rate: float, seconds: float, more: bytes = b"") -> Played:
    """Requests at a steady rate for so many seconds of the test's clock."""
    live, played = Paced(folder, each_s=DECIDE_S), Played()
    pace = pace_of(lambda: live.now_s, lambda: live.now_s)
    settings = Settings(max_wait_s=MAX_WAIT_S)
    desk = Desk(lambda: live, settings, TenantMeters(), lambda: live.now_s, pace)
    lines = LogLines(io.StringIO())
    site = Site({"default": desk}, OpenGate("default"), settings, lines=lines, clock=lambda: live.now_s, pace=pace)
    lane, sent, beaten = Lane(site), 0, 0.0
    while sent < rate * seconds:
        if sent / rate > live.now_s:
            live.now_s = sent / rate
        by = live.now_s
        if by >= beaten:
            pace.beat()
            beaten = live.now_s + 0.01
        while sent / rate <= by and sent < rate * seconds:
            live.now_s += READ_S
            connection = Connection(live, played, sent / rate)
            assert lane.takes(connection, request(payment(sent, card=f"c{sent % 50}"), more))
            sent += 1
        while desk.unanswered:
            await asyncio.sleep(0)
    await desk.close()
    assert len(played.good) + len(played.away) == sent
    return played


@pytest.mark.parametrize("times", [2.0, 5.0])
def test_at_a_multiple_of_what_it_can_do_a_server_keeps_its_latency_and_turns_the_rest_away(
    tmp_path: Path, times: float
) -> None:
    played = asyncio.run(play(tmp_path / "t", Pace, times * CAPACITY, 2.0))
    assert played.waited_s(0.0) < 3 * MAX_WAIT_S
    assert played.waited_s(1.0) < 2 * MAX_WAIT_S
    assert len(played.good) > 0.5 * CAPACITY * 2.0
    assert {(status, headers["retry-after"], json.loads(body)["code"]) for status, headers, body in played.away} == {
        (429, "1", "overloaded")
    }


def test_a_server_that_looks_into_its_queue_only_would_let_everybody_wait(tmp_path: Path) -> None:
    """What the test above can tell: the same load, and nothing seen but the queue."""
    played = asyncio.run(play(tmp_path / "t", Blind, 2.0 * CAPACITY, 2.0))
    assert played.waited_s(1.0) > 5 * MAX_WAIT_S


def test_below_what_it_can_do_nothing_is_turned_away(tmp_path: Path) -> None:
    played = asyncio.run(play(tmp_path / "t", Pace, 0.9 * CAPACITY, 0.5))
    assert not played.away
    assert played.waited_s(0.0) < MAX_WAIT_S / 2


def test_who_waits_in_the_sockets_past_the_deadline_gets_the_fallback(tmp_path: Path) -> None:
    """The deadline counts from when the bytes could be read, not from when somebody came to read them."""
    deadline = b"Zhiyu-Deadline-Ms: 30\r\n"
    calm = asyncio.run(play(tmp_path / "calm", Pace, 0.9 * CAPACITY, 0.2, deadline))
    assert calm.good
    assert not calm.fallbacks
    full = asyncio.run(play(tmp_path / "full", Pace, 2.0 * CAPACITY, 1.0, deadline))
    assert len(full.fallbacks) > len(full.good) / 2
    noted = Paced(tmp_path / "full")  # as the log tells it to whoever opens it again
    kept = [json.loads(noted.decision(each) or b"{}") for each in full.fallbacks]
    assert {(each.get("fallback"), each.get("outcome")) for each in kept} == {(True, "challenge")}
    noted.close()
