"""The dead-letter file: every refused event as one NDJSON line, so that the sender can correct and send it again.

In: refusals. Out: a file with {position, line, id, field, code, en, zh, record}; personal fields of the record are
masked, columns that no declaration names are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from zhiyu.events.refusals import Refusal


class DeadLetters:
    """Writes refusals; a context manager. An existing file is replaced. `count` is the number written.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "dead.ndjson"
    >>> with DeadLetters(file) as dead:
    ...     dead.write([Refusal(7, "e1", "amount", "missing", "is required", "必填")])
    >>> dead.count
    1
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self.count = Path(path), 0
        self._file = self.path.open("wb")
        self._encoder = msgspec.json.Encoder()

    def write(self, refusals: Iterable[Refusal]) -> None:
        """Append refusals in the order given."""
        for r in refusals:
            line = {
                "position": r.position, "line": r.line, "id": r.event_id, "field": r.field, "code": r.code,
                "en": r.en, "zh": r.zh, "record": dict(r.record),
            }  # fmt: skip
            self._file.write(self._encoder.encode(line) + b"\n")
            self.count += 1

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> DeadLetters:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
