"""A bank to look at: the simulated lender's days in a server that people sign in to, made once for all journeys.

In: a folder. Out: a running server with one person of each role the journeys need; decisions worth opening.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx

from tests.access.test_people import GOOD, KEY, House
from tests.server.served import Served
from zhiyu.access.gate import Gate
from zhiyu.access.key_file import add_key
from zhiyu.access.keys import new_key
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.cube.declared import read_declared
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender.render import table

POLICY = Path(__file__).parents[2] / "examples" / "consumer_credit"
MONITORING = POLICY.parent / "monitoring.yaml"
BUSY = "  - {name: busy_channel, over: 24h, by: channel, when: decisions >= 100, en: a busy channel, zh: 渠道繁忙}\n"
SIZES = Wanted(6, 300, 5, 1)
PEOPLE = {
    "inspector": ("investigator",),
    "planner": ("strategist",),
    "signer": ("approver",),
    "chief": ("supervisor",),
    "root": ("administrator",),
}
_BATCH = 1_000
DAY_MS = 86_400_000


class Bank:
    """The server, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.opened = open_policy(POLICY)
        self.answers = _decided(folder / "data" / "default", self.opened)
        self.url = f"sqlite:///{folder / 'records.db'}"
        house = House(self.url, "default")
        for name, roles in PEOPLE.items():
            house.add(name, roles)
        house.records.close()
        self.server = Served(
            folder / "data",
            self.opened,
            gate=Gate(_keys(folder / "keys.json")),
            staff=lambda: Staff(Records(self.url), {"default": KEY}),
            monitored=read_declared(_monitoring(folder)),
        )

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.server.port}/console"

    def one(self, outcome: str, kind: str = "") -> dict[str, Any]:
        """The newest decision with this outcome, of this event type."""
        return next(
            each for each in reversed(self.answers) if each["outcome"] == outcome and kind in ("", each["type"])
        )

    def reader(self, name: str = "inspector") -> httpx.Client:
        """A client that may read what an investigator may, or somebody else."""
        base = f"http://127.0.0.1:{self.server.port}"
        told = httpx.post(f"{base}/v1/sessions", json={"name": name, "password": GOOD}, timeout=60).json()
        return httpx.Client(base_url=base, headers={"authorization": f"Bearer {told['token']}"}, timeout=60)

    password = GOOD


def _monitoring(folder: Path) -> Path:
    """The example's reports and alert rules, and one rule more that these days meet."""
    path = folder / "monitoring.yaml"
    path.write_text(MONITORING.read_text(encoding="utf-8") + BUSY, encoding="utf-8")
    return path


def _keys(path: Path) -> Path:
    """Keys of two machines; what they are is forgotten here."""
    now = time.time_ns() // 1_000_000
    for scopes, expires, note in (
        (("decide", "facts"), 0, "core banking"),
        (("policy",), now + 5 * DAY_MS, "nightly release"),
    ):
        add_key(path, new_key("default", scopes, now, expires, note)[1])
    return path


def _decided(folder: Path, opened: Opened) -> list[dict[str, Any]]:
    """Put the lender's events into a log; the decisions, oldest first."""
    made = make_lender(SIZES)
    rows = table(made, 0, len(made.events["time"])).to_pylist()
    bodies = [json.dumps({n: v for n, v in row.items() if v is not None}, default=str).encode() for row in rows]
    live = Live(folder, opened, clock="events")
    found = []
    for at in range(0, len(bodies), _BATCH):
        for answer in live.take(bodies[at : at + _BATCH]):
            told = json.loads(answer.body) if answer.body else {}
            found += [told] if told.get("status") == "decided" else []
    live.sync()
    live.close()
    return found
