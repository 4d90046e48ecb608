"""Writes a lender to a folder: events, truth, what the lender itself learns, people, and how it was made.

In: what was made, a folder, Parquet or NDJSON. Out: `events.parquet` or `events.ndjson`, `truth.parquet`, `labels.parquet`,
`people.parquet`,
`simulation.json` (written last, with the SHA-256 of the content of the events). Same wish, same content on any machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiyu.base.errors import InputError
from zhiyu.policy.declare import Policy
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.answers import answer_table, with_answers
from zhiyu.simulation.lender.make import SETTLED_MS, Made, Say
from zhiyu.simulation.lender.people import ODDITIES
from zhiyu.simulation.lender.render import ROWS, table, tables
from zhiyu.simulation.lender.rows import KINDS, NUMBER, TYPES
from zhiyu.simulation.lender.services import SERVICES_VERSION, Known, known_outside

DECIDED = tuple(
    NUMBER[name]
    for name in (
        "registration",
        "log_in",
        "application",
        "limit_adjustment",
        "account_change",
        "draw_down",
        "payment",
        "transfer",
        "complaint",
    )
)
"""Types a lender decides; labels are about these."""
OUTSIDE = ("people", "events")
"""Tables of what is known outside, written as `outside_NAME.parquet`."""


def write_lender(
    made: Made, folder: Path, form: Literal["parquet", "ndjson"] = "parquet", say: Say = lambda what, done: None,
    policy: Policy | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write everything; returns what stands in `simulation.json`. `policy`: the answers of the services that it asks stand among the
    events, and what is known outside beside them. InputError when the folder holds something else already."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "simulation.json").exists():
        raise InputError(
            f"'{folder}' is not empty and holds no simulation; choose a new folder",
            f"“{folder}”非空且不是模拟结果；请选择新目录",
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "simulation.json").unlink(missing_ok=True)
    path = folder / f"events.{form}"
    known = None if policy is None else known_outside(made)
    parts = tables(made) if policy is None or known is None else _with_answers(made, policy, known)
    digest, answers = _write_events(made, path, form, say, parts)
    if known is not None:
        for name in OUTSIDE:
            pq.write_table(getattr(known, name), folder / f"outside_{name}.parquet", compression="zstd")
    truth = truth_table(made)
    pq.write_table(truth, folder / "truth.parquet", compression="zstd")
    pq.write_table(labels_table(made, truth), folder / "labels.parquet", compression="zstd")
    pq.write_table(people_table(made), folder / "people.parquet", compression="zstd")
    told = _told(made, digest) | ({} if known is None else {"services": SERVICES_VERSION, "answers": answers})
    (folder / "simulation.json").write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return told


def truth_table(made: Made) -> pa.Table:
    """Per event: id, type, customer, fraud, kind, gang, money at stake in yuan, when the lender learns of it ("" kind and null
    where honest)."""
    events, seed = made.events, made.wanted.seed
    n = len(events)
    every, kind = np.arange(n), events["kind"].astype(np.int64)
    person = events["person"].astype(np.int64)
    some = np.flatnonzero(person >= 0)
    found = made.found_ms
    return pa.table(
        {
            "id": texts.column(n, every, texts.event_ids(seed, every)),
            "type": texts.words(n, every, events["type"].astype(np.int64), TYPES),
            "customer": texts.column(n, some, texts.codes("c", seed, "customer", person[some])),
            "fraud": pa.array(kind > 0),
            "kind": texts.words(n, every, kind, KINDS),
            "gang": pa.array(events["gang"].astype(np.int64), mask=events["gang"] < 0),
            "money": pa.array(np.maximum(events["amount"], 0) / 100.0, mask=events["amount"] < 0),
            "time": pa.array((events["time"] + p.START_MS).astype("datetime64[ms]")),
            "known_at": pa.array((found + p.START_MS).astype("datetime64[ms]"), mask=found < 0),
        }
    )


def labels_table(made: Made, truth: pa.Table) -> pa.Table:
    """What the lender believes at the end: frauds that were found; legit what nobody complained about for two weeks. Nothing about those it
    declined: `id`, `fraud`, `known_at`. Frauds that nobody found stand here as legit."""
    events = made.events
    end = made.wanted.days * p.DAY_MS
    known = made.found_ms >= 0
    person = np.maximum(events["person"].astype(np.int64), 0)
    settled = (events["time"] < end - SETTLED_MS) & (made.declined[person] == 0) & ~known
    kept = np.flatnonzero(np.isin(events["type"], DECIDED) & (known | settled))
    when = np.where(known, made.found_ms, events["time"] + SETTLED_MS)[kept] + p.START_MS
    return pa.table(
        {
            "id": truth["id"].take(pa.array(kept)),
            "fraud": pa.array(known[kept]),
            "known_at": pa.array(when.astype("datetime64[ms]")),
        }
    )


def people_table(made: Made) -> pa.Table:
    """Per person: the code of the customer, kind of fraud they are part of, gang, why an honest one may look odd, whether declined."""
    people, n = made.people, len(made.people)
    every = np.arange(n)
    return pa.table(
        {
            "customer": texts.column(n, every, texts.codes("c", made.wanted.seed, "customer", every)),
            "kind": texts.words(n, every, people.kind, KINDS),
            "gang": pa.array(people.gang, mask=people.gang < 0),
            "oddity": texts.words(n, every, people.oddity, ODDITIES),
            "declined": pa.array(made.declined == 1),
        }
    )


def _with_answers(made: Made, policy: Policy, known: Known) -> Iterator[pa.Table]:
    """The events, answers among them; an answer that is later than the last event of its part stands in the next one."""
    left = None
    for first in range(0, len(made.events), ROWS):
        last = min(first + ROWS, len(made.events))
        answers = answer_table(made, policy, known, first, last)
        answers = answers if left is None else pa.concat_tables([left, answers], promote_options="default")
        events = table(made, first, last)
        early = (
            pc.less(answers["time"], events["time"][-1]) if last < len(made.events) else pa.array([True] * len(answers))
        )
        left = answers.filter(pc.invert(early))
        yield with_answers(events, answers.filter(early))


def _write_events(made: Made, path: Path, form: str, say: Say, parts: Iterator[pa.Table]) -> tuple[str, int]:
    """SHA-256 of the content, and how many rows are no events of the lender's."""
    digest, part = hashlib.sha256(), path.with_name(path.name + ".part")
    total, rows = max(1, -(-len(made.events) // ROWS)), 0
    writer: Any = None
    with part.open("wb") as stream:
        for number, table in enumerate(parts):
            rows += len(table)
            say("write", 0.55 + 0.45 * number / total)
            for name in table.column_names:
                digest.update(content_of(table[name]))
            if form == "ndjson":
                stream.writelines(ndjson_lines(table))
                continue
            if writer is None:
                writer = pq.ParquetWriter(stream, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROWS)
        if writer is not None:
            writer.close()
    part.replace(path)
    return digest.hexdigest(), rows - len(made.events)


def content_of(column: pa.ChunkedArray) -> bytes:
    """Bytes that are equal exactly when two columns of equal type are: which values are there, and the values."""
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    here = array.is_valid().to_numpy(zero_copy_only=False)
    values = array.drop_null()
    if pa.types.is_string(values.type):
        lengths = pc.binary_length(values).to_numpy(zero_copy_only=False).astype(np.int32)
        return (
            here.tobytes()
            + lengths.tobytes()
            + pc.binary_join(pa.array([values], pa.list_(pa.string())), "")[0].as_buffer().to_pybytes()
        )
    return here.tobytes() + np.ascontiguousarray(values.to_numpy(zero_copy_only=False)).tobytes()


def ndjson_lines(table: pa.Table) -> Iterator[bytes]:
    """The lines of a table, missing fields left out. Texts here hold no quotes or controls, so columns are put together whole."""
    parts = []
    for number, name in enumerate(table.column_names):
        column = table[name].combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        quote = '"' if pa.types.is_string(column.type) else ""
        head = f'{"{" if number == 0 else ","}"{name}":{quote}'
        text = column if quote else _json_numbers(column)
        parts.append(pc.fill_null(pc.binary_join_element_wise(head, text, quote, ""), ""))
    lines = pc.binary_join_element_wise(*parts, "}\n", "")
    yield pc.binary_join(pa.array([lines], pa.list_(pa.string())), "")[0].as_buffer().to_pybytes()


def _json_numbers(column: pa.Array) -> pa.Array:
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return column.cast(pa.string())


def _told(made: Made, digest: str) -> dict[str, Any]:
    kinds = np.bincount(made.events["kind"], minlength=len(KINDS))
    types = np.bincount(made.events["type"], minlength=len(TYPES))
    wanted = made.wanted
    return {
        "version": wanted.version, "days": wanted.days, "customers": wanted.customers, "seed": wanted.seed, "difficulty": wanted.difficulty,
        "events": len(made.events), "sha256": digest, "types": {name: int(n) for name, n in zip(TYPES, types) if n},
        "frauds": {name: int(n) for name, n in zip(KINDS, kinds) if name and n}, "people": len(made.people),
    }  # fmt: skip
