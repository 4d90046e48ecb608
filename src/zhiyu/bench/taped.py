"""How fast a changed policy is decided again over a feature tape, beside the full replay of the same file.

In: how many events. Out: costs of reading, of deciding again (reading from disk and digest included) and of a replay, and whether both came
to the same digest. The file is Parquet, the fastest form for the replay; the tape is what a replay of the unchanged policy records.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyu.bench.policy import CHANNELS, COUNTRIES, KEYS
from zhiyu.bench.stream import CHUNK, Stream
from zhiyu.bench.tape_policy import tape_policy
from zhiyu.bench.turns import Work, in_turns, timed
from zhiyu.decisions.digest import Digest
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.redecide import Redecision
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tape import Tape

Say = Callable[[str], None]


def write_events(path: Path, events: int) -> None:
    """The benchmark stream as a Parquet file in the house's own form."""
    stream, writer = Stream(events, events), None
    for number in range(-(-events // CHUNK)):
        table = _table(stream.chunk(number), number * CHUNK, min(CHUNK, events - number * CHUNK))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _table(columns: dict[str, Any], first: int, take: int) -> pa.Table:
    own = {name: column[..., :take] for name, column in columns.items()}
    country, age, known = own["missing"] != 0
    texts = {key: pa.array(own[key]).cast(pa.string()) for key in KEYS}
    return pa.table(
        {
            "type": pa.array(["payment"] * take), "id": pa.array(np.arange(first, first + take)).cast(pa.string()),
            "time": pa.array(own["time"]).cast(pa.timestamp("ms", "UTC")), **texts, "amount": pa.array(own["amount"] / 100),
            "channel": pa.array(np.array(CHANNELS)[own["channel"]]), "country": pa.array(np.array(COUNTRIES)[own["country"]], mask=country),
            "age": pa.array(own["age"], mask=age), "known_device": pa.array(own["known_device"] != 0, mask=known),
        }
    )  # fmt: skip


def decided_again(tape: Path, opened: Opened) -> str:
    """Read the tape, decide everything, digest everything; the digest."""
    again, digest = Redecision(Tape.open(tape), opened), Digest(opened.artifact.hash.encode())
    for outcome, _ in again.batches():
        digest.update(outcome.decisions)
    return digest.hexdigest()


def read_only(tape: Path, opened: Opened) -> int:
    """Read and decompress what deciding again needs: the floor. Returns bytes, decompressed."""
    again = Redecision(Tape.open(tape), opened)
    keys = [again.taped[name] for name in again.opened.compiled.given]
    size = 0
    for batch in again.tape.batches(again.columns, keys, False):
        size += batch.events.nbytes + sum(column.nbytes for column in batch.features)
    return size


def tape_figures(events: int, rounds: int, say: Say = lambda what: None) -> dict[str, Any]:
    """All figures of the tape; files are made in the system's temporary folder and removed."""
    with tempfile.TemporaryDirectory(prefix="zhiyu-bench-") as temporary:
        file, tape = Path(temporary) / "events.parquet", Path(temporary) / "tape"
        say(f"writing {events:,} events")
        write_events(file, events)
        say(f"recording the tape of {events:,} events")
        Replay(open_policy(tape_policy()), file, tape=tape).run()
        changed = open_policy(tape_policy(changed=True))
        say(f"deciding {events:,} events again")
        found = {
            "tape": Work(lambda: decided_again(tape, changed), events),
            "read": Work(lambda: read_only(tape, changed), events),
            "report": Work(lambda: Replay(changed, tape).run(), events),
        }
        costs = in_turns(found, rounds)
        say(f"replaying {events:,} events in full")
        full = Replay(changed, file)
        replayed = timed(Work(full.run, events))
        if full.result.digest != decided_again(tape, changed):
            raise AssertionError("the tape must decide as the replay does")
        size = sum(path.stat().st_size for path in tape.iterdir())
        return {
            "tape_events_per_s": round(costs["tape"].per_s),
            "tape_read_events_per_s": round(costs["read"].per_s),
            "tape_report_events_per_s": round(costs["report"].per_s),
            "replay_events_per_s": round(replayed.per_s),
            "tape_over_replay": round(costs["tape"].per_s / replayed.per_s, 1),
            "tape_bytes_read_per_event": round(read_only(tape, changed) / events, 1),
            "tape_bytes_on_disk_per_event": round(size / events, 1),
            "all": {name: cost.to_dict() for name, cost in (costs | {"replay": replayed}).items()},
        }
