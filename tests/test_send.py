"""`zhiyu send`: files of every form to a real server; again, in part, with mistakes, to the wrong place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from tests.engine.live_stream import live_policy, records
from tests.server.served import Served
from zhiyu.cli import main
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.events.declare import Source, TimeColumn

ROWS = [
    {"ID": f"r{number}", "AT": f"2027-01-15T08:{number % 60:02}:{number // 60:02}+00:00", "CARD": f"c{number % 7}", "SUM": 20 + number}
    for number in range(120)
]  # fmt: skip


def sourced() -> Opened:
    import msgspec

    fields: dict[str, str | tuple[str, str]] = {"card": "CARD", "amount": "SUM"}
    time = TimeColumn(column="AT")
    named = Source(name="bank", event="payment", id="ID", time=time, fields=fields)
    nameless = Source(name="nameless", event="payment", time=time, fields=fields)
    return open_policy(msgspec.structs.replace(live_policy(), sources=(named, nameless)), key=b"0123456789abcdef")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", sourced()) as made:
        yield made


def send(server: Served, *arguments: str | Path) -> Result:
    url = f"http://127.0.0.1:{server.port}"
    return CliRunner().invoke(main, ["send", *map(str, arguments), "--url", url, "--lang", "en"])


def sent(server: Served, *arguments: str | Path) -> dict[str, Any]:
    result = send(server, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def written(folder: Path, kind: str) -> Path:
    path, table = folder / f"rows.{kind}", pa.Table.from_pylist(ROWS)
    if kind == "parquet":
        pa.parquet.write_table(table, path)
    elif kind == "csv":
        pa.csv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_every_form_is_decided_as_a_replay_decides_it(server: Served, tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    found = sent(server, path, "--source", "bank", "--batch", "50")
    replayed = Replay(sourced(), path, source="bank").run()
    assert found["records"] == replayed.events == 120
    assert found["decided"] == {name: count for name, count in replayed.outcomes.items() if count}
    again = sent(server, path, "--source", "bank", "--batch", "7")
    assert (again["repeated"], again["decided"]) == (120, {})


def test_a_stream_with_mistakes(server: Served, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    bodies = records(51, 300)
    bodies[10] = b"{broken"
    bodies[20] = b""
    path.write_bytes(b"\n".join(bodies) + b"\n")
    result = send(server, path, "--batch", "64")
    assert result.exit_code == 0
    letters = [json.loads(line) for line in (tmp_path / "events.ndjson.refused.ndjson").read_text().splitlines()]
    assert {"line": 11, "code": "bad_json"}.items() <= next(
        each for each in letters if each["code"] == "bad_json"
    ).items()
    wrong = {number for number, body in enumerate(bodies, 1) if body and b"card" not in body}
    assert {each["line"] for each in letters} == wrong | {11}
    assert all("record" not in each for each in letters)
    assert "decided" in result.output
    assert "counted only" in result.output
    assert f"refused {len(letters)} (" in result.output


def test_going_on_behind_what_was_answered(server: Served, tmp_path: Path) -> None:
    path = written(tmp_path, "ndjson")
    assert sent(server, path, "--source", "bank", "--skip", "100")["records"] == 20
    whole = sent(server, path, "--source", "bank", "--skip", "0", "--batch", "33")
    assert (whole["records"], whole["repeated"]) == (120, 0 if whole["refused"] else 20)
    assert sent(server, path, "--source", "bank", "--skip", "500")["records"] == 0


def test_facts_are_counted_only(server: Served, tmp_path: Path) -> None:
    found = sent(server, written(tmp_path, "csv"), "--source", "bank", "--facts")
    assert (found["taken"], found["decided"]) == (120, {})


def test_a_source_without_ids_is_remarked(server: Served, tmp_path: Path) -> None:
    result = send(server, written(tmp_path, "csv"), "--source", "nameless")
    assert "sending again would count again" in result.output


def test_what_stands_in_the_way_is_said(server: Served, tmp_path: Path) -> None:
    path = written(tmp_path, "ndjson")
    gone = CliRunner().invoke(main, ["send", str(path), "--url", "http://127.0.0.1:9", "--lang", "en"])
    assert (gone.exit_code, "no server at http://127.0.0.1:9 (nobody listens there); start one" in gone.output) == (
        1,
        True,
    )
    unknown = send(server, path, "--source", "bnak")
    assert (unknown.exit_code, "the policy has no such source; it has: bank, nameless" in unknown.output) == (1, True)
    assert "0 records are answered" in unknown.output
    nothing = send(server, tmp_path / "none.ndjson")
    assert (nothing.exit_code, "none.ndjson" in nothing.output) == (1, True)
    no_address = CliRunner().invoke(main, ["send", str(path), "--url", "here"])
    assert no_address.exit_code == 1
    path.write_text("{}\n{}\n")
    assert send(server, path).exit_code == 1  # everything was refused


def test_a_server_that_is_killed_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    path, opened = written(tmp_path, "ndjson"), sourced()
    first = Served(tmp_path / "data", opened)
    with first:
        assert sent(first, path, "--source", "bank", "--skip", "60")["records"] == 60
        os.close(first.site.desks["default"].live._lock)  # another may take over, as after a kill
        with Served(tmp_path / "data", opened) as second:
            found = sent(second, path, "--source", "bank")
            assert found["repeated"] + sum(found["decided"].values()) + sum(found["refused"].values()) == 120
            assert second.site.desks["default"].live.engine.accepted == found["repeated"] + sum(
                found["decided"].values()
            )
        first.site.desks["default"].live._lock = os.open(os.devnull, os.O_RDONLY)
