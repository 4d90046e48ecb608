"""A text file in another encoding than UTF-8, read as UTF-8.

In: a binary stream and the name of an encoding. Out: a stream of UTF-8 bytes. Bytes that the encoding does not know stay as they are: they
are no UTF-8 either, so the one row that holds them is refused, and no other.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO


class Transcoded:
    """A readable stream.

    >>> import io
    >>> Transcoded(io.BytesIO("金额\\n".encode("gbk")), "gbk").read().decode()
    '金额\\n'
    """

    closed = False

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._done = False

    def read(self, size: int = -1) -> bytes:
        """About `size` bytes; empty only at the end."""
        while not self._done:
            block = self._stream.read(size)
            self._done = not block
            found = self._decoder.decode(block, final=self._done).encode("utf-8", "surrogateescape")
            if found:
                return found
        return b""

    def close(self) -> None:
        """Close the stream below."""
        self.closed = True
        self._stream.close()
