"""Declared reports: periods of hours, days, weeks and months in their zone; every figure is what the cube says of that period."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_stream import live_opened, records
from tests.engine.test_live import serve
from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.evaluation.cube.ask import ask
from zhiyu.evaluation.cube.asked import question_of
from zhiyu.evaluation.cube.cube import Cube
from zhiyu.evaluation.cube.declared import Line, Sheet, Template, read_declared
from zhiyu.evaluation.cube.report_page import report_page
from zhiyu.evaluation.cube.reporting import report_csv, report_of
from zhiyu.log.frames import EVENTS

EXAMPLE = Path(__file__).parents[2] / "examples" / "monitoring.yaml"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def said(period: tuple[int, int]) -> tuple[str, str]:
    return tuple(f"{datetime.fromtimestamp(each / 1000, UTC):%Y-%m-%dT%H:%M}" for each in period)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("every", "offset", "now", "begins", "ends", "label"),
    [
        ("hour", "", "2026-03-01T09:59:59Z", "2026-03-01T08:00", "2026-03-01T09:00", "2026-03-01T08"),
        ("hour", "", "2026-03-01T09:00:00Z", "2026-03-01T08:00", "2026-03-01T09:00", "2026-03-01T08"),
        ("day", "", "2026-03-01T00:00:00Z", "2026-02-28T00:00", "2026-03-01T00:00", "2026-02-28"),
        ("day", "+08:00", "2026-03-01T15:59:00Z", "2026-02-27T16:00", "2026-02-28T16:00", "2026-02-28"),
        ("day", "+08:00", "2026-03-01T16:00:00Z", "2026-02-28T16:00", "2026-03-01T16:00", "2026-03-01"),
        ("week", "", "2026-03-02T00:00:00Z", "2026-02-23T00:00", "2026-03-02T00:00", "2026-W09"),
        ("week", "", "2027-01-05T12:00:00Z", "2026-12-28T00:00", "2027-01-04T00:00", "2026-W53"),
        ("month", "+08:00", "2026-03-31T16:00:00Z", "2026-02-28T16:00", "2026-03-31T16:00", "2026-03"),
        ("month", "", "2026-01-15T00:00:00Z", "2025-12-01T00:00", "2026-01-01T00:00", "2025-12"),
        ("month", "-05:00", "2024-03-01T04:59:00Z", "2024-01-01T05:00", "2024-02-01T05:00", "2024-01"),
    ],
)
def test_the_last_period_that_ended(every: Any, offset: str, now: str, begins: str, ends: str, label: str) -> None:
    template = Template(name="t", every=every, offset=offset, lines=(Line(measure="decisions"),))
    period = template.ended(at(now))
    assert (*said(period), template.label(period[0])) == (begins, ends, label)
    assert template.ended(period[1]) == period
    assert template.ended(period[0])[1] == period[0], "periods follow one another without a gap"


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Cube:
    """A cube over some days of decisions."""
    opened = live_opened()
    live = Live(tmp_path_factory.mktemp("live"), opened, clock="events")
    serve(live, records(3, 600))
    cube = Cube(live.folder, live.tenant, lambda policy: live.releases.open(policy, live.opened), live.log.first)
    cube.take(frame for frame in live.log.frames() if frame.header.kind == EVENTS)
    live.close()
    return cube


def test_every_figure_is_what_the_cube_says_of_the_period(counted: Cube) -> None:
    template = Template(
        name="day", every="day", en="Day", zh="日报",
        lines=(
            Line(measure="decisions", code="A1"),
            Line(measure="stopped_money", where={"region": ("北京", "上海")}, en="money", zh="金额"),
        ),
        tables=(
            Sheet(measures=("decisions", "stopped_share"), by=("outcome",), against="1d"), Sheet(measures=("hits",), by=("rule",)),
        ),
    )  # fmt: skip
    period = template.ended(counted.last_ms() + 86_400_000)
    found = report_of(counted, template, period, "CNY", 2)

    def asked(measures: list[str], by: list[str], where: list[str], against: str = "") -> dict[str, Any]:
        days = [f"{datetime.fromtimestamp(each / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}" for each in period]
        question = question_of(measures, by, where, from_=days[0], until=days[1], against=against, now_ms=0)
        return ask(counted, question, "CNY", 2)

    first = asked(["decisions"], [], [])["total"]["decisions"]
    assert first > 0
    assert [line["value"] for line in found["lines"]] == [
        first,
        asked(["stopped_money"], [], ["region:北京", "region:上海"])["total"]["stopped_money"],
    ]
    assert found["tables"][0]["lines"] == asked(["decisions", "stopped_share"], ["outcome"], [], "1d")["lines"]
    assert found["tables"][1]["lines"] == asked(["hits"], ["rule"], [])["lines"]
    rows = list(csv.reader(io.StringIO(report_csv(found))))
    assert ["A1", "decisions", "决策数", str(first)] in rows
    assert ["outcome", "decisions", "stopped_share", "before_decisions", "before_stopped_share"] in rows
    page = report_page(found, "zh")
    assert "日报" in page
    assert f"{first:,}" in page
    assert "<script" not in page


def test_texts_of_a_report_are_harmless(counted: Cube) -> None:
    template = Template(
        name="x", every="day", en="<b>=1+1", zh="<i>", lines=(Line(measure="decisions", en="=cmd()", zh="<u>"),)
    )
    found = report_of(counted, template, template.ended(counted.last_ms()), "", 2)
    assert "<b>" not in report_page(found, "en")
    assert "<u>" not in report_page(found, "zh")
    assert "'=cmd()" in report_csv(found)


def test_the_example_declares_what_can_be_asked() -> None:
    declared = read_declared(EXAMPLE)
    assert [each.every for each in declared.reports] == ["hour", "day", "month"]
    assert declared.template("daily") is not None
    assert declared.template("dayly") is None


def test_what_the_page_shows_can_be_declared(tmp_path: Path) -> None:
    page = (EXAMPLE.parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text monitoring.yaml\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 2
    for number, text in enumerate(shown):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
        declared = read_declared(tmp_path / f"{number}.yaml")
        assert declared.reports or declared.alerts


def test_errors_name_the_line_and_the_column(tmp_path: Path) -> None:
    text = """# figures
reports:
  - name: a
    every: day
    lines:
      - {measure: decisions}
      - {measure: decision}
alerts:
  - name: quick
    when: >-
      hits > 3
  - {name: slow, when: answer_p99_ms > hit, looks: 3}
"""
    path = tmp_path / "m.yaml"

    def told(words: str) -> str:
        path.write_text(words, encoding="utf-8")
        with pytest.raises(InputError) as wrong:
            read_declared(path)
        return wrong.value.en

    assert told(text).startswith(f"{path}:7:9: report 'a': lines 2: there is no measure 'decision'")
    text = text.replace("{measure: decision}", "{measure: money}")
    error = told(text)
    assert error.startswith(f"{path}:12:40: error[unknown_name]: alert 'slow': when: unknown name 'hit'"), error
    assert "did you mean 'hits'?" in error
    quoted = text.replace("answer_p99_ms > hit,", '"answer_p99_ms > hit",')
    assert told(quoted).startswith(f"{path}:12:41: error"), "inside the quotes"
    folded = text.replace("      hits > 3", "      hits > 3 and\n      hit > 2")
    assert told(folded).startswith(f"{path}:10:11: error"), "where the text of several lines begins"
    text = text.replace("> hit,", "> 3,")
    assert told(text.replace("looks: 3", "looks: three")).startswith(f"{path}:12:50: Expected `int`")
    assert told(text.replace("looks: 3", "looks: 0")).startswith(f"{path}:12:50: alert 'slow': looks:")
    assert told(text.replace("every: day", "every: [")).startswith(f"{path}:"), "no YAML"
    path.write_text(text.replace("looks: 3", "looks: three"), encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        read_declared(path)
    assert "应为 int，实为 str" in wrong.value.zh


@pytest.mark.parametrize(
    ("text", "said_so"),
    [
        ("reports: []", "declare 1 to 100 reports"),
        ("reports: [{name: A, every: day, lines: [{measure: decisions}]}]", "report 'A': a name has small letters"),
        ("reports: [{name: a, every: day}]", "report 'a': has 1 to 200 lines and tables"),
        ("reports: [{name: a, every: year, lines: [{measure: decisions}]}]", "Invalid enum value 'year' - at `$.reports[0].every`"),
        ("reports: [{name: a, every: day, lines: [{measure: decision}]}]", "lines 1: there is no measure 'decision'; did you mean"),
        ("reports: [{name: a, every: day, tables: [{measures: [hits], by: [rules]}]}]", "tables 1: there is no dimension 'rules'"),
        ("reports: [{name: a, every: day, tables: [{measures: [hits, decisions]}]}]", "tables 1: these are counted apart"),
        ("reports: [{name: a, every: day, tables: [{measures: [hits], against: soon}]}]", "tables 1: against"),
        ("reports: [{name: a, every: day, tables: [{measures: [hits], top: 0}]}]", "tables 1: top: 1 to 1,000"),
        ("reports: [{name: a, every: day, offset: east, lines: [{measure: decisions}]}]", "offset: 'east' is no offset"),
        ("reports: [{name: a, every: day, kept: 0, lines: [{measure: decisions}]}]", "kept: 1 to 10,000"),
        ("reports: [{name: a, every: day, lines: [{measure: decisions, code: A}, {measure: money, code: A}]}]", "code 'A' stands twice"),
        ("reports: [&a {name: a, every: day, lines: [{measure: money}]}, *a]", "is declared twice"),
        ("reports: [{name: a, evry: day}]", "Object contains unknown field `evry`"),
        ("- 1", "Expected `object`, got `array`"),
        ("{", "is no YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, said_so: str, tmp_path: Path) -> None:
    (tmp_path / "reports.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        read_declared(tmp_path / "reports.yaml")
    assert said_so in wrong.value.en
