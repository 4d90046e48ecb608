"""Keyed codes of texts: SipHash-2-4 in 64 and 128 bits, for one text and for whole Arrow columns.

In: a 16-byte key per tenant and texts (UTF-8). Out: signed 64-bit codes (a STRING value of the register file) and
128-bit ids. Why SipHash: keyed, so a token says nothing without the tenant's key and nobody can choose colliding
texts; short inputs cost about 20 ns. Formula: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012); the
128-bit variant is their reference's. A null text has code 0 and a null mark beside it; the code alone never says
"null".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.jit import kernel

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

KEY_BYTES = 16
_C0, _C1 = np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D)
_C2, _C3 = np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573)
_13, _16, _17, _21, _32 = np.uint64(13), np.uint64(16), np.uint64(17), np.uint64(21), np.uint64(32)
_51, _48, _47, _43 = np.uint64(51), np.uint64(48), np.uint64(47), np.uint64(43)
_EE, _DD, _FF, _WIDE = np.uint64(0xEE), np.uint64(0xDD), np.uint64(0xFF), np.uint64(0)
_8, _56 = np.uint64(8), np.uint64(56)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_27, _30, _31 = np.uint64(27), np.uint64(30), np.uint64(31)


@kernel
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 += v1
    v1 = ((v1 << _13) | (v1 >> _51)) ^ v0
    v0 = (v0 << _32) | (v0 >> _32)
    v2 += v3
    v3 = ((v3 << _16) | (v3 >> _48)) ^ v2
    v0 += v3
    v3 = ((v3 << _21) | (v3 >> _43)) ^ v0
    v2 += v1
    v1 = ((v1 << _17) | (v1 >> _47)) ^ v2
    v2 = (v2 << _32) | (v2 >> _32)
    return v0, v1, v2, v3


@kernel
def siphash(
    data: Bytes, start: int, size: int, k0: np.uint64, k1: np.uint64, wide: bool
) -> tuple[np.uint64, np.uint64]:
    """SipHash-2-4 of `data[start:start + size]`: (64-bit hash, 0), or the (low, high) halves of 128 bits when
    `wide`.
    """
    v0, v1, v2, v3 = k0 ^ _C0, k1 ^ _C1, k0 ^ _C2, k1 ^ _C3
    if wide:
        v1 ^= _EE
    at = start
    for _ in range(size >> 3):
        word = np.uint64(0)
        for j in range(8):
            word |= np.uint64(data[at + j]) << np.uint64(8 * j)
        at += 8
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
    word = np.uint64(size & 255) << _56
    for j in range(size & 7):
        word |= np.uint64(data[at + j]) << np.uint64(8 * j)
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= word
    v2 ^= _EE if wide else _FF
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    low = v0 ^ v1 ^ v2 ^ v3
    if not wide:
        return low, np.uint64(0)
    v1 ^= _DD
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return low, v0 ^ v1 ^ v2 ^ v3


@kernel
def hash_texts(
    offsets: npt.NDArray[np.int32], data: Bytes, k0: np.uint64, k1: np.uint64, wide: bool, low: UInt64s, high: UInt64s
) -> None:
    """Hash every text of an Arrow string buffer pair into `low` (and `high` when `wide`)."""
    for i in range(low.shape[0]):
        a, b = siphash(data, offsets[i], offsets[i + 1] - offsets[i], k0, k1, wide)
        low[i] = a
        if wide:
            high[i] = b


@kernel
def fold_columns(
    values: npt.NDArray[np.int64], nulls: npt.NDArray[np.uint8], columns: Int64s, salts: UInt64s, out: UInt64s
) -> None:
    """Content hash of every row over some columns of [C, n] blocks; `salts` is a code per column, `out` uint64[n] is
    filled.

    A null adds nothing, so a new field that nobody sends changes no hash; the sum of splitmix64-finalised values does
    not depend on the order of columns.
    """
    out[:] = 0
    for j in range(columns.shape[0]):
        c, salt = columns[j], salts[j]
        for i in range(out.shape[0]):
            if nulls[c, i] == 0:
                x = np.uint64(values[c, i]) ^ salt
                x = (x ^ (x >> _30)) * _MIX1
                x = (x ^ (x >> _27)) * _MIX2
                x = ((x ^ (x >> _31)) + salt) * _MIX1
                out[i] += x ^ (x >> _30)


def text_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Offsets int32[n + 1] and bytes of a `pa.string()`/`pa.binary()` array, without copying.

    A null has an empty range. The bytes array has at least one element, so that kernels can take its address.
    """
    n = len(column)
    buffers = column.buffers()
    if n == 0 or buffers[1] is None:
        return np.zeros(n + 1, np.int32), np.zeros(1, np.uint8)
    offsets = np.frombuffer(buffers[1], np.int32, n + 1, column.offset * 4)
    data = buffers[2]
    if data is None or data.size == 0:
        return offsets, np.zeros(1, np.uint8)
    return offsets, np.frombuffer(data, np.uint8)


class Codes:
    """Texts to codes under one tenant's key.

    >>> codes = Codes(bytes(range(16)))
    >>> codes.one("device-1") == codes.one("device-1") != Codes(bytes(16)).one("device-1")
    True
    """

    __slots__ = ("_k0", "_k1", "key", "words")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key has {len(key)} bytes, it must have {KEY_BYTES}")
        self.key = key
        self._k0 = np.uint64(int.from_bytes(key[:8], "little"))
        self._k1 = np.uint64(int.from_bytes(key[8:], "little"))
        self.words: UInt64s = np.array([self._k0, self._k1], np.uint64)

    def one(self, text: str) -> int:
        """The signed 64-bit code of one text (its UTF-8 bytes)."""
        low, _ = self._hash(text, False)
        return low - (1 << 64) if low >> 63 else low

    def wide(self, text: str) -> tuple[int, int]:
        """The 128-bit code of one text as two unsigned halves (low, high)."""
        return self._hash(text, True)

    def _hash(self, text: str, wide: bool) -> tuple[int, int]:
        data = text.encode()
        view: Any = np.frombuffer(data or b"\0", np.uint8)
        return cast("tuple[int, int]", siphash(view, 0, len(data), self._k0, self._k1, wide))

    def column(self, column: pa.Array) -> Int64s:
        """Codes int64[n] of a `pa.string()` array; nulls get 0."""
        offsets, data = text_buffers(column)
        low = np.empty(len(column), np.uint64)
        hash_texts(offsets, data, self._k0, self._k1, False, low, low)
        codes = low.view(np.int64)
        if column.null_count:
            codes[column.is_null().to_numpy(zero_copy_only=False)] = 0
        return codes

    def many(self, texts: Sequence[str]) -> Int64s:
        """Codes int64[n] of a few texts in one call."""
        encoded = [text.encode() for text in texts]
        offsets = np.array(list(accumulate(map(len, encoded), initial=0)), np.int32)
        low = np.empty(len(encoded), np.uint64)
        hash_texts(offsets, np.frombuffer(b"".join(encoded) or b"\0", np.uint8), self._k0, self._k1, False, low, low)
        return low.view(np.int64)

    def wide_column(self, column: pa.Array) -> UInt64s:
        """128-bit codes uint64[n, 2] (low, high) of a `pa.string()` array without nulls."""
        offsets, data = text_buffers(column)
        low, high = np.empty(len(column), np.uint64), np.empty(len(column), np.uint64)
        hash_texts(offsets, data, self._k0, self._k1, True, low, high)
        return np.stack((low, high), axis=1)

    def derived(self, purpose: str) -> Codes:
        """Codes under a key made from this key and a purpose, so that two uses of one text never share a code."""
        low, high = self.wide(purpose)
        return Codes(int(low).to_bytes(8, "little") + int(high).to_bytes(8, "little"))
