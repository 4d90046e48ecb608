"""The codes are SipHash-2-4 as published, the same for one text and for a column, and keyed."""

import pyarrow as pa
import pytest

from zhiyu.base.hashing import Codes

KEY = bytes(range(16))
TEXTS = ["", "a", "1234567", "12345678", "123456789", "设备一号", "x" * 1000]


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, 0x726FDB47DD0E0E31), (1, 0x74F839C593DC67FD), (8, 0x93F5F5799A932462), (15, 0xA129CA6149BE45E5)],
)
def test_reference_vectors_64(size: int, expected: int) -> None:
    assert Codes(KEY).one(bytes(range(size)).decode()) % (1 << 64) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45")]
)
def test_reference_vectors_128(size: int, expected: str) -> None:
    low, high = Codes(KEY).wide(bytes(range(size)).decode())
    assert (low.to_bytes(8, "little") + high.to_bytes(8, "little")).hex() == expected


def test_column_equals_one_by_one() -> None:
    codes = Codes(KEY)
    column = pa.array([None, *TEXTS, "cut off"]).slice(1, len(TEXTS))
    assert codes.column(column).tolist() == [codes.one(t) for t in TEXTS] == codes.many(TEXTS).tolist()
    assert [tuple(row) for row in codes.wide_column(column).tolist()] == [codes.wide(t) for t in TEXTS]


def test_null_and_empty_columns() -> None:
    assert Codes(KEY).column(pa.array(["a", None], pa.string())).tolist()[1] == 0
    assert Codes(KEY).column(pa.array([], pa.string())).tolist() == []
    assert Codes(KEY).many([]).tolist() == []


def test_another_key_or_purpose_gives_other_codes() -> None:
    codes = Codes(KEY)
    assert (
        len({codes.one("a"), Codes(bytes(16)).one("a"), codes.derived("x").one("a"), codes.derived("y").one("a")}) == 4
    )


def test_a_key_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        Codes(b"short")
