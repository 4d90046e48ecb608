"""The page of a backtest: well-formed, complete in both languages, asks nothing of any network; the words beside the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from tests.evaluation.naive_comparison import RULES, Row, compared, rows
from zhiyu.decisions.explain import Explanation, RuleHit
from zhiyu.evaluation.backtest_page import page
from zhiyu.evaluation.backtest_plots import HEIGHT, Series, nice_top, plot
from zhiyu.evaluation.backtest_table import figure_table
from zhiyu.evaluation.backtest_words import change, interval, notes, number, say_blind, summary, verdict
from zhiyu.evaluation.backtested import Backtested, Side, judged
from zhiyu.evaluation.compare import DAY_MS
from zhiyu.evaluation.compare_figures import FIGURES
from zhiyu.evaluation.compare_intervals import Estimate
from zhiyu.evaluation.examples import Example
from zhiyu.evaluation.segments import Segment

BY_NAME = {figure.name: figure for figure in FIGURES}
NASTY = "<b>&\"'</b>"


class Letters(Segment):
    """A segment whose values are known without a schema."""

    def __init__(self) -> None:
        self.name, self.values = "letter", [NASTY, "q", "r", "s", "t"]


def backtested(found: list[Row], currency: str = "CNY") -> Backtested:
    """A result with everything on the page, names that would break careless HTML among them."""
    live = Side("live <1>", "Live & kicking", "现行 <策略>", "aa", RULES, currency, "folder & live")
    result = judged(compared(found), (live, Side("next", "", "", "bb", RULES, currency)), [Letters()], 7)
    result.events, result.records = "a&b.parquet", len(found)
    hit = RuleHit("a", "set", 10, "", f"amount < {NASTY}", f"金额 < {NASTY}")
    why = Explanation(NASTY, "payment", 0, "", "review", 10, (hit,), (), {}, "aa", False, True)
    result.examples = [Example(0, NASTY, found[0].time_ms, 5, label, why, why) for label in (-1, 0, 1) if found]
    return result


def tongue(node: ElementTree.Element, language: str) -> Iterator[str]:
    """The texts a reader of that language sees."""
    other = "zh" if language == "en" else "en"
    if node.get("class") == other or node.tag == "style":
        return
    yield node.text or ""
    for child in node:
        yield from tongue(child, language)
        yield child.tail or ""


@settings(max_examples=25, deadline=None)
@given(rows())
def test_the_page_is_well_formed_and_asks_nobody(found: list[Row]) -> None:
    for currency in ("CNY", ""):
        text = page(backtested(found, currency), "zh")
        root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
        assert root.get("lang") == "zh"
        assert not re.search(r"https?:|//\w|<script|<link|<img|url\(|@import|src=", text)
        assert "None" not in text
        assert "nan" not in "".join(tongue(root, "en"))


def test_each_language_is_whole() -> None:
    found = [
        Row(day * DAY_MS, (0, day % 6), (0, 1), day % 2, 100, 1.0, day % 5, (frozenset({0}), frozenset()))
        for day in range(40)
    ]
    root = ElementTree.fromstring(page(backtested(found)).removeprefix("<!DOCTYPE html>"))
    main = root.find("body/main")
    assert main is not None
    english, chinese = ("".join(tongue(main, each)) for each in ("en", "zh"))
    assert not re.search(r"[\u4e00-\u9fff]", english)
    left = re.sub(r"[\d.,:%¥−–+·()（）/ \n-]", "", chinese)
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) > 400
    assert not re.search(
        r"\b(live|candidate|difference|events|reviews|stopped)\b", chinese.replace("folder & live", "")
    ), left
    titles = list(main.iter("h2"))
    assert len(titles) >= 8
    assert root.findall("body/input")[0].get("checked") == "checked"
    assert [node.get("for") for node in root.findall("body/label")] == [
        node.get("id") for node in root.findall("body/input")
    ]


def test_same_input_same_bytes() -> None:
    found = [Row(day * DAY_MS, (0, 5), (0, 1), 1, 100, 1.0, 0, (frozenset(), frozenset())) for day in range(30)]
    assert page(backtested(found)) == page(backtested(found))


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (1234.0, "count", "1,234"), (20.5, "count", "20.5"), (-3.0, "count", "−3"), (123456.0, "money", "¥1,234.56"),
        (-5.0, "money", "−¥0.05"), (0.1234, "rate", "12.34%"), (0.00081, "rate", "0.081%"), (0.0, "rate", "0.00%"),
        (38.516, "load", "38.5"), (None, "rate", "–"),
    ],
)  # fmt: skip
def test_numbers_for_people(value: float | None, kind: str, wanted: str) -> None:
    assert number(value, kind, "CNY") == wanted


def test_differences_and_intervals_for_people() -> None:
    assert change(0.0143, "rate", "").en == "+1.43 pp"
    assert change(-0.0143, "rate", "").zh == "−1.43 个百分点"
    assert change(3.0, "money", "CNY").en == "+¥0.03"
    assert interval(Estimate(1, 2, 1, -0.02, 0.03), "rate", "").en == "−2.00 to +3.00 pp"
    assert interval(Estimate(1, 2, 1, 46.975, 80.0), "count", "").zh == "+47 至 +80"
    assert interval(Estimate(None, None, None, None, None), "count", "").en == "–"


@pytest.mark.parametrize(
    ("name", "estimate", "wanted"),
    [
        ("fraud_caught", (1, 2, 1, 0.5, 2), "better"), ("fraud_caught", (2, 1, -1, -2, -0.5), "worse"),
        ("good_stopped", (1, 2, 1, 0.5, 2), "worse"), ("good_stopped", (2, 1, -1, -2, -0.5), "better"),
        ("good_stopped", (2, 1, -1, -2, 0), "chance"), ("reviews", (1, 2, 1, 0.5, 2), ""), ("reviews", (2, 2, 0, 0, 0), "same"),
        ("recall", (None, None, None, None, None), ""),
    ],
)  # fmt: skip
def test_verdicts(name: str, estimate: tuple[float | None, ...], wanted: str) -> None:
    assert verdict(BY_NAME[name], Estimate(*estimate)) == wanted


def many(count: int, outcome: tuple[int, int], label: int, day: int = 0, weight: float = 1.0) -> list[Row]:
    """The same event many times."""
    return [Row(day * DAY_MS, outcome, (0, 0), label, 1000, weight, 0, (frozenset(), frozenset()))] * count


def test_the_three_sentences() -> None:
    found = many(5, (0, 5), 1) + many(2, (5, 0), 1) + many(7, (0, 4), 0) + many(90, (0, 0), 0) + many(1, (0, 0), -1, 9)
    fraud, good, work = summary(backtested(found))
    assert fraud.en.startswith(
        "The candidate stops 3 more frauds (5 instead of 2), and ¥30.00 more fraud money; 95% interval"
    )
    assert fraud.zh.startswith("候选策略多拦下 3 笔欺诈（5 笔，现行 2 笔），欺诈金额多拦 ¥30.00；95% 区间")
    assert good.en.startswith(
        "It stops 7 more events of good customers (7.22% of all good ones instead of 0.00%); 95% interval"
    )
    assert work.en.startswith(
        "Reviews go from 0.0 to 3.5 a day (busiest day 0, then 7), approvals from 98.10% to 88.57%"
    )
    assert len({fraud.zh, good.zh, work.zh}) == 3


def test_fewer_frauds_and_more_money_is_said_with_but() -> None:
    one = Row(0, (0, 5), (0, 0), 1, 90_000, 1.0, 0, (frozenset(), frozenset()))
    found = [one, *many(2, (5, 0), 1), *many(1, (0, 0), -1, 9)]
    assert "stops 1 fewer fraud (1 instead of 2), but ¥880.00 more fraud money" in summary(backtested(found))[0].en


def test_no_difference_is_said() -> None:
    found = many(20, (4, 4), 1) + many(1, (0, 0), -1, 9)
    result = backtested(found)
    assert result.identical
    assert [said.en for said in summary(result)] == [
        "No difference: both policies decide all 21 events alike, in outcome and score."
    ]


def test_without_labels_nothing_is_said_about_fraud() -> None:
    said = " ".join(each.en for each in summary(backtested(many(20, (4, 0), -1))))
    assert "No label has arrived" in said
    assert "20 of 20 decisions" in said


def test_declined_without_labels_get_a_warning() -> None:
    found = (
        many(30, (5, 0), -1)
        + many(2, (5, 0), 1, 0, 10.0)
        + many(95, (0, 0), 0)
        + many(5, (0, 0), -1)
        + many(1, (0, 0), -1, 9)
    )
    (blind,) = backtested(found).blind
    said = say_blind(blind)
    assert "decline" in said.en
    assert "30 of 32 have none (94%; of passes 5%)" in said.en
    assert "it would not stop 30 of them" in said.en
    assert "2 that were let through" in said.en
    assert "拒绝" in said.zh
    assert any("lottery" in note.en for note in notes(backtested(found)))
    assert any("2 day(s)" in note.en for note in notes(backtested(found)))


@pytest.mark.parametrize(
    ("value", "top"), [(0, 4), (3, 4), (4, 4), (5, 8), (65, 80), (81, 200), (2600, 4000), (20_001, 40_000)]
)
def test_axes_end_at_four_round_steps(value: float, top: float) -> None:
    assert nice_top(value) == top


def test_lines_break_where_nothing_is_shown() -> None:
    text = plot(
        ["2026-01-0" + str(i) for i in range(1, 7)],
        [Series("live", [0, 4, 2, 9, 1, 3])],
        [True, True, False, False, True, True],
        str,
    )
    root = ElementTree.fromstring(text)
    (path,) = root.iter("path")
    assert re.sub(r"[\d. ]", "", path.get("d", "")) == "MLML"
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path.get("d", ""))]
    assert heights[1] == pytest.approx(12)
    assert heights[0] == pytest.approx(HEIGHT - 26)
    (shade,) = (node for node in root.iter("rect"))
    assert float(shade.get("width", "0")) == pytest.approx((560 - 72) * 2 / 6, abs=0.2)


def test_what_hit_on_both_sides_is_grey() -> None:
    result = backtested(many(3, (0, 4), 0) + many(1, (0, 0), -1, 9))
    both, own = (RuleHit(name, "set", 10, "", f"{name} is high", f"{name} 偏高") for name in ("both", "own"))
    live, candidate = (
        Explanation("e", "payment", 0, "", "review", 10, hits, (), {}, "aa", False, True)
        for hits in ((both,), (both, own))
    )
    result.examples = [Example(0, "e", 0, 5, 1, live, candidate)]
    text = page(result)
    assert text.count("<li class='soft'>") == 2
    assert '<li class=\'own\'><span class="en" lang="en">own is high' in text


def test_money_in_the_terminal_is_in_major_units() -> None:
    """2 frauds of 10.00 yuan each caught by the candidate alone."""
    table = figure_table(backtested(many(2, (0, 5), 1) + many(1, (0, 0), -1, 9)), "en")
    cells = {row[0]: row[1:4] for row in zip(*(column.cells for column in table.columns))}
    assert cells["fraud money stopped, CNY"] == ("0", "20", "+20")
    assert cells["frauds stopped"] == ("0", "2", "+2")
    unlabelled = figure_table(backtested(many(2, (0, 4), -1)), "zh")
    assert list(unlabelled.columns[0].cells) == ["通过率", "日均审核"]
