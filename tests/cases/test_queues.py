"""Queues as declared: what a file says, and what is told about one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from zhiyu.base.errors import InputError
from zhiyu.cases.queues import DEFAULT, read_queues
from zhiyu.policy.outcomes import OUTCOMES


def test_the_file_on_the_page_is_one(tmp_path: Path) -> None:
    [block] = [each for each in blocks(ROOT / "docs" / "cases.md") if each.name == "queues.yaml"]
    (tmp_path / "queues.yaml").write_text(block.text, encoding="utf-8")
    found = read_queues(tmp_path / "queues.yaml")
    asked = [
        ("decision", "review", "draw_down", 60_000), ("decision", "review", "draw_down", 40_000), ("decision", "review", "login", 0),
        ("gang", "", "", 0),
    ]  # fmt: skip
    routed = [found.route(kind, outcome, event, ("COACHED",), money) for kind, outcome, event, money in asked]
    assert [queue.name if queue else None for queue in routed] == ["large", "review", None, "experts"]
    assert (found.least_outcome, found.claim_ms) == (OUTCOMES.index("delay"), 1_800_000)


def test_without_a_file_whatever_stops_somebody_is_work() -> None:
    assert read_queues(None) is DEFAULT
    taken = {outcome for outcome in OUTCOMES if DEFAULT.route("decision", outcome, "x", (), 0)}
    assert taken == {"challenge", "delay", "review", "decline"}
    assert DEFAULT.least_outcome == OUTCOMES.index("challenge")


@pytest.mark.parametrize(("text", "said"), [
    ("queues: [{name: a, within: soon}]", "within"), ("queues: []", "1 to 100"), ("queues: [{name: a, outcomes: [reviw]}]", "review"),
    ("queues: [{name: a}, {name: a}]", "twice"), ("queues: [{name: a, escalates_to: b}]", "escalates_to"), ("queues: [{name: ''}]", "name"),
    ("queues: [{name: a, colour: red}]", "colour"), ("claim: 5m", "queues"), ("queues: {", "YAML"), ("", "missing required field `queues`"),
    ("queues: [{name: a, kinds: [person]}]", "person"), ("claim: never\nqueues: [{name: a}]", "claim"),
])  # fmt: skip
def test_a_file_that_is_wrong_is_told_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "queues.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        read_queues(tmp_path / "queues.yaml")
    assert "queues.yaml" in refused.value.en
    with pytest.raises(InputError, match="cannot be read"):
        read_queues(tmp_path / "missing.yaml")
