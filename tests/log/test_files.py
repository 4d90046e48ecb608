"""Files of events: three formats give the same events, bad lines are refused alone, positions do not depend on the
chunk.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from zhiyu.base.errors import InputError
from zhiyu.base.hashing import Codes
from zhiyu.base.limits import MAX_EVENT_BYTES, MAX_JSON_DEPTH
from zhiyu.events.declare import EventType, Field, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.events.schema import EventSchema
from zhiyu.log.blocks import BLOCK_BYTES, Blocks
from zhiyu.log.dead_letters import DeadLetters
from zhiyu.log.event_file import EventFile
from zhiyu.log.files import open_events
from zhiyu.log.ndjson import read_line

SCHEMA = EventSchema.compile(
    [
        EventType(
            name="pay",
            fields={"who": Field(type="string"), "amount": Field(type="money"), "code": Field(type="string")},
        )
    ]
)
SOURCE = Source(
    name="file",
    event="pay",
    id="no",
    time=TimeColumn(column="at"),
    fields={"who": "who", "amount": "amount", "code": "code"},
)
ROWS: list[dict[str, Any]] = [
    {
        "no": i,
        "at": f"2024-01-{28 - i % 28:02d}",
        "who": f"用户,{i % 7}",
        "amount": i / 100 if i % 5 else None,
        "code": f"00{i}",
    }
    for i in range(200)
]


def write_ndjson(path: Path) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS), "utf-8")
    return path


def write_csv(path: Path) -> Path:
    arrow_csv.write_csv(pa.Table.from_pylist(ROWS), path)
    return path


def write_parquet(path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=70)
    return path


WRITERS: list[tuple[str, Callable[[Path], Path]]] = [
    ("e.ndjson", write_ndjson),
    ("e.csv", write_csv),
    ("e.parquet", write_parquet),
]


def events(file: EventFile, source: Source = SOURCE) -> list[tuple[Any, ...]]:
    """(position, id, time, body code) of all events of a file."""
    found: list[tuple[Any, ...]] = []
    for batch in file:
        got = decode(SCHEMA, source, batch, Codes(bytes(16)), "t").batch
        found += [
            (int(got.positions[i]), str(got.ids[i]), int(got.time_ms[i]), int(got.body_code[i])) for i in range(got.n)
        ]
    return found


def refusals(file: EventFile) -> list[Refusal]:
    """All refusals of the file itself."""
    return [r for batch in file for r in batch.refusals]


def test_three_formats_and_any_chunk_give_the_same_events(tmp_path: Path) -> None:
    expected = events(open_events(write_ndjson(tmp_path / "x.jsonl"), SOURCE))
    assert [e[0] for e in expected] == list(range(200))
    for name, write in WRITERS:
        path = write(tmp_path / name)
        for chunk in (1, 33, 1000):
            assert events(open_events(path, SOURCE, chunk)) == expected, (name, chunk)


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_time_order_is_stable_and_keeps_lines(tmp_path: Path, name: str, write: Callable[[Path], Path]) -> None:
    ordered = msgspec.structs.replace(SOURCE, order="time")
    path = write(tmp_path / name)
    found = events(open_events(path, ordered, 30), ordered)
    assert [e[0] for e in found] == list(range(200))
    expected = sorted(events(open_events(path, SOURCE)), key=lambda e: e[2])
    assert [e[1:] for e in found] == [e[1:] for e in expected]
    lines = np.concatenate([batch.lines for batch in open_events(path, ordered, 30)])  # type: ignore[misc]
    assert len(set(lines.tolist())) == 200


def test_rows_whose_time_cannot_be_read_come_last(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text('{"at":"soon","no":1}\nbroken\n{"at":"2024-01-02","no":2}\n{"at":"2024-01-01","no":3}\n')
    ordered = msgspec.structs.replace(SOURCE, order="time")
    batches = list(open_events(path, ordered))
    assert [r["no"] for b in batches for r in b.records or ()] == [3, 2, 1]
    assert [(r.position, r.line) for b in batches for r in b.refusals] == [(3, 2)]


def test_progress_ends_at_one(tmp_path: Path) -> None:
    for name, write in WRITERS:
        file = open_events(write(tmp_path / name), SOURCE, 50)
        seen = [file.progress() for _ in file]
        assert seen == sorted(seen)
        assert file.progress() == 1.0
        assert file.total_rows == (200 if name == "e.parquet" else None)


def test_gzip_reads_the_same(tmp_path: Path) -> None:
    for name, write in WRITERS[:2]:
        plain = write(tmp_path / name)
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        assert events(open_events(packed, SOURCE)) == events(open_events(plain, SOURCE))


def test_depth_is_limited_and_brackets_inside_texts_do_not_count() -> None:
    inside = MAX_JSON_DEPTH - 1
    assert read_line(b'{"a":' + b"[" * inside + b"]" * inside + b"}")
    with pytest.raises(Bad, match="nested more than 500 levels deep"):
        read_line(b'{"a":' + b"[" * (inside + 1) + b"]" * (inside + 1) + b"}")
    assert read_line(b'{"a":"' + b"[" * 2000 + rb'\"{{{"}')


BAD_LINES: list[tuple[bytes, str]] = [
    (b"nope", "bad_json"), (b"[1]", "not_object"), (b"1", "not_object"), (b'{"a":1,"a":2}', "duplicate_key"),
    (b'{"a":1,"a":2,"b" :3}', "duplicate_key"), (b'{"a":{"b":1,"b":2}}', "duplicate_key"), (b'{"a":1,"\\u0061":2}', "duplicate_key"),
    (b'{"a":NaN}', "bad_json"), (b'{"a":1e999}', "bad_json"), (b'{"a":"\xff"}', "bad_text"), (b'{"a":"\\ud800"}', "bad_json"),
    (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "bad_json"), (b'{"a":1', "bad_json"), (b'{"a":1} {"b":2}', "bad_json"),
    (b'{"a":"' + b"x" * MAX_EVENT_BYTES + b'"}', "too_long"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code"), BAD_LINES)
def test_a_bad_line_is_refused_alone(tmp_path: Path, line: bytes, code: str) -> None:
    path = tmp_path / "e.ndjson"
    path.write_bytes(b'\xef\xbb\xbf{"a":1}\r\n\n' + line + b'\n{"t":"08:30","u":"\\":"}')
    (batch,) = open_events(path)
    assert batch.records == [{"a": 1}, {"t": "08:30", "u": '":'}]
    assert batch.where()[0].tolist() == [0, 2]
    assert batch.where()[1].tolist() == [1, 4]
    assert [(r.position, r.line, r.code) for r in batch.refusals] == [(1, 3, code)]
    assert batch.refusals[0].zh


def test_a_line_at_the_limit_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_bytes(b'{"a":"' + b"x" * (MAX_EVENT_BYTES - 8) + b'"}\n')
    (batch,) = open_events(path)
    assert len(batch) == 1


def test_lines_across_blocks_and_an_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a" * (BLOCK_BYTES - 3) + b"\nbcdef\n" + b"x" * (3 * BLOCK_BYTES) + b"\nlast")
    found = [(number, line if line is None else len(line)) for number, line in Blocks(path).lines(BLOCK_BYTES)]
    assert found == [(1, BLOCK_BYTES - 3), (2, 5), (3, None), (4, 4)]


def test_a_csv_row_with_other_cells_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(b'a,b,t\n1,x,2\n1,2\n3,"q\nz",4\n5,6,7,8\n9,,\xff\n1\n')
    batches = list(open_events(path))
    good = [b for b in batches if b.columns]
    assert [p for b in good for p in b.where()[0].tolist()] == [0, 2, 4]
    assert [(r.position, r.line, r.code) for b in batches for r in b.refusals] == [
        (1, 3, "bad_row"), (3, 5, "bad_row"), (5, 7, "bad_row"),
    ]  # fmt: skip
    assert good[0].columns is not None
    assert good[0].columns["b"].to_pylist() == ["x", "q\nz", ""]


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_an_open_quote_is_named_and_what_came_before_is_kept(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "e.csv"
    path.write_text('a,b\n1,x\n2,y\n3,"z\n4,w\n')
    batches = list(open_events(path, None, chunk))
    assert [v for b in batches if b.columns for v in b.columns["a"].to_pylist()] == ["1", "2"]
    assert [(r.line, r.code) for b in batches for r in b.refusals] == [(4, "open_quote")]


def test_csv_cells_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("a,b\n00123,NULL\n1e5,true\n")
    (batch,) = open_events(path)
    assert batch.columns is not None
    assert {k: v.to_pylist() for k, v in batch.columns.items()} == {"a": ["00123", "1e5"], "b": ["NULL", "true"]}


def broken(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    cases: list[tuple[Path, str]] = [
        (tmp_path / "none.csv", "no file"), (broken(tmp_path / "e.xlsx", b""), "none of"), (broken(tmp_path / "e.csv", b""), "header"),
        (broken(tmp_path / "e.parquet", b"PAR1"), "Parquet"), (broken(tmp_path / "d.csv", b"a,a\n1,2\n"), "twice"),
        (broken(tmp_path / "w.csv", b"no,att,who,amount,code\n"), "did you mean 'att'"),
    ]  # fmt: skip
    for path, message in cases:
        with pytest.raises(InputError, match=message) as found:
            list(open_events(path, SOURCE))
        assert found.value.zh
    assert found.value.zh.endswith("需要列“at”；是不是“att”？")
    with pytest.raises(InputError, match="gzip"):
        list(open_events(broken(tmp_path / "e.ndjson.gz", b"not gzip"), SOURCE))
    with pytest.raises(InputError, match="chunk"):
        open_events(broken(tmp_path / "c.csv", b"a\n"), None, 0)


def test_empty_files(tmp_path: Path) -> None:
    assert list(open_events(broken(tmp_path / "e.ndjson", b""))) == []
    assert sum(len(b) for b in open_events(broken(tmp_path / "e.csv", b"a,b\n"))) == 0
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "e.parquet")
    assert sum(len(b) for b in open_events(tmp_path / "e.parquet")) == 0


def test_dead_letters_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    with DeadLetters(path) as dead:
        dead.write([Refusal(3, "e-3", "amount", "not_finite", "nan is …", "不是有限数", {"phone": "***1234"}, 4)])
        dead.write([])
    assert dead.count == 1
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [
        {
            "position": 3, "line": 4, "id": "e-3", "field": "amount", "code": "not_finite", "en": "nan is …", "zh": "不是有限数",
            "record": {"phone": "***1234"},
        }
    ]  # fmt: skip


def test_refusals_of_every_kind_of_value_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text('{"no":1,"at":[1],"who":{"a":1},"amount":123456789012345678901234567890,"code":true}\n')
    with DeadLetters(tmp_path / "dead") as dead:
        for batch in open_events(path, SOURCE):
            dead.write(decode(SCHEMA, SOURCE, batch, Codes(bytes(16)), "t").refusals)
    assert dead.count == 1
