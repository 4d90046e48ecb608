"""Events before they have texts: parallel arrays of small numbers, gathered piece by piece.

In: pieces of one type of event each. Out: `Core`, all events sorted by time. What `a`, `b` and `number` mean depends on the type;
`render` knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.simulation.lender.chance import Chance, Ints

TYPES = (
    "device_session", "registration", "log_in", "identity_step", "application", "contract", "limit_price", "limit_adjustment",
    "account_change",
    "draw_down", "payment", "transfer", "repayment", "overdue", "relief", "collection_contact", "call_in", "call_out", "message",
    "complaint", "report",
    "person", "list_change",
)  # fmt: skip
NUMBER = {name: number for number, name in enumerate(TYPES)}
KINDS = (
    "", "batch", "forged", "impersonation", "takeover", "intermediary", "multi_lender", "cash_out", "remote_large",
    "abnormal_use", "scam_victim",
    "proxy_complaint",
)  # fmt: skip
"""Kinds of fraud by number, 0 for none."""
KIND = {name: number for number, name in enumerate(KINDS)}

EMULATOR, ROOTED, PROXY, REMOTE, ON_CALL, FAILED, GRANTED, SELF, REPRESENTED = (1 << bit for bit in range(9))
"""Bits of `flags`."""
COLUMNS: dict[str, Any] = {
    "time": np.int64, "type": np.int8, "person": np.int32, "device": np.int32, "ip": np.uint32, "lat": np.int32, "lon": np.int32,
    "city": np.int8,
    "channel": np.int8, "flags": np.int16, "length_ms": np.int32, "amount": np.int64, "a": np.int32, "b": np.int32, "number": np.int64,
    "kind": np.int8, "gang": np.int32, "about": np.int64,
}  # fmt: skip
DEFAULTS = {
    "device": -1,
    "city": -1,
    "channel": -1,
    "amount": -1,
    "a": -1,
    "b": -1,
    "number": -1,
    "gang": -1,
    "about": -1,
    "length_ms": -1,
}


@dataclass(frozen=True)
class Core:
    """All events in order of time: one array per column of `COLUMNS`; `about` is the place of another event in this order, -1 for none."""

    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.columns["time"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]


class Rows:
    """Gathers events. `add` gives the ordinals of the new ones, for reports about them."""

    def __init__(self) -> None:
        self.pieces: list[dict[str, NDArray[Any]]] = []
        self.count = 0

    def add(self, kind_of_event: str, time: Ints, person: Any, **given: Any) -> Ints:
        """Append events of one type; what is not given is missing."""
        n = len(time)
        piece: dict[str, NDArray[Any]] = {
            "time": np.asarray(time, np.int64),
            "type": np.full(n, NUMBER[kind_of_event], np.int8),
        }
        given["person"] = person
        for name, dtype in COLUMNS.items():
            if name not in piece:
                piece[name] = np.broadcast_to(np.asarray(given.pop(name, DEFAULTS.get(name, 0))), (n,)).astype(dtype)
        assert not given, given
        self.pieces.append(piece)
        self.count += n
        return np.arange(self.count - n, self.count)

    def get(self, name: str) -> NDArray[Any]:
        """One column of everything so far."""
        return np.concatenate([piece[name] for piece in self.pieces])

    def sorted(self, chance: Chance, until: int, kind: Ints, gang: Ints) -> Core:
        """Everything from 0 up to `until` in order of time; events of one millisecond in an order that says nothing.

        `kind` and `gang` by ordinal.
        """
        time = self.get("time")
        kept = np.flatnonzero((time >= 0) & (time < until))
        tie = chance.bits("tie", kept)
        order = kept[np.lexsort((tie, time[kept]))]
        place = np.full(self.count, -1, np.int64)
        place[order] = np.arange(len(order))
        columns = {}
        for name in COLUMNS:
            columns[name] = (kind if name == "kind" else gang if name == "gang" else self.get(name))[order]
            for piece in self.pieces:
                del piece[name]
        about = columns["about"]
        columns["about"] = np.where(about >= 0, place[about], -1)
        return Core(columns)
