"""The walk-through can be followed from an empty folder, command by command; on the real payments it prints what the page shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.docs.pages import ROOT
from tests.docs.walks import WALKS, edited, missing, walk
from zhiyu.simulation.card_payments import FIRST_DAY, CardPayments, card_payments

IDS = [page.name for page in WALKS]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the examples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def write_stream(file: Path) -> None:
    """Generated payments, moved to the months of the page. Every tenth dear one is made a fraud over the limit, so that `tune`
    finds something in a policy without that limit."""
    table = card_payments(CardPayments(days=122, customers=200, terminals=300))
    moment = table["TX_DATETIME"].to_numpy() + (np.datetime64("2018-04-01", "s") - FIRST_DAY)
    amount, fraud = table["TX_AMOUNT"].to_numpy().copy(), table["TX_FRAUD"].to_numpy().copy()
    forged = np.flatnonzero(amount > 120)[::10]
    amount[forged], fraud[forged] = 230.0, 1
    for name, column in (("TX_DATETIME", moment), ("TX_AMOUNT", amount), ("TX_FRAUD", fraud)):
        table = table.set_column(table.column_names.index(name), name, pa.array(column))
    pq.write_table(table, file)


@pytest.mark.parametrize("page", WALKS, ids=IDS)
def test_every_step_runs(page: Path, home: Path) -> None:
    """On generated payments: the steps must work, whatever the figures."""
    write_stream(home / "transactions.parquet")
    steps = [step for step, _, _ in walk(page, home)]
    assert len(steps) > 20
    words = {step.split()[1] for step in steps if step.startswith("zhiyu ")}
    assert {"replay", "check", "diff", "backtest", "tune", "snooze"} <= words


@pytest.mark.soak
@pytest.mark.parametrize("page", WALKS, ids=IDS)
def test_it_prints_what_the_page_shows(page: Path, home: Path) -> None:
    data = Path(os.environ.get("ZHIYU_DATA") or ROOT / ".." / "shared" / "data")
    files = sorted((data / "card_transactions").glob("*.parquet"))
    if not files:
        pytest.skip(f"no card_transactions in {data}")
    (home / "transactions.parquet").symlink_to(files[0].resolve())
    wrong = [(step, lost) for step, shown, printed in walk(page, home) if (lost := missing(shown, printed))]
    assert wrong == []


def test_there_is_a_walk_through() -> None:
    assert "walk-through.md" in IDS


def test_an_edit_fits_in_one_place_or_not_at_all() -> None:
    assert edited("a\nb\nc\n", " a\n-b\n+x\n+y\n") == "a\nx\ny\nc\n"
    assert edited("a\n", "+b\n") == "a\nb\n"
    with pytest.raises(AssertionError, match="does not fit"):
        edited("a\na\n", "-a\n+b\n")


def test_lines_that_were_not_printed_are_found() -> None:
    assert missing(["one", "…", "three   3"], "one\ntwo\n three 3\n") == []
    assert missing(["beginning …"], "beginning and end\n") == []
    assert missing(["three", "one"], "one\ntwo\nthree\n") == ["one"]
    assert missing(["two 3"], "two 2\n") == ["two 3"]
