"""Files and reports: every key and column the page names is really written, and every one that is written is named."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from tests.docs.pages import ROOT
from tests.listed_policy import CARDS, known_to, write_policy
from tests.streams import busy_policy, random_records
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.decisions.layout import MARKS
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.backtest import Backtest
from zhiyu.evaluation.backtest_files import write_backtest
from zhiyu.evaluation.compare_figures import FIGURES
from zhiyu.evaluation.compare_labels import Blind
from zhiyu.evaluation.replay import Replay
from zhiyu.events.list_changes import NEVER, ListChange, Snooze
from zhiyu.log import list_line
from zhiyu.log.list_journal import append_journal, read_journal

PAGE = (ROOT / "docs/reference/files.md").read_text(encoding="utf-8")
WORD = re.compile(r"`([^`]+)`")


def table(first: str) -> dict[str, list[str]]:
    """The lines of the table whose head begins with `first`, by the names in their first cell."""
    body = PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    found = {}
    for line in body:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        found |= dict.fromkeys(WORD.findall(cells[0]), cells)
    return found


def under(heading: str, first: str) -> dict[str, list[str]]:
    """The same, of the first such table under a heading."""
    assert f"\n{heading}\n" in PAGE
    after = PAGE.split(f"\n{heading}\n", 1)[1]
    body = after.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {name: line.split(" | ") for line in body for name in WORD.findall(line.split(" | ")[0])}


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of a JSON object; entries of a list are alike."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from paths(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for each in value:
            yield from paths(each, f"{path}[]")
    else:
        yield path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, a tape, and a backtest in which everything occurs."""
    folder = tmp_path_factory.mktemp("files")
    events, policy = folder / "stream.ndjson", busy_policy()
    events.write_text("\n".join(json.dumps(each) for each in random_records(random.Random(4), 600)), encoding="utf-8")
    Replay(open_policy(policy), events, out=folder / "run").run()
    Replay(open_policy(policy), events, tape=folder / "tape").run()
    rule_set = msgspec.structs.replace(policy.rule_sets[0], rules=policy.rule_sets[0].rules[1:])
    small = msgspec.structs.replace(policy.events[0], drop=("amount > 15",))
    other = msgspec.structs.replace(
        policy, events=(small, *policy.events[1:]), rule_sets=(rule_set, *policy.rule_sets[1:])
    )
    found = Backtest(open_policy(policy), open_policy(other), events, segments=("device",), label_delay="1s").run()
    found.blind = [Blind("review", 5, 4, 9, 1, 1, 0)]
    write_backtest(found, folder / "backtest", "en")
    return folder


def test_columns_of_decisions(made: Path) -> None:
    named = under("## Decisions", "column")
    assert list(named) == pq.read_schema(made / "run" / "default" / "decisions.parquet").names
    assert set(WORD.findall(named["mark"][1])) - {"outcome"} == {mark for mark in MARKS if mark}


def test_keys_of_the_report_of_a_replay(made: Path) -> None:
    named = set(under("## The JSON report", "key"))
    run = json.loads((made / "run" / "default" / "run.json").read_text(encoding="utf-8"))
    assert named == set(run) - {"input", "source", "tenant", "batch", "models"} | {"out"}
    dead = (made / "run" / "default" / "dead_letters.ndjson").read_text(encoding="utf-8").splitlines()
    assert set(json.loads(dead[0])) <= set(
        WORD.findall(next(line for line in PAGE.splitlines() if "`dead_letters" in line))
    )


def test_keys_of_the_report_of_a_backtest(made: Path) -> None:
    report = json.loads((made / "backtest" / "report.json").read_text(encoding="utf-8"))
    named = set(under("## The report of a backtest", "key"))
    assert [figure.name for figure in FIGURES] == list(report["figures"])
    assert set(under("### Figures of a backtest", "name")) == set(report["figures"])
    written = set()
    for path in paths(report):
        whole = re.sub(r"^figures\.\w+\.", "figures.NAME.", path)
        whole = re.sub(r"^(segments\[\]\.groups\[\]\.figures|days\[\]\.\w+)\..*", r"\1", whole)
        written.add(whole)
    assert {"apart[].events", "rules[].live.hits", "segments[].groups[].kind", "cannot_be_judged[].due"} <= written
    assert {path for path in written if not re.fullmatch(r"rules\[\]\.(live|candidate)", path)} == named


def test_columns_of_changes(made: Path) -> None:
    assert list(under("### Changed decisions", "column")) == pq.read_schema(made / "backtest" / "changes.parquet").names


def test_files_of_a_tape(made: Path) -> None:
    tape = made / "tape"
    assert {re.sub(r"\d", "N", file.name) for file in tape.iterdir()} == set(under("## The feature tape", "file"))
    assert set(table("key of `tape.json`")) == set(json.loads((tape / "tape.json").read_text(encoding="utf-8")))
    columns = ipc.open_file(tape / "events.arrow").schema.names
    written = {re.sub(r"^(= |text ).*", r"\1NAME", name) for name in columns}
    assert written == set(table("column of `events.arrow`"))


def test_keys_of_the_journal(tmp_path: Path) -> None:
    named = under("## The journal of lists", "key")
    assert set(named) == list_line._LIST_KEYS | list_line._SNOOZE_KEYS
    assert {name for name, cells in named.items() if cells[1] != "–"} == list_line._LIST_KEYS
    assert {name for name, cells in named.items() if cells[2] != "–"} == list_line._SNOOZE_KEYS
    assert f"{MAX_REASON_CHARS:,} characters" in named["reason"][3]
    known = known_to(write_policy(tmp_path / "p"))
    code, shown = known.lists["stolen_cards"].one(CARDS[0])
    device, _ = known.fields["device"].one("d1")
    changes = [
        ListChange(0, "stolen_cards", "add", code, 5, "lost", "ann", shown),
        ListChange(1, "devices", "remove", device, NEVER, "", "", "d1"),
        Snooze(2, "stolen", "device", device, 9, "known", "bo", "d1"),
    ]
    append_journal(tmp_path / "j", changes, known)
    written = [json.loads(line) for line in (tmp_path / "j").read_text(encoding="utf-8").splitlines()]
    assert set().union(*written) == set(named)
    assert read_journal(tmp_path / "j", known).changes == changes


@pytest.mark.parametrize("missing", ["time", "op", "list", "until", "rule", "field"])
def test_what_the_journal_requires_is_required(tmp_path: Path, missing: str) -> None:
    known = known_to(write_policy(tmp_path / "p"))
    snooze = {"time": 0, "op": "snooze", "rule": "stolen", "field": "device", "value": "d1", "until": 9}
    change = {"time": 0, "op": "add", "list": "devices", "value": "d1"}
    for line, place in ((change, 1), (snooze, 2)):
        (tmp_path / "j").write_text(
            json.dumps(line) + "\n" + json.dumps({k: v for k, v in line.items() if k != missing})
        )
        refused = [each.field for each in read_journal(tmp_path / "j", known).refusals]
        required = missing == "op" or under("## The journal of lists", "key")[missing][place] == "required"
        assert refused == ([missing] if required and missing in line else [])
