"""Values that people put on lists, read exactly as the fields of events are: same cleaning, same check, same code.

In: the declarations of the fields a list is about, raw values. Out: codes int64 as event columns hold them, the values as people may see
them. A value that fails its check digit is refused: it is a slip of whoever typed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.events.declare import Field
from zhiyu.events.kinds.kinds import reader_of
from zhiyu.events.kinds.number import Number
from zhiyu.events.kinds.text import Text
from zhiyu.events.kinds.texts import List
from zhiyu.events.masks import mask_column
from zhiyu.events.raw_columns import RawColumn
from zhiyu.events.read_texts import null_of, read_texts
from zhiyu.events.refusals import Bad, missing


@dataclass(slots=True)
class ListedValues:
    """n values: `codes` int64[n], `shown` as people may see them (masked when personal), and why some were refused, by index."""

    codes: Array
    shown: list[str]
    bad: dict[int, Bad]


class ValueReader:
    """Reads values of one list, or of one field. `personal`: the values themselves must not be written anywhere.

    >>> reader = ValueReader([Field(type="card")], Codes(bytes(16)))
    >>> found = reader.read(["4111 1111 1111 1111", "4111111111111112"])
    >>> found.shown[0], int(found.codes[0]) == Codes(bytes(16)).one("4111111111111111"), found.bad[1].code
    ('411111******1111', True, 'bad_check')
    """

    def __init__(self, fields: Iterable[Field], codes: Codes) -> None:
        declared: list[Field] = []
        for field in fields:
            plain = msgspec.structs.replace(field, required=False, entity="", en="", zh="", require="")
            if plain not in declared:
                declared.append(plain)
        readers = [reader_of(field) for field in declared]
        self.readers = [each for each in readers if isinstance(each, Text | Number) and not isinstance(each, List)]
        if not self.readers or len(self.readers) < len(readers):
            raise ValueError("a list holds texts or exact numbers")
        self.personal = any(isinstance(each, Text) and each.personal for each in self.readers)
        self._codes = codes

    def read(self, values: Sequence[object]) -> ListedValues:
        """All values at once; where several fields would clean a value differently, it is refused."""
        found = self._read(self.readers[0], values)
        for reader in self.readers[1:]:
            other = self._read(reader, values)
            unlike = np.flatnonzero(found.codes != other.codes).tolist()
            found.bad = {at: _unlike() for at in unlike} | other.bad | found.bad
        return found

    def one(self, value: object) -> tuple[int, str]:
        """(code, shown) of one value; `Bad` when it cannot stand on the list."""
        found = self.read([value])
        if found.bad:
            raise found.bad[0]
        return int(found.codes[0]), found.shown[0]

    def _read(self, reader: Text | Number, values: Sequence[object]) -> ListedValues:
        return self._numbers(reader, values) if isinstance(reader, Number) else self._texts(reader, values)

    def _numbers(self, reader: Number, values: Sequence[object]) -> ListedValues:
        found = ListedValues(np.zeros(len(values), np.int64), [""] * len(values), {})
        for at, value in enumerate(values):
            try:
                scaled = reader.one(value, [])
                if scaled is None:
                    raise missing()
                found.codes[at], found.shown[at] = scaled, f"{Decimal(scaled).scaleb(-reader.digits):f}"
            except Bad as bad:
                found.bad[at] = bad
        return found

    def _texts(self, reader: Text, values: Sequence[object]) -> ListedValues:
        column = read_texts(reader, _column(values))
        texts, bad = column.texts, dict(column.bad)
        if column.row is not None:
            texts = texts.take(pa.array(column.row))
        failed = column.actions.get("check_failed")
        for at in np.flatnonzero(failed).tolist() if failed is not None else ():
            bad.setdefault(at, _failed_check())
        for at in np.flatnonzero(null_of(texts)).tolist():
            bad.setdefault(at, missing())
        shown: list[Any] = (mask_column(texts, reader.mask) if reader.personal else texts).fill_null("").to_pylist()
        return ListedValues(self._codes.column(texts), shown, bad)


@dataclass(frozen=True)
class Vocabulary:
    """What a journal of lists may speak about: readers of the values of each list and of each field, and the names of rules."""

    lists: Mapping[str, ValueReader]
    fields: Mapping[str, ValueReader]
    rules: frozenset[str]


def _column(values: Sequence[object]) -> RawColumn:
    """Texts only: a column that is read in one pass; anything else value by value."""
    if all(isinstance(value, str) for value in values):
        try:
            return RawColumn(len(values), pa.array(values, pa.string()))
        except (UnicodeEncodeError, pa.ArrowInvalid):
            pass
    return RawColumn(len(values), None, list(values))


def _failed_check() -> Bad:
    en = "the check digit or form is wrong: this is no real value; correct it"
    return Bad("bad_check", en, "校验位或格式不正确：不是真实的值；请更正")


def _unlike() -> Bad:
    en = "the fields of this entity clean the value differently, so it would match only one of them; declare them alike"
    return Bad("fields_differ", en, "该实体的各字段对此值的清洗结果不同，只会匹配其中之一；请统一声明")
