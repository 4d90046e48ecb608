"""A data folder as a server leaves it: three releases, labels, a change of a list, snapshots, several segments; the answers given."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.live_stream import live_opened, records
from tests.engine.test_live import serve
from zhiyu.engine.live import DECIDED, Label, Live
from zhiyu.entities.lists import NEVER
from zhiyu.features.declare import Feature
from zhiyu.log.list_file import Row

KEY = b"0123456789abcdef"
WARMED = Feature(name="max_6h", aggregate="max", of="amount", by="card", over="6h", on=("payment",))


@dataclass
class Folder:
    """`answers`: what was told, in order; `root`: the folder given as --data."""

    root: Path
    answers: list[dict[str, Any]]

    @property
    def receipts(self) -> list[str]:
        """Of every decision, in order."""
        return [answer["receipt"] for answer in self.answers]

    def file(self, pattern: str, number: int = 0) -> Path:
        """One file of the tenant, by pattern and number in order."""
        return sorted((self.root / "default").glob(pattern))[number]

    def flip(self, path: Path, at: int, bit: int = 0) -> None:
        """Change one bit of a file."""
        content = bytearray(path.read_bytes())
        content[at] ^= 1 << bit
        path.write_bytes(content)


def made(
    root: Path, snapshots_at: tuple[int, ...] = (120, 260), kept: int = 99, count: int = 400, packed: bool = False
) -> Folder:  # fmt: skip
    """`count` records through a live engine whose policy changes twice: once taking over, once warming. `packed`: in the end all closed
    segments are; else none is."""
    opened = live_opened()
    live = Live(root / "default", opened, clock="events", segment_bytes=30_000, snapshot_events=10**9)
    live.snapshots.kept = kept
    live.packing.finish(stop=not packed)
    told, bodies = [], records(21, count)
    releases = {150: live_opened(limit=300), 300: live_opened(extra=(WARMED,), when="max_6h > 550")}
    stops = sorted({*snapshots_at, *releases, len(bodies)})
    begun = 0
    for stop in stops:
        told += [json.loads(a.body) for a in serve(live, bodies[begun:stop]) if a.kind == DECIDED]
        begun = stop
        if stop == 150:
            live.label([Label(event=answer["id"], fraud=True) for answer in told[5:9]])
            row = Row(1, "c2")
            live.change_lists(live.list_changes().bring("watched_cards", [row], live.moment(), NEVER).changes)
        if stop in releases:
            live.release(releases[stop])
            while live.work():
                pass
            live.snapshots.poll(wait=True)
        if stop in snapshots_at:
            live.snapshot(wait=True)
    while live.packing.work(wait=True):
        pass
    live.log.close()
    os.close(live._lock)
    return Folder(root, told)
