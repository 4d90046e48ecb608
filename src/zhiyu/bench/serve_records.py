"""The benchmark stream as a client sends it: JSON, with texts and times as people write them.

In: how many. Out: bytes of one event each, under ids that never repeat, time moving on from call to call.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.bench.policy import CHANNELS, COUNTRIES, KEYS
from zhiyu.bench.stream import CHUNK, Stream

EVENTS_30D = 2_000_000
_START = b'{"type":"payment","id":"%b%010d","time":"%bZ",'
_END = b',"amount":%d.%02d,"channel":"%b","country":%b,"age":%b,"known_device":%b}'


class Records:
    """Events in order, from event `first` of a stream on. `name` stands before their numbers, so that two senders do not meet."""

    def __init__(self, name: str, stream: Stream | None = None, first: int = 0) -> None:
        self._stream = stream or Stream(EVENTS_30D, EVENTS_30D)
        self._name, self._next = name.encode(), first
        self._number, self._chunk = -1, dict[str, Array]()

    def take(self, count: int) -> list[bytes]:
        """The next ones.

        >>> [one] = Records("a").take(1)
        >>> one[:35]
        b'{"type":"payment","id":"a0000000000'
        """
        found: list[bytes] = []
        while len(found) < count:
            number, start = divmod(self._next, CHUNK)
            stop = min(CHUNK, start + count - len(found))
            if number != self._number:
                self._number, self._chunk = number, self._stream.chunk(number)
            found += self._lines(start, stop)
            self._next += stop - start
        return found

    def _lines(self, start: int, stop: int) -> list[bytes]:
        rows = {name: column[..., start:stop] for name, column in self._chunk.items()}
        times = np.datetime_as_string(rows["time"].astype("datetime64[ms]")).astype(bytes).tolist()
        keys = [_texts(key, rows[key]) for key in KEYS]
        fen, channel, country = rows["amount"].tolist(), rows["channel"].tolist(), rows["country"].tolist()
        age, known = rows["age"].tolist(), rows["known_device"].tolist()
        no_country, no_age, no_known = rows["missing"].tolist()
        return [
            _START % (self._name, self._next + at, times[at])
            + b",".join([column[at] for column in keys])
            + _END % (
                fen[at] // 100, fen[at] % 100, CHANNELS[channel[at]].encode(),
                b"null" if no_country[at] else b'"%b"' % COUNTRIES[country[at]].encode(), b"null" if no_age[at] else b"%d" % age[at],
                b"null" if no_known[at] else (b"true" if known[at] else b"false"),
            )
            for at in range(stop - start)
        ]  # fmt: skip


def _texts(key: str, column: Array) -> list[bytes]:
    """`"customer":"c1f…"` for every row."""
    head = f'"{key}":"{key[0]}'.encode()
    return [b'%b%x"' % (head, value & 0xFFFFFFFFFFFF) for value in column.tolist()]
