"""A bank whose flow tries limits on a part of the cards, and the payments it decided, half of them labelled: for the journey through
experiments.

In: a folder. Out: a running server with a strategist.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.access.test_people import GOOD, KEY, House
from tests.experiment_policy import payments, split_opened
from tests.server.served import Served
from zhiyu.access.gate import SignInGate
from zhiyu.engine.labelling import Label
from zhiyu.engine.live import Live
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

COUNT, BATCH = 3_000, 500
PEOPLE = {"planner": ("strategist",), "signer": ("approver",)}


class Split:
    """The server, and how to sign in."""

    password = GOOD

    def __init__(self, folder: Path) -> None:
        opened = split_opened()
        live = Live(folder / "data" / "default", opened, clock="events")
        bodies = payments(7, COUNT)
        fraud = {each["id"]: each["amount"] > 500 for each in map(json.loads, bodies)}
        for at in range(0, COUNT, BATCH):
            told = [json.loads(answer.body) for answer in live.take(bodies[at : at + BATCH]) if answer.body]
            live.label([Label(event=each["id"], type="payment", fraud=fraud[each["id"]]) for each in told[::2]])
        live.sync()
        live.close()
        url = f"sqlite:///{folder / 'records.db'}"
        house = House(url, "default")
        for name, roles in PEOPLE.items():
            house.add(name, roles)
        house.records.close()
        self.server = Served(
            folder / "data", opened, gate=SignInGate(), staff=lambda: Staff(Records(url), {"default": KEY})
        )

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.server.port}/console"

    def reader(self, name: str) -> httpx.Client:
        """A client that may do what this person may."""
        base = f"http://127.0.0.1:{self.server.port}"
        told = httpx.post(f"{base}/v1/sessions", json={"name": name, "password": GOOD}, timeout=60).json()
        return httpx.Client(base_url=base, headers={"authorization": f"Bearer {told['token']}"}, timeout=120)
