"""Twice what a server can do arrives. Nothing here depends on time: a clock of the test's own is moved on by what each step costs.

The real desk and the real lane, over the real log; the loop is played: in every turn it reads what lies in the sockets by then, decides,
syncs, answers and tells, and what comes meanwhile lies in the sockets until the next turn.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.server.served import payment
from tests.server.test_desk import Paced
from tests.server.test_lane import answer_of, request
from zhiyu.access.gate import OpenGate
from zhiyu.engine.live import Live
from zhiyu.server import telling
from zhiyu.server.desk import Desk
from zhiyu.server.lane import Lane
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import TenantMeters
from zhiyu.server.pace import Pace
from zhiyu.server.settings import Settings
from zhiyu.server.site import Site

MAX_WAIT_S = 0.1


@dataclass(frozen=True)
class Costs:
    """Seconds: to read a request, to decide one, to tell its decision, to tell that it is turned away."""

    read_s: float
    decide_s: float
    tell_s: float
    away_s: float

    @property
    def capacity(self) -> float:
        """Decisions a second, when nobody is turned away."""
        return 1 / (self.read_s + self.decide_s + self.tell_s)


BESIDE = Costs(0.00002, 0.00008, 0.0004, 0.00003)
"""Most of what a request costs is beside deciding; turning one away costs a tenth."""
DEAR = Costs(0.00001, 0.00001, 0.000016, 0.000014)
"""As measured: turning one away costs two thirds of what a decision costs."""


class Blind(Pace):
    """Sees nothing of what happens outside the desk."""

    def late_s(self) -> float:
        return 0.0

    def beat(self) -> None:
        self.each_s = 0.0


class AtOnce:
    """A disk that is never waited for: a sync is done in the turn after it was asked for."""

    def __init__(self, live: Live, done: Callable[[int, float], None]) -> None:
        self.ticket, self._live, self._done = 0, live, done

    def ask(self) -> int:
        self.ticket += 1
        self._live.sync()
        asyncio.get_running_loop().call_soon(self._done, self.ticket, 0.0)
        return self.ticket

    def stop(self) -> None:
        pass


@dataclass
class Played:
    """What became of the requests: (sent, waited) in seconds, of those that were decided and of those that were turned away."""

    good: list[tuple[float, float]] = field(default_factory=list)
    away: list[tuple[float, float]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)

    def waited_s(self, since: float, share: float = 0.99) -> float:
        """A quantile of the waits of those that were sent after a time."""
        return float(np.quantile([waited for sent, waited in self.good if sent >= since], share))


class Connection:
    """A caller with one request under way, sent at `sent`; `again`: it sends the next one when it has its answer."""

    client = ("127.0.0.1", 1)
    ending = False

    def __init__(self, play: Play, sent: float, again: bool) -> None:
        self._play, self._again, self.sent = play, again, sent
        self._taking, self._answer = False, b""

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return []

    def ask(self, lane: Lane, body: bytes, more: bytes) -> None:
        self._taking = True
        assert lane.takes(self, request(body, more))
        self._taking = False

    def finish(self, answer: bytes, close: bool) -> None:
        self._answer = answer
        if self._taking:
            self._play.lane.after_turn(self)
        else:
            self.tell()

    def tell(self) -> None:
        play, (status, headers, body) = self._play, answer_of(self._answer)
        play.live.now_s += play.costs.tell_s if status == 200 else play.costs.away_s
        end = (self.sent, play.live.now_s - self.sent)
        if status == 200:
            play.played.good.append(end)
            told = json.loads(body)
            play.played.fallbacks += [told["id"]] if told["fallback"] else []
        else:
            play.played.away.append(end)
            play.played.refusals.append((status, headers, body))
        if self._again:
            self.sent = play.live.now_s
            play.arriving.append(self)


class Play:
    """A server on a clock of the test's own, and those who come to it: `rate` a second, each on a connection of its own, or `pool`
    connections that send again as soon as they are answered."""

    def __init__(
        self, folder: Path, costs: Costs, pace_of: type[Pace] = Pace, rate: float = 0.0, pool: int = 0, more: bytes = b""
    ) -> None:  # fmt: skip
        self.live, self.costs, self.played = Paced(folder, each_s=costs.decide_s), costs, Played()
        self._rate, self._pool, self._more, self._pace_of = rate, pool, more, pace_of

    async def run(self, seconds: float) -> Played:
        """So many seconds of the test's clock."""
        live, pace = self.live, self._pace_of(lambda: self.live.now_s, lambda: self.live.now_s)
        settings = Settings(max_wait_s=MAX_WAIT_S)
        desk = Desk(lambda: live, settings, TenantMeters(), lambda: live.now_s, pace)
        desk._syncing.stop()
        desk._syncing = AtOnce(live, desk._synced)  # type: ignore[assignment]
        lines = LogLines(io.StringIO(), lambda: live.now_s)
        site = Site({"default": desk}, OpenGate("default"), settings, lines=lines, clock=lambda: live.now_s, pace=pace)
        self.lane = Lane(site)
        count = int(self._rate * seconds) or self._pool
        self.arriving = deque(
            Connection(self, at / self._rate if self._rate else 0.0, not self._rate) for at in range(count)
        )
        sent, beaten = 0, 0.0
        while desk.unanswered or site.telling.held or (self.arriving and (self._rate or live.now_s < seconds)):
            if not desk.unanswered and not site.telling.held:
                live.now_s = max(live.now_s, self.arriving[0].sent)
            by = live.now_s
            if by >= beaten:
                pace.beat()
                beaten = live.now_s + 0.01
            while self.arriving and self.arriving[0].sent <= by and (self._rate or by < seconds):
                live.now_s += self.costs.read_s
                self.arriving.popleft().ask(self.lane, payment(sent, card=f"c{sent % 50}"), self._more)
                sent += 1
            await asyncio.sleep(0)
        await desk.close()
        assert len(self.played.good) + len(self.played.away) == sent
        return self.played


def played(folder: Path, seconds: float, costs: Costs = BESIDE, pace_of: type[Pace] = Pace, **those: Any) -> Played:
    """The whole of it."""
    return asyncio.run(Play(folder, costs, pace_of, **those).run(seconds))


@pytest.mark.parametrize("times", [2.0, 5.0])
def test_at_a_multiple_of_what_it_can_do_a_server_keeps_its_latency_and_turns_the_rest_away(
    tmp_path: Path, times: float
) -> None:
    found = played(tmp_path / "t", 2.0, rate=times * BESIDE.capacity)
    assert found.waited_s(0.0) < 3 * MAX_WAIT_S
    assert len(found.good) > 0.6 * BESIDE.capacity * 2.0
    assert {(status, headers["retry-after"], json.loads(body)["code"]) for status, headers, body in found.refusals} == {
        (429, "1", "overloaded")
    }


def test_a_server_that_looks_into_its_queue_only_would_let_everybody_wait(tmp_path: Path) -> None:
    """What the test above can tell: the same load, and nothing seen but the queue."""
    assert played(tmp_path / "t", 2.0, pace_of=Blind, rate=2.0 * BESIDE.capacity).waited_s(1.0) > 5 * MAX_WAIT_S


SECONDS = 0.5


@pytest.mark.parametrize("pool", [4_000, 2_500])
def test_callers_that_send_again_as_soon_as_they_are_turned_away_leave_the_server_its_time(
    tmp_path: Path, pool: int
) -> None:
    """However many they are, up to the limit of connections, and though turning one away costs nearly what a decision costs."""
    found = played(tmp_path / "t", SECONDS, DEAR, pool=pool)
    assert len(found.good) > 0.6 * DEAR.capacity * SECONDS
    assert found.waited_s(0.0) < 3 * MAX_WAIT_S
    assert max(waited for _, waited in found.away) < telling.MOST_S + MAX_WAIT_S
    assert {headers["retry-after"] for _, headers, _ in found.refusals} == {"1"}


def test_a_server_that_tells_all_who_are_turned_away_would_do_little_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above can tell: the same callers, and every refusal told in the next turn."""
    monkeypatch.setattr(telling, "A_TURN", 1_000_000)
    assert len(played(tmp_path / "t", SECONDS, DEAR, pool=4_000).good) < 0.4 * DEAR.capacity * SECONDS


def test_below_what_it_can_do_nothing_is_turned_away(tmp_path: Path) -> None:
    found = played(tmp_path / "t", 0.5, rate=0.9 * BESIDE.capacity)
    assert not found.away
    assert found.waited_s(0.0) < MAX_WAIT_S / 2


def test_who_waits_in_the_sockets_past_the_deadline_gets_the_fallback(tmp_path: Path) -> None:
    """The deadline counts from when the bytes could be read, not from when somebody came to read them."""
    deadline = b"Zhiyu-Deadline-Ms: 30\r\n"
    calm = played(tmp_path / "calm", 0.2, rate=0.9 * BESIDE.capacity, more=deadline)
    assert calm.good
    assert not calm.fallbacks
    full = played(tmp_path / "full", 1.0, rate=2.0 * BESIDE.capacity, more=deadline)
    assert len(full.fallbacks) > len(full.good) / 2
    noted = Paced(tmp_path / "full")  # as the log tells it to whoever opens it again
    kept = [json.loads(noted.decision(each) or b"{}") for each in full.fallbacks]
    assert {(each.get("fallback"), each.get("outcome")) for each in kept} == {(True, "challenge")}
    noted.close()
