"""A lender whose policy has three models in one cell, trained here, and what it decided: for the journey through the models.

In: a folder. Out: a running server with a model engineer, an approver and an auditor; amounts grow in the last days.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from click.testing import CliRunner

from tests.access.test_people import GOOD, KEY, House
from tests.evaluation.test_training import policy_folder, stream
from tests.server.served import Served
from zhiyu.access.gate import SignInGate
from zhiyu.cli import main
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.records.store import Records
from zhiyu.server.staff import Staff

ROWS, MOVED_FROM, BATCH = 3_000, 2_200, 500
MATRIX = """
models: [{name: risk, file: risk.json, en: payment risk, zh: 支付风险分}, {name: other, file: other.json}, {name: third, file: third.json}]
matrix:
  - name: payments
    stage: payment
    fraud: account_takeover
    champion: risk
    challengers: [{model: other, percent: 10}]
    shadow: [third]
    by: card
    thresholds: {review: 0.9}
    reason: M
reasons: [{code: M, en: the model, zh: 模型}]
"""
PEOPLE = {"engineer": ("model-engineer",), "signer": ("approver",), "looker": ("auditor",)}


class Modelled:
    """The server, and how to sign in."""

    password = GOOD

    def __init__(self, folder: Path) -> None:
        policy = _policy(folder)
        _decided(folder, policy)
        url = f"sqlite:///{folder / 'records.db'}"
        house = House(url, "default")
        for name, roles in PEOPLE.items():
            house.add(name, roles)
        house.records.close()
        self.server = Served(
            folder / "data", open_policy(policy), gate=SignInGate(), staff=lambda: Staff(Records(url), {"default": KEY})
        )

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.server.port}/console"

    def reader(self, name: str) -> httpx.Client:
        """A client of somebody."""
        base = f"http://127.0.0.1:{self.server.port}"
        told = httpx.post(f"{base}/v1/sessions", json={"name": name, "password": GOOD}, timeout=60).json()
        return httpx.Client(base_url=base, headers={"authorization": f"Bearer {told['token']}"}, timeout=60)


def _policy(folder: Path) -> Path:
    stream(folder / "events.ndjson", ROWS, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02))
    policy = policy_folder(folder / "policy")
    over = (
        "train",
        "--policy",
        str(policy),
        "--events",
        str(folder / "events.ndjson"),
        "--cell",
        "payment/account_takeover",
        "--kind",
    )
    for name, more in {
        "risk": ("scorecard",),
        "other": ("logistic", "--input", "multiple"),
        "third": ("logistic", "--input", "amount"),
    }.items():
        done = CliRunner().invoke(main, [*over, *more, "--out", str(policy / f"{name}.json")])
        assert done.exit_code == 0, done.output
    (policy / "models.yaml").write_text(MATRIX, encoding="utf-8")
    return policy


def _decided(folder: Path, policy: Path) -> None:
    lines = (folder / "events.ndjson").read_text(encoding="utf-8").splitlines()
    live = Live(folder / "data" / "default", open_policy(policy), clock="events")
    for at in range(0, len(lines), BATCH):
        live.take([_moved(at + n, line) for n, line in enumerate(lines[at : at + BATCH])], "file")
    live.sync()
    live.close()


def _moved(number: int, line: str) -> bytes:
    record = json.loads(line)
    return json.dumps(record | {"amount": record["amount"] * (5 if number > MOVED_FROM else 1)}).encode()
