"""A server with people, a vault, and a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.server.test_people import Bank
from tests.vaulted_policy import vaulted_opened
from zhiyu.access.vault_keys import add_master
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened

START_MS = 1_800_000_000_000


class Vaulted(Bank):
    """A bank with a vault and a clock of the test's own. `masters`: whether there is a file of master keys."""

    def __init__(self, folder: Path, masters: bool = True, opened: Opened | None = None, gate: Any = None) -> None:
        opened, self.now_ms, self.data = opened or vaulted_opened(), START_MS, folder / "data" / "default"
        if masters:
            add_master(folder / "masters.json", 0)
        key = folder / "masters.json" if masters else None
        makes = lambda: Live(self.data, opened, clock="events", vault_key=key)  # noqa: E731
        super().__init__(folder, gate=gate, makes=makes, wall=lambda: self.now_ms)

    def __enter__(self) -> Vaulted:
        super().__enter__()
        return self

    def take(self, *events: bytes) -> None:
        """As a lender's system sends them."""
        desk = self.server.site.desks["default"]
        asyncio.run_coroutine_threadsafe(_submitted(desk, events), self.server._loop).result(60)

    def audit(self, verb: str) -> list[dict[str, Any]]:
        entries = self.signed_in("auditor").get("/v1/audit?limit=1000").json()["entries"]
        return [entry for entry in entries if entry["verb"] == verb]


async def _submitted(desk: Any, bodies: Sequence[bytes]) -> Any:
    return await desk.submit(bodies)
