"""How CSV files are written: encodings, delimiters, files without a header; what an undeclared one is told."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from zhiyu.base.errors import InputError
from zhiyu.events.declare import Source
from zhiyu.log.files import open_events

ROWS = [("1", "北京", "1.234,50"), ("2", "上海", "7,00")]


def source(**more: Any) -> Source:
    told = {"name": "file", "event": "loan", "id": "编号", "fields": {"town": "城市", "amount": "金额"}}
    return msgspec.convert(told | more, Source)


def read(file: Path, given: Source, chunk: int = 65_536) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for batch in open_events(file, given, chunk):
        if batch.columns:
            found += list(zip(*(batch.columns[name].to_pylist() for name in ("编号", "城市", "金额"))))
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("zipped", [False, True])
def test_any_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str, zipped: bool) -> None:
    text = "\n".join(delimiter.join(row) for row in [("编号", "城市", "金额"), *ROWS])
    file = tmp_path / ("a.csv.gz" if zipped else "a.csv")
    file.write_bytes(gzip.compress(text.encode(encoding)) if zipped else text.encode(encoding))
    given = source(delimiter=delimiter, encoding="" if encoding == "utf-8-sig" else encoding)
    assert read(file, given) == ROWS
    assert read(file, given, chunk=1) == ROWS


def test_a_character_cut_by_a_block_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(("编号,城市,金额\n" + "1,京都," * 1 + "x\n" + "2,京,7\n" * 700_000).encode("gbk"))
    assert len(read(file, source(encoding="gbk"))) == 700_001


def test_a_file_without_header(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1,北京,5\n2,上海\n3,广州,6\n", encoding="utf-8")
    batches = list(open_events(file, source(columns=["编号", "城市", "金额"])))
    assert [r.line for b in batches for r in b.refusals] == [2]
    assert [int(n) for b in batches if b.lines is not None for n in b.lines] == [1, 3]
    assert [int(n) for b in batches if b.positions is not None for n in b.positions] == [0, 2]


def test_bytes_that_the_encoding_does_not_know_spoil_one_row(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("编号,城市,金额\n1,".encode("gbk") + b"\xff" + ",5\n2,北京,6\n".encode("gbk"))
    batch = next(iter(open_events(file, source(encoding="gbk"))))
    assert batch.columns is not None
    with pytest.raises(UnicodeDecodeError):
        batch.columns["城市"][0].as_py()
    assert batch.columns["城市"][1].as_py() == "北京"


def test_an_undeclared_encoding_or_delimiter_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("编号,城市,金额\n1,北京,5\n".encode("gbk"))
    with pytest.raises(InputError, match="encoding: gb18030"):
        open_events(file, source())
    file.write_text("编号;城市;金额\n1;北京;5\n", encoding="utf-8")
    with pytest.raises(InputError, match='delimiter: ";"'):
        open_events(file, source())
    with pytest.raises(InputError, match="needs column"):
        open_events(file, source(delimiter="|"))
