"""Numbers become texts, a column at a time: codes, telephone, card and identity numbers, addresses of networks, places.

In: integer arrays. Out: byte matrices uint8[k, width], with `keep` where texts differ in length; `column` makes an Arrow array of them.
Numbers are right in form and belong to nobody: telephone prefixes that are not given out, an issuer range that no bank has, regions beyond
those of GB/T 2260, networks of 240.0.0.0/4, mail domains kept for examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhiyu.simulation.lender.chance import Bools, Chance, Ints, permuted

Bytes = NDArray[np.uint8]
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
PHONE_PREFIXES = np.array([160, 161, 163, 164, 168, 169])
PHONES, CARDS, IDENTITIES = 600_000_000, 1_000_000_000, 10_000_000
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECKS = np.frombuffer(b"10X98765432", np.uint8)
FIRST_THING = 600_000_000
"""From here on, numbers stand for things that are nobody's."""


def codes(prefix: str, seed: int, word: str, *numbers: Any) -> Bytes:
    """A letter and sixteen hexadecimal digits per element, one-to-one in a single number."""
    value = Chance(seed).bits(word, *numbers)
    shifts = np.arange(60, -4, -4, dtype=np.uint64)
    digits = HEX[((value[:, None] >> shifts) & np.uint64(15)).astype(np.int64)]
    return np.hstack([np.full((len(value), 1), ord(prefix), np.uint8), digits])


def event_ids(seed: int, place: Ints) -> Bytes:
    """Ids of events by their place in time: a scramble that never repeats and says nothing about the place."""
    return codes("e", seed, "event id", place)


def phones(seed: int, who: Ints) -> Bytes:
    """Mobile numbers of people and things."""
    slot = np.where(who >= FIRST_THING, 500_000_000 + (who - FIRST_THING) % 90_000_000, who)
    number = permuted(slot, PHONES, seed, "phone")
    return digits(PHONE_PREFIXES[number // 100_000_000] * 100_000_000 + number % 100_000_000, 11)


def cards(seed: int, which: Ints) -> Bytes:
    """Card numbers of sixteen digits with a Luhn check digit."""
    number = permuted(which, CARDS, seed, "card")
    body = digits(990_000_000_000_000 + bank_of(seed, which) * 1_000_000_000 + number, 15)
    value = (body - 48).astype(np.int64)
    value[:, ::2] *= 2
    value = np.where(value > 9, value - 9, value)
    check = (10 - value.sum(axis=1) % 10) % 10
    return np.hstack([body, (48 + check[:, None]).astype(np.uint8)])


def bank_of(seed: int, which: Ints) -> Ints:
    """The number of the bank that issued a card."""
    return Chance(seed).pick("bank", (24, 18, 14, 10, 9, 8, 6, 5, 4, 2), which)


def identities(seed: int, who: Ints, age: Ints, gender: Ints, year: int) -> Bytes:
    """Identity numbers: region, birth date, sequence, check character (GB 11643)."""
    chance = Chance(seed)
    number = permuted(who, IDENTITIES, seed, "identity")
    region = 920_000 + number // 1_000 % 10_000 + 10_000 * chance.below("region", 4, who)
    month, day = 1 + chance.below("birth month", 12, who), 1 + chance.below("birth day", 28, who)
    birth = (year - 1 - age) * 10_000 + month * 100 + day
    sequence = number % 500 * 2 + np.where(gender == 0, 1, 0)  # odd: male
    region = region + number % 1_000 // 500 * 40_000
    body = np.hstack([digits(region, 6), digits(birth, 8), digits(sequence, 3)])
    check = CHECKS[((body.astype(np.int64) - 48) @ WEIGHTS) % 11]
    return np.hstack([body, check[:, None]])


def networks(address: NDArray[np.uint32]) -> tuple[Bytes, Bools]:
    """Dotted addresses; `keep` leaves out leading zeros."""
    parts, kept = [], []
    for shift in (24, 16, 8, 0):
        octet = (address >> np.uint32(shift)).astype(np.int64) & 255
        parts.append(digits(octet, 3))
        kept.append(np.stack([octet > 99, octet > 9, octet >= 0], axis=1))
        if shift:
            parts.append(np.full((len(address), 1), 46, np.uint8))
            kept.append(np.ones((len(address), 1), np.bool_))
    return np.hstack(parts), np.hstack(kept)


def places(lat: Ints, lon: Ints) -> tuple[Bytes, Bools]:
    """Latitude and longitude in degrees with a comma, from millionths; both are positive here."""
    n = len(lat)
    dot, comma = (np.full((n, 1), code, np.uint8) for code in (46, 44))
    text = np.hstack(
        [
            digits(lat // 1_000_000, 2),
            dot,
            digits(lat % 1_000_000, 6),
            comma,
            digits(lon // 1_000_000, 3),
            dot,
            digits(lon % 1_000_000, 6),
        ]
    )
    keep = np.ones(text.shape, np.bool_)
    keep[:, 10] = lon >= 100_000_000
    return text, keep


def moments(time: Ints, start: int) -> Bytes:
    """ISO-8601 at +08:00 with milliseconds, of times since `start` (both in milliseconds)."""
    local = np.datetime_as_string((time + start + 8 * 3_600_000).astype("datetime64[ms]"))
    return np.hstack(
        [
            local.astype("S23").view(np.uint8).reshape(len(time), 23),
            np.tile(np.frombuffer(b"+08:00", np.uint8), (len(time), 1)),
        ]
    )


def digits(number: Ints, width: int) -> Bytes:
    """Decimal digits, zeros in front."""
    found = np.empty((len(number), width), np.uint8)
    left = np.asarray(number, np.int64)
    for at in range(width - 1, -1, -1):
        left, last = np.divmod(left, 10)
        found[:, at] = last + 48
    return found


def column(n: int, rows: Ints, text: Bytes, keep: Bools | None = None) -> pa.Array:
    """An Arrow column of n texts: those of `rows` (rising), null elsewhere."""
    length = np.zeros(n + 1, np.int32)
    length[rows + 1] = text.shape[1] if keep is None else keep.sum(axis=1)
    offsets = np.cumsum(length, dtype=np.int32)
    data = text if keep is None else text[keep]
    present = np.zeros(n, np.bool_)
    present[rows] = True
    validity = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)), validity)


def words(n: int, rows: Ints, which: Ints, known: tuple[str, ...]) -> pa.Array:
    """An Arrow column of n texts: `known[which]` at `rows`, null elsewhere."""
    index, missing = np.zeros(n, np.int32), np.ones(n, np.bool_)
    index[rows], missing[rows] = which, False
    return pa.array(known, pa.string()).take(pa.array(index, mask=missing))
