"""Problems and hints: both languages, and nothing when there is nothing to say."""

from __future__ import annotations

from tests.suggestions import in_one_language
from zhiyu.base.errors import NO_HINT, Hint, Place, Problem, did_you_mean

AT = Place("p.yaml", 3, 5)


def test_a_problem_suggests_in_the_language_it_speaks() -> None:
    problem = Problem("name.twice", "twice", "重复", AT, "error", *Hint("rename it", "请改名"))
    assert problem.text("en") == str(problem) == "p.yaml:3:5: error[name.twice]: twice → rename it"
    assert problem.text("zh") == "p.yaml:3:5: error[name.twice]: 重复 → 请改名"


def test_no_hint_is_no_arrow() -> None:
    problem = Problem("name.twice", "twice", "重复", AT, "warning", *NO_HINT)
    assert problem.text("en") == "p.yaml:3:5: warning[name.twice]: twice"
    assert problem.text("zh") == "p.yaml:3:5: warning[name.twice]: 重复"


def test_a_suggestion_without_chinese_is_still_said() -> None:
    assert Problem("c", "en", "zh", AT, suggestion="do this").text("zh").endswith("zh → do this")


def test_did_you_mean_asks_in_both_languages() -> None:
    assert did_you_mean("amuont", ["device", "amount"]) == Hint("did you mean 'amount'?", "是不是“amount”？")
    assert not did_you_mean("zzz", ["device", "amount"])
    assert (did_you_mean("zzz", ["amount"]) or Hint("a", "甲")) == Hint("a", "甲")


def test_one_language_is_found() -> None:
    spoken = Problem("c", "e", "z", AT, "error", *Hint("use ==", "用 =="))
    silent = Problem("c", "e", "z", AT)
    english = Problem("c", "e", "z", AT, suggestion="use ==")
    copied = Problem("c", "e", "z", AT, "error", *Hint("use ==", "use =="))
    chinese = Problem("c", "e", "z", AT, suggestion_zh="用 ==")
    assert in_one_language([spoken, silent, english, copied, chinese]) == [english, copied, chinese]
