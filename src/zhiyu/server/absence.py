"""What works with the records in rounds tells in the log that they went away, and that they are back: once each.

In: the log lines, who tells. Out: lines `records_away` and `records_back`.
"""

from __future__ import annotations

from zhiyu.server.log_lines import LogLines


class Absence:
    """Of one part of the server; `of`: what waits meanwhile."""

    def __init__(self, lines: LogLines, of: str) -> None:
        self._lines, self._of, self.away = lines, of, False

    def gone(self) -> None:
        """The records did not answer."""
        if not self.away:
            self._lines.write("records_away", "error", waits=self._of)
        self.away = True

    def back(self) -> None:
        """A whole round was done."""
        if self.away:
            self._lines.write("records_back", waits=self._of)
        self.away = False
