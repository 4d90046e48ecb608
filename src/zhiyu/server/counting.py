"""The metric cube of every tenant, counted from the log while the server decides.

In: desks. Out: `cubes`, at most a second behind what is on the disk, kept in the tenant's folder once a minute and on the way out. A thread
of its own counts, at a fifth of a core while there is much to catch up with.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from zhiyu.engine.live import Live
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.server.log_pieces import piece_of

if TYPE_CHECKING:
    from zhiyu.server.desk import Desk
    from zhiyu.server.site import Site

T = TypeVar("T")
ROUND_S, KEEP_S = 0.5, 60.0
SHARE = 0.2


class Counting:
    """Of all tenants; `rounds` runs until it is cancelled, then `close`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._cubes: dict[str, tuple[Live, Cube]] = {}
        self._kept_s: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._counts = ThreadPoolExecutor(1, "zhiyu-cube")

    async def rounds(self) -> None:
        """Again and again."""
        while True:
            more, began = False, time.monotonic()
            for tenant, desk in self._site.desks.items():
                try:
                    more |= await self._count(tenant, desk)
                except Exception as error:  # the next round begins where the folder says
                    self._site.lines.failed(error, request_id="", route="counting")
                    self._cubes.pop(tenant, None)
            await asyncio.sleep((time.monotonic() - began) * (1 / SHARE - 1) if more else ROUND_S)

    async def cube(self, tenant: str, desk: Desk) -> Cube:
        """The tenant's cube, with everything that is on the disk now."""
        await desk.durable()
        while await self._count(tenant, desk):
            pass
        return self._cubes[tenant][1]

    async def _count(self, tenant: str, desk: Desk) -> bool:
        """A piece of one log; whether there is more."""
        async with self._turn:
            return await self._piece(tenant, desk)

    async def _piece(self, tenant: str, desk: Desk) -> bool:
        live = desk.live
        if desk.broken or desk.closing:
            return False
        known = self._cubes.get(tenant)
        if known is None or known[0] is not live:
            made = await self.aside(
                lambda: Cube(
                    live.folder, tenant, lambda policy: live.releases.open(policy, live.opened), live.log.first
                )
            )
            known = self._cubes[tenant] = live, made
        cube = known[1]
        frames = piece_of(live, max(cube.position, live.log.first))
        if frames:
            await self.aside(lambda: cube.take(frames))
        now = time.monotonic()
        if now - self._kept_s.setdefault(tenant, now) >= KEEP_S:
            self._kept_s[tenant] = now
            await self.aside(cube.keep)
        return bool(frames)

    async def aside(self, does: Callable[[], T]) -> T:
        """Do something in the thread that counts."""
        return await asyncio.get_running_loop().run_in_executor(self._counts, does)

    async def close(self) -> None:
        """Keep what was counted."""
        for _, cube in self._cubes.values():
            await self.aside(cube.keep)
        self._counts.shutdown()
