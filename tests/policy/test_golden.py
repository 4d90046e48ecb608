"""Golden files: each folder of tests/golden/policy is a policy; findings.txt holds what the checks say about it.

A change of wording or of a place shows up as a difference. ZHIYU_WRITE_GOLDEN=1 writes the files anew: read them before
committing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.suggestions import in_one_language
from zhiyu.base.errors import DeclarationError, Problem
from zhiyu.policy.check import check_policy
from zhiyu.policy.load import load_texts
from zhiyu.policy.say import say_feature, say_rule_set
from zhiyu.policy.say_policy import say_policy

GOLDEN = Path(__file__).parents[1] / "golden" / "policy"
CASES = sorted(p.name for p in GOLDEN.iterdir() if p.is_dir())


def problems_of(folder: Path) -> tuple[Problem, ...]:
    """Every finding of a folder."""
    texts = {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.suffix in (".yaml", ".csv", ".json")}
    try:
        loaded = load_texts(texts)
    except DeclarationError as error:
        return tuple(error.problems)
    return check_policy(loaded.policy, loaded.places).problems


def findings(problems: tuple[Problem, ...]) -> str:
    """The findings as they print, in English and then in Chinese."""
    return "".join(f"{p.text('en')}\n" for p in problems) + "\n" + "".join(f"{p.text('zh')}\n" for p in problems)


def compare(path: Path, found: str) -> None:
    """Fail on any difference from the stored file."""
    if os.environ.get("ZHIYU_WRITE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_findings(case: str) -> None:
    problems = problems_of(GOLDEN / case)
    compare(GOLDEN / case / "findings.txt", findings(problems))
    assert in_one_language(problems) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences(language: str) -> None:
    loaded = load_texts({p.name: p.read_bytes() for p in sorted((GOLDEN / "sentences").glob("*.yaml"))})
    checked = check_policy(loaded.policy, loaded.places).require()
    lines = [say_rule_set(checked, s.name, language) for s in checked.policy.rule_sets]
    lines += [say_feature(checked, name, language) for name in checked.features]
    compare(GOLDEN / "sentences" / f"sentences.{language}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_decisions_in_words(language: str) -> None:
    loaded = load_texts({"policy.yaml": (GOLDEN / "decisions" / "policy.yaml").read_bytes()})
    checked = check_policy(loaded.policy, loaded.places).require()
    compare(GOLDEN / "decisions" / f"words.{language}.txt", "\n".join(say_policy(checked, language)) + "\n")
