"""The thread that waits for the disk, so that the event loop does not.

In: numbers of batches that were taken. Out: a call in the loop when everything up to a number is durable. No timer: the next sync begins
when the last one ends, and carries whatever was written until then.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol


class Syncs(Protocol):
    """What is waited for."""

    def sync(self) -> int:
        """Return when everything taken before is on the disk."""


class Syncing:
    """One thread over one `Live`. `ticket` counts batches taken, from `first` on; `done(ticket, seconds)` and `failed(error)` are called in
    the loop."""

    def __init__(
        self, live: Syncs, done: Callable[[int, float], None], failed: Callable[[BaseException], None], first: int = 0
    ) -> None:
        self.ticket = first
        self._live, self._done, self._failed = live, done, failed
        self._loop = asyncio.get_running_loop()
        self._asked: SimpleQueue[int] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="zhiyu-sync", daemon=True)
        self._thread.start()

    def ask(self) -> int:
        """Have everything taken so far made durable; returns its number."""
        self.ticket += 1
        self._asked.put(self.ticket)
        return self.ticket

    def stop(self) -> None:
        """Finish the sync under way, and end. Blocks for as long as that takes."""
        self._asked.put(-1)
        self._thread.join()

    def _run(self) -> None:
        synced = 0
        while (asked := self._asked.get()) >= 0:
            if asked <= synced:
                continue
            synced = self.ticket
            began = time.perf_counter()
            try:
                self._live.sync()
            except BaseException as failed:  # whatever it was: nothing after the last sync may be acknowledged
                self._tell(self._failed, failed)
                return
            self._tell(self._done, synced, time.perf_counter() - began)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)
