"""Which policy decides behind a log: released at once or after it has counted, and rolled back.

In: policies. Out: the engine of the one in force; a `Warming` while another counts from the log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.engine.durable import Durable
from zhiyu.engine.held_over import require_nodes
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release
from zhiyu.engine.takeover import taken_over, unlike
from zhiyu.engine.warming import Warming, missing_before, start_of


class InForce(Durable):
    """Releases policies. `warming`: the one that counts, for the reason `warming_why`; `counted_since_ms`: from when on, where the log
    lacked some of its past, else 0."""

    def __init__(self, folder: Path, opened: Opened, **settings: Any) -> None:
        super().__init__(folder, opened, **settings)
        self.warming: Warming | None = None
        self.warming_why = self._warming_by = ""
        self.counted_since_ms = 0

    def _go_on(self, opened: Opened) -> None:
        """Release what the folder brings, when that is new; else go on with what came over the wire and was counting at the end."""
        waiting = self.releases.waiting()
        if opened.artifact.hash not in (self.opened.artifact.hash, self.releases.folder_hash):
            self.release(opened)
        elif waiting is not None and waiting[1]:
            self.release(self._opened_of(waiting[0]), waiting[1])

    def release(self, opened: Opened, by: str = "") -> Release | None:
        """Let another policy decide. It is in force at once when it counts what this one counts, and its `Release` is returned; else None:
        it counts from the log while `work` is called, also after a restart, and is in force when it has caught up. A later release replaces
        one that waits. `by`: who released it, "" for the folder that the server was started with."""
        self._require_working()
        self.warming = None
        if opened.artifact.hash == self.opened.artifact.hash:
            self.releases.wait_for(None)
            return self.releases.current
        why = self.why_not_at_once(opened)
        if not why:
            require_nodes(self.engine, opened)
            return self._put_in_force(opened, by)
        received = int(self.engine.door.clock[0])
        self.releases.wait_for(opened, by)
        start = start_of(self.log, opened, received)
        self.warming = Warming(self.log, opened, start, self._opened_of)
        self.warming_why, self._warming_by = why, by
        self.counted_since_ms = missing_before(self.log, opened, received, start)
        return None

    def why_not_at_once(self, opened: Opened) -> str:
        """Why a policy would have to count from the log before it is in force; "" when it would be in force at once."""
        return unlike(self.engine.compiled, opened.compiled)

    def roll_back(self, by: str = "") -> Release | None:
        """Let the policy decide again that decided before the one in force; as `release` says. InputError when there was none."""
        before = self.releases.previous
        if before is None:
            raise InputError("there is no earlier release to go back to", "没有可回退的更早版本")
        return self.release(self._opened_of(before.hash), by)

    def _put_in_force(self, opened: Opened, by: str, warmed: Warming | None = None) -> Release:
        self.releases.store(opened.artifact)
        with self._breaking():
            release = self.releases.write(
                opened, warmed.start if warmed else -1, by, warmed is not None and warmed.carried
            )
        self.sync()
        self.engine = taken_over(self.engine, opened, warmed.engine if warmed else None)
        self.opened, self.warming = opened, None
        self._answers_of(opened)
        self.snapshot()
        return release

    def facts(self) -> dict[str, int | float | str]:
        """Counts for metrics and readiness."""
        return super().facts() | {"counted_since_ms": self.counted_since_ms}
