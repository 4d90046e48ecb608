"""A file of events, sent to a server batch by batch: read ahead in a thread, in order, one request at a time.

In: a file, a client. Out: `Sent`: how many were decided how, known already, refused; refused ones in a file of their own. The server's
answer is waited for before the next batch goes out: that is the back-pressure, and what keeps the order.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import IO, Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from zhiyu.client import Client, Refused
from zhiyu.events.batch import RawBatch
from zhiyu.events.refusals import Refusal
from zhiyu.log.event_file import EventFile

AHEAD = 3
"""Batches read and encoded while the server works."""
MAX_BYTES = 8 << 20
"""Bytes of one request; records that need more go in several."""


@dataclass(slots=True)
class Sent:
    """What became of the records. `records`: all that were answered or refused, so that sending can go on behind them."""

    records: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    ids_by_position: bool = False
    dead_letters: Path | None = None

    @property
    def per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "records": self.records, "decided": dict(self.decided), "reasons": dict(self.reasons.most_common()), "taken": self.taken,
            "repeated": self.repeated, "refused": dict(self.refused.most_common()), "seconds": round(self.seconds, 3),
            "per_s": round(self.per_s), "dead_letters": str(self.dead_letters) if self.dead_letters else None,
        }  # fmt: skip


@dataclass(slots=True)
class _Batch:
    """`lines`: line of each record of the body; `refusals`: lines that are no record; `done`: share of the file that is read."""

    body: bytes
    lines: list[int]
    refusals: list[Refusal]
    done: float


class Sending:
    """Sends `file` through `client`, to be read as the declared `source`. `skip`: records that are left out at the begin."""

    def __init__(
        self, client: Client, file: EventFile, dead_letters: Path, source: str = "", skip: int = 0, facts: bool = False,
        heard: Callable[[dict[str, Any]], None] = lambda answer: None,
    ) -> None:  # fmt: skip
        """`heard` is told each decision as the server gave it."""
        self.sent, self._heard = Sent(), heard
        self._client, self._file, self._skip, self._facts = client, file, skip, facts
        self._path = "/v1/events" if facts else "/v1/decisions:batch"
        self._source = source
        if source:
            self._path += f"?source={quote(source, safe='')}"
        self._letters_path = dead_letters
        self._letters: IO[bytes] | None = None
        self._queue: Queue[_Batch | BaseException | None] = Queue(AHEAD)
        self._stopped = False

    def run(self, seen: Callable[[float], None] = lambda done: None) -> Sent:
        """Send everything; `seen` is told the share that is done. Refused when the server takes no batch at all; Unavailable."""
        began = time.monotonic()
        thread = threading.Thread(target=self._read, name="zhiyu-send", daemon=True)
        thread.start()
        try:
            while (batch := self._queue.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                self._send(batch)
                self.sent.seconds = time.monotonic() - began
                seen(batch.done)
        finally:
            self._stopped = True
            if self._letters is not None:
                self._letters.close()
        return self.sent

    def _read(self) -> None:
        """Read ahead; whatever goes wrong is raised where the batches are taken."""
        try:
            for batch in self._batches():
                self._queue.put(batch)
                if self._stopped:
                    return
            self._queue.put(None)
        except BaseException as wrong:
            self._queue.put(wrong)

    def _batches(self) -> Iterator[_Batch]:
        left = self._skip
        for raw in self._file:
            records, lines, refusals = _records(raw), _lines(raw), raw.refusals
            count = len(records) + len(refusals)
            if left >= count:
                left -= count
                continue
            if left:
                whole = sorted([*lines, *(refusal.line for refusal in refusals)])
                first = whole[left]
                records = [record for record, line in zip(records, lines) if line >= first]
                lines = [line for line in lines if line >= first]
                refusals, left = [refusal for refusal in refusals if refusal.line >= first], 0
            yield from _cut(records, lines, refusals, self._file.progress())

    def _send(self, batch: _Batch) -> None:
        if batch.lines:
            headers = {"content-type": "application/x-ndjson"}
            reply = self._client.ask("POST", self._path, batch.body, headers)
            content = reply.json()
            if reply.status >= 400:
                raise Refused(reply.status, content if isinstance(content, dict) else {})
            self._take(content, batch.lines)
        for refusal in batch.refusals:
            told = {"code": refusal.code, "field": refusal.field, "detail_en": refusal.en, "detail_zh": refusal.zh}
            self._bury(refusal.line, told)
        self.sent.records += len(batch.lines) + len(batch.refusals)

    def _take(self, content: dict[str, Any], lines: list[int]) -> None:
        if self._facts:
            self.sent.taken += content["taken"]
            self.sent.repeated += content["repeated"]
            for problem in content["refused"]:
                self._bury(lines[problem["line"] - 1], problem)
            return
        for line, answer in zip(lines, content["answers"]):
            if "detail_en" in answer:
                self._bury(line, answer)
            elif answer.get("repeated"):
                self.sent.repeated += 1
            elif answer["status"] == "decided":
                self.sent.decided[answer["outcome"]] += 1
                self.sent.reasons.update(answer["reasons"])
                self._heard(answer)
            else:
                self.sent.taken += 1
        first = content["answers"][0]
        if self._source and first.get("id") == f"{self._source}:{first.get('position')}":
            self.sent.ids_by_position = True

    def _bury(self, line: int, problem: dict[str, Any]) -> None:
        """Line and reason only: the record stands in the file, and is about a person."""
        self.sent.refused[problem["code"]] += 1
        if self._letters is None:
            self._letters = self._letters_path.open("wb")
            self.sent.dead_letters = self._letters_path
        kept = {name: problem[name] for name in ("code", "field", "detail_en", "detail_zh") if name in problem}
        self._letters.write(msgspec.json.encode({"line": line, **kept}) + b"\n")


def _records(raw: RawBatch) -> list[bytes]:
    """One JSON object per record."""
    if raw.columns is not None:
        rows = pa.Table.from_arrays(list(raw.columns.values()), names=list(raw.columns)).to_pylist()
    else:
        rows = list(raw.records or ())
    return [msgspec.json.encode(row) for row in rows]


def _lines(raw: RawBatch) -> list[int]:
    positions, lines = raw.where()
    found: list[int] = (lines if lines.any() else positions + 1).tolist()
    return found


def _cut(records: list[bytes], lines: list[int], refusals: list[Refusal], done: float) -> Iterator[_Batch]:
    """Requests of at most MAX_BYTES."""
    start = size = 0
    for at, record in enumerate(records):
        if size and size + len(record) + 1 > MAX_BYTES:
            yield _Batch(b"\n".join(records[start:at]), lines[start:at], [], done)
            start, size = at, 0
        size += len(record) + 1
    yield _Batch(b"\n".join(records[start:]), lines[start:], refusals, done)
