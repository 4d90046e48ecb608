"""Log lines: one JSON object each, on standard error, with nothing that is secret or personal.

In: names of events and their fields. Out: lines. Only what is listed here is ever written: request id, route (never the address that was
asked for, it may hold an id), status, code, the name of a declared field (never its value, never a name of the caller's own), key id,
tenant, times. Of an unexpected exception the kind and the places in the code are told, not its message, which may quote data. More than 100
lines a second are counted instead of written.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

MAX_LINES_A_SECOND = 100
_FRAMES = 8


class LogLines:
    """Writes JSON lines to a stream."""

    def __init__(self, out: TextIO | None = None, wall: Callable[[], float] = time.time) -> None:
        self._out, self._wall = out or sys.stderr, wall
        self._second, self._written, self._left_out = 0, 0, 0

    def write(self, what: str, level: str = "info", **facts: str | int | float | bool) -> None:
        """One line: time, level, what, and the facts that are not empty."""
        now = self._wall()
        if not self._admit(int(now), level):
            return
        self._put(now, level, what, facts)

    def left_out(self) -> bool:
        """Whether a line of level info is one too many in this second; then it is counted as left out. Cheaper than `write` to find out."""
        if self._written <= MAX_LINES_A_SECOND or int(self._wall()) != self._second:
            return False
        self._left_out += 1
        return True

    def failed(self, error: BaseException, **facts: str | int) -> None:
        """An error nobody expected: its kind and where it came from."""
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
        self.write("unexpected", "error", kind=type(error).__name__, places=places, **facts)

    def _admit(self, second: int, level: str) -> bool:
        if second != self._second:
            left_out, self._left_out = self._left_out, 0
            self._second, self._written = second, 0
            if left_out:
                self._put(float(second), "warning", "lines_left_out", {"count": left_out})
        self._written += 1
        if self._written > MAX_LINES_A_SECOND and level == "info":
            self._left_out += 1
            return False
        return True

    def _put(self, now: float, level: str, what: str, facts: dict[str, Any]) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        line = {"time": stamp, "level": level, "event": what} | {k: v for k, v in facts.items() if v != ""}
        self._out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._out.flush()


class ServerMessages(logging.Handler):
    """Takes what the HTTP server below us logs: its kind, never its text."""

    def __init__(self, lines: LogLines) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """The template of the message, without what was filled in."""
        self._lines.write("http_server", record.levelname.lower(), message=str(record.msg).splitlines()[0][:120])
