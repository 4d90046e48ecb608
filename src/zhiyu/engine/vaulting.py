"""From records to the vault: sealed on the disk before anybody is answered, filed person by person beside the deciding.

In: records as they came, right before their frame is appended to the log. Out: the vault holds what stands behind their personal codes. On
the way of a decision a record is put in a queue, no more; when the log is synced, what is queued is sealed in one piece and synced beside
it; taking records apart is left to `filing.py`, later. An erasure stands in the queue among the records, so that what came before it is
destroyed and what comes after it is not.
After a power cut the log may hold records, acknowledged to nobody, whose piece did not reach the disk: when their sender sends them again,
they are known to the log, and sealed all the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, RLock, Thread
from typing import Any

from zhiyu.access.ciphers import CIPHERS
from zhiyu.access.vault import DAY_MS, Vault
from zhiyu.access.vault_keys import DataKeys
from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.filing import ERASE, NO_CUT, RECORDS, Entry, Filing, Head, packed
from zhiyu.engine.opened import Opened
from zhiyu.engine.outcome import Outcome
from zhiyu.events.batch import EventBatch
from zhiyu.log.disk import Disk
from zhiyu.log.intake import Intake
from zhiyu.log.segments import SegmentLog

EVERY_S = 1.0
"""How often what waits is filed."""
TIDY_EVERY_S = 600.0


class Vaulting:
    """Of one tenant's log. `opened_of`: a policy of the log by its hash; `keep_ms`: how long the vault keeps whoever is not seen again,
    None for good; `problem`: why it could not file, ""."""

    def __init__(
        self, vault: Vault, folder: Path, disk: Disk, log: SegmentLog, opened_of: Callable[[str], Opened], now: Callable[[], int]
    ) -> None:  # fmt: skip
        self.vault, self.problem = vault, ""
        self.keep_ms: int | None = None
        self._log, self._now = log, now
        self._queue: list[Entry] = []
        self._queue_lock, self._turn = Lock(), RLock()
        self._cut, self._key, self._cipher = log.position, b"", CIPHERS[vault.keys.opened(vault.keys.newest)[0]]
        self._syncer = ThreadPoolExecutor(1, "zhiyu-vault-sync")
        self._thread: Thread | None = None
        self._next_s = self._tidy_s = 0.0
        self._intake = Intake(folder / "intake", disk, self._begin, vault.mark("file"))
        self._filing = Filing(vault, self._intake, log, opened_of, now)
        self._doubtful = vault.doubt(range(self._filing.sealed_up_to + 1, log.position), log.first)
        if self._filing.left:
            self._intake.begin()  # says up to where the pieces before it are in the log
            self._intake.sync()

    def seal(
        self, opened: Opened, source: str, bodies: Sequence[bytes], first: int, batch: EventBatch, outcome: Outcome
    ) -> None:  # fmt: skip
        """Records out of `bodies`, the first of which has position `first`, that the log takes next."""
        holding = opened.persons
        if not holding or outcome.judged is None:
            return
        status, kinds = outcome.judged.status.tolist(), batch.type_index.tolist()
        rows = [at for at, position in enumerate(batch.positions.tolist()) if not status[at] and kinds[at] in holding]
        positions = batch.positions.tolist()
        name, entries = opened.artifact.hash, []
        if rows:
            own = [bodies[positions[row] - first] for row in rows]
            entries.append(Entry(RECORDS, positions[rows[0]], name, source, own))
        for position, known in outcome.repeats if self._doubtful else ():
            if any(known in each for each in self._doubtful):
                entries.append(Entry(RECORDS, known, name, source, [bodies[position - first]]))
        with self._queue_lock:
            self._queue += entries

    def erase(self, person: int, position: int) -> None:
        """Everything of a person that came before this, which the log takes at a position, is destroyed when it is filed."""
        with self._queue_lock:
            self._queue.append(Entry(ERASE, position, person=person))

    def begin_sync(self) -> Callable[[], None] | None:
        """Begin to seal what is queued and to write it to the disk; the function returned waits for it. None when nothing is. OSError."""
        with self._queue_lock:
            entries, self._queue = self._queue, []
        return self._syncer.submit(self._write, entries).result if entries else None

    def work(self) -> None:
        """Begin to file what waits, once a second, in a thread."""
        now = time.monotonic()
        if now < self._next_s or (self._thread is not None and self._thread.is_alive()):
            return
        self._next_s = now + EVERY_S
        if self._to_do or now >= self._tidy_s:
            self._thread = Thread(target=self._work, name="zhiyu-vault", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """File everything that the log has on the disk, now: what is asked of the vault afterwards is all there. ZhiyuError, OSError."""
        if self._to_do:
            with self._filing.hurried(), self._turn:
                self._file()

    def rotate(self) -> int:
        """A fresh data key from now on; its number. The keys of all people are wrapped under it beside the deciding, then the older data
        keys are destroyed."""
        with self._filing.hurried(), self._turn:
            return self.vault.keys.rotate()

    @property
    def _to_do(self) -> bool:
        return self._intake.waiting or len(self.vault.keys.numbers) > 1

    def _file(self) -> None:
        """An older data key goes when nothing is sealed under it any more, neither here nor in the vault."""
        if self._filing.file_all() and len(self.vault.keys.numbers) > 1:
            while self.vault.rewrap():
                pass

    def facts(self) -> dict[str, Any]:
        """What the vault holds, whether anything waits to be filed, and what went wrong."""
        facts = self.vault.facts()
        return facts | {
            "unfiled": bool(self._queue) or self._intake.waiting,
            "problem": self.problem or facts["problem"],
        }

    def tidy(self) -> None:
        """Let go of whoever was not seen for as long as was promised."""
        while self.keep_ms is not None and self.vault.expire((self._now() - self.keep_ms) // DAY_MS):
            pass

    def close(self) -> None:
        """Stop filing; what is not filed stays sealed on the disk."""
        self._filing.stop()
        if self._thread is not None:
            self._thread.join()
        self._syncer.shutdown()
        self._intake.close()
        self.vault.close()

    def _write(self, entries: list[Entry]) -> None:
        position = max(entry.position for entry in entries)
        self._intake.append(
            position, lambda: self._cipher.seal(self._key, packed(entries), self._filing.about(position))
        )
        self._intake.sync()

    def _begin(self) -> bytes:
        """The first piece of a file: its own key, wrapped, and from which position on earlier files hold what nobody was told of."""
        number = self.vault.keys.newest
        name, data_key = self.vault.keys.opened(number)
        self._cipher = CIPHERS[name]
        self._key = os.urandom(self._cipher.key_bytes)
        cut, self._cut = self._cut, NO_CUT
        return Head(number, self._cipher.seal(data_key, self._key, self._filing.about(-1)), cut).to_bytes()

    def _work(self) -> None:
        try:
            with self._turn:
                self._file()
            if time.monotonic() >= self._tidy_s:
                self._tidy_s = time.monotonic() + TIDY_EVERY_S
                self.tidy()
            self.problem = ""
        except (ZhiyuError, OSError, ValueError) as wrong:  # what waits stays, and is tried again
            self.problem = f"{type(wrong).__name__}: {wrong}"


def open_vaulting(
    folder: Path, masters: Path, disk: Disk, tenant: str, log: SegmentLog, opened_of: Callable[[str], Opened], now: Callable[[], int]
) -> Vaulting:  # fmt: skip
    """The vault in a tenant's folder, under the file of master keys. InputError when they do not fit."""
    own = folder / "vault"
    return Vaulting(Vault(own, DataKeys(tenant, own, masters)), own, disk, log, opened_of, now)
