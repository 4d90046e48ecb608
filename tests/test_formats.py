"""The same events as Parquet, CSV and NDJSON are the same events: same digest, same labels."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.simulation.card_payments import write_card_payments

EXAMPLE = Path(__file__).parent.parent / "examples" / "card_payments"


def test_parquet_csv_and_ndjson_decide_alike(tmp_path: Path) -> None:
    parquet = tmp_path / "events.parquet"
    write_card_payments(parquet, days=20, customers=100, seed=3)
    table = pq.read_table(parquet)
    pa_csv.write_csv(table, tmp_path / "events.csv")
    texts = table.set_column(1, "TX_DATETIME", table["TX_DATETIME"].cast("timestamp[s]").cast("string"))
    lines = [msgspec.json.encode(row) for row in texts.to_pylist()]
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(lines))
    reports = [
        Replay(open_policy(EXAMPLE), tmp_path / f"events.{kind}", batch=997).run().to_dict()
        for kind in ("parquet", "csv", "ndjson")
    ]
    assert reports[0]["refused"] == 0
    assert reports[0]["metrics"]["labelled"] > 0
    for report in reports[1:]:
        assert {k: report[k] for k in ("digest", "metrics", "outcomes")} == {
            k: reports[0][k] for k in ("digest", "metrics", "outcomes")
        }
