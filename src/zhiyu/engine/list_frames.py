"""Changes of lists and snoozes as the payload of one frame of the log: the lines of the journal of lists.

In: changes, the wall clock. Out: bytes; and from bytes the same changes. Every line gives the code, so that it means the same under any
policy, also one that no longer has the list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from zhiyu.engine.resumed_frames import StoredResumed
from zhiyu.events.list_changes import NEVER, ListChange, Snooze
from zhiyu.log.list_journal import coded_line
from zhiyu.log.list_line import moment


class _Stored(msgspec.Struct, array_like=True, gc=False):
    floor: int
    lines: bytes
    policy: bytes = b""
    resumed: list[StoredResumed] = []


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(slots=True)
class NotedLists:
    """Changes in the order in which they were made, one position of the log each. `floor`: the wall clock (ms), NO_CLOCK without one.

    `resumed`: what waited and was decided again because of them, under the `policy` of this hash ("" without any).
    """

    floor: int
    changes: list[ListChange | Snooze]
    policy: str = ""
    resumed: list[StoredResumed] = field(default_factory=list)

    @property
    def moment(self) -> int:
        """When all of them are in effect, ms."""
        return max(change.due_ms for change in self.changes)


def list_payload(note: NotedLists) -> bytes:
    """As they stand in the log."""
    lines = b"".join(map(coded_line, note.changes))
    return _ENCODE(_Stored(note.floor, lines, bytes.fromhex(note.policy), note.resumed))


def noted_lists(payload: bytes) -> NotedLists:
    """Read a payload back."""
    stored = _DECODE(payload)
    changes = [_change(msgspec.json.decode(line)) for line in stored.lines.splitlines()]
    return NotedLists(stored.floor, changes, stored.policy.hex(), stored.resumed)


def _change(line: dict[str, Any]) -> ListChange | Snooze:
    due = moment(line["time"])
    until = moment(line["until"]) if "until" in line else NEVER
    assert due is not None
    assert until is not None
    number = int(line["code"], 16)
    code = number - (1 << 64) if number >> 63 else number
    words = line.get("reason", ""), line.get("author", ""), line["shown"]
    if line["op"] == "snooze":
        return Snooze(due, line["rule"], line["field"], code, until, *words)
    return ListChange(due, line["list"], line["op"], code, until, *words)
