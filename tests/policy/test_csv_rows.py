"""Rows of a table from a CSV file: read like YAML rows, and mistakes point at their cell."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyu.base.errors import DeclarationError
from zhiyu.base.limits import MAX_TABLE_ROWS
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.csv_rows import cells_of
from zhiyu.policy.load import Loaded, load_policy, load_texts

HEAD = """
name: demo
events: [{name: pay, fields: {amount: {type: money, currency: CNY}, channel: {type: string}}}]
reasons: [{code: R, en: r, zh: r}]
tables:
  - name: limits
    inputs: [{name: amount}, {name: channel}]
"""
IN_FILE = HEAD + "    file: limits.csv\n"


def loaded(rows: str, policy: str = IN_FILE) -> Loaded:
    return load_texts({"p.yaml": policy.encode(), "limits.csv": rows.encode()})


def refused(rows: str, policy: str = IN_FILE) -> list[tuple[str, str]]:
    with pytest.raises(DeclarationError) as caught:
        loaded(rows, policy)
    return [(problem.code, str(problem.place)) for problem in caught.value.problems]


def test_rows_of_a_file_are_those_of_the_policy() -> None:
    rows = 'amount,channel,outcome,score,reason\n"[1..100.5)","a, b",review,5,R\n\n-,,,1,\n'
    written = (
        HEAD
        + """    rows:
      - {when: {amount: "[1 .. 100.50)", channel: "b, a"}, outcome: review, score: 5, reason: R}
      - {score: 1}
"""
    )
    assert artifact_of(loaded(rows).policy).hash == artifact_of(load_texts({"p.yaml": written.encode()}).policy).hash


def test_findings_point_at_the_cell() -> None:
    found = loaded('amount,channel,outcome\n"< 5", a,pass\n  1.001,< 3,pass\n')
    problems = check_policy(found.policy, found.places).errors
    assert [(p.code, str(p.place)) for p in problems] == [
        ("too_many_digits", "limits.csv:3:3"), ("no_order", "limits.csv:3:9"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", [("csv.empty", "limits.csv")]),
        ("amount,chanel\n", [("csv.column", "limits.csv:1:1"), ("csv.column", "limits.csv:1:8")]),
        ("amount,channel,amount\n", [("csv.column", "limits.csv:1:16")]),
        ("amount,channel,outcome\n1,a,revue\n", [("declare.choice", "limits.csv:2:5")]),
        ("amount,channel,score\n1,a,2.5\n", [("declare.type", "limits.csv:2:5")]),
        ("amount,channel\n1\n1,2,3\n", [("csv.cells", "limits.csv:2:1"), ("csv.cells", "limits.csv:3:1")]),
        ('amount,channel\n"1,a\n', [("csv.quote", "limits.csv:2:1")]),
        ('amount,channel\n"1"x,a\n', [("csv.quote", "limits.csv:2:4")]),
        ("amount,channel\n" + "1,a\n" * (MAX_TABLE_ROWS + 1), [("limit.table_rows", "limits.csv")]),
    ],
)  # fmt: skip
def test_mistakes(rows: str, expected: list[tuple[str, str]]) -> None:
    assert refused(rows) == expected


def test_a_file_stays_inside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (tmp_path / "outside.csv").write_text("amount,channel\n")
    for name, code in (("../outside.csv", "file.outside"), ("none.csv", "file.unreadable"), ("p.yaml", "file.kind")):
        (folder / "p.yaml").write_text(HEAD + f"    file: {name}\n")
        with pytest.raises(DeclarationError) as caught:
            load_policy(folder)
        assert [(p.code, p.place.line) for p in caught.value.problems] == [(code, 8)]
    (folder / "p.yaml").write_text(IN_FILE)
    (folder / "limits.csv").write_text("amount,channel,outcome\n< 5,a,review\n")
    assert [row.outcome for row in load_policy(folder).policy.tables[0].rows] == ["review"]


@given(st.lists(st.lists(st.text(alphabet='ab," \n', max_size=6), min_size=2, max_size=3), max_size=5))
def test_the_reader_against_the_csv_module(lines: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    assert [[cell.text for cell in line] for line in cells_of(out.getvalue().encode(), "t.csv")] == lines
