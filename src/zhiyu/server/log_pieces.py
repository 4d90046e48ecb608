"""The log a piece at a time, for whoever follows it beside the deciding.

In: a position. Out: the next frames that are on the disk, no more than are read in a moment.
"""

from __future__ import annotations

from zhiyu.engine.live import Live
from zhiyu.log.frames import Frame

PIECE_FRAMES, PIECE_BYTES = 64, 1 << 20
"""Frames that are taken at a time, and how many bytes of them."""


def piece_of(live: Live, position: int) -> list[Frame]:
    """A few frames that are on the disk, from a position on."""
    found: list[Frame] = []
    size = 0
    while len(found) < PIECE_FRAMES and size < PIECE_BYTES:
        frame = live.log.frame_from(position)
        if frame is None or frame.header.next > live.log.durable:
            break
        found.append(frame)
        position, size = frame.header.next, size + frame.header.size
    return found
