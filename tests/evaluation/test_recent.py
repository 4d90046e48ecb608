"""The recent past decided again: the same as the server decided it, and for a draft the same as counting the whole log anew.

Oracles: the answers that were given; `TwoFollowers`, which counts everything for both policies; and counts by hand.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.live_stream import live_opened, live_policy, records
from tests.waiting_policy import POLICY as WAITING
from tests.waiting_policy import random_stream
from zhiyu.base.errors import InputError
from zhiyu.engine.kept import Kept
from zhiyu.engine.labelling import Label
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.entities.lists import ListChange
from zhiyu.evaluation.recent.decide import Deciding, Seen, lacks
from zhiyu.evaluation.recent.figures import told
from zhiyu.evaluation.recent.record import Recorded, Recording, require_triable, with_features_of
from zhiyu.evaluation.recent.spread import BARS, Spreading, edges_of, numbers_of, spread
from zhiyu.evaluation.recent.work import Workshop
from zhiyu.evaluation.two_followers import TwoFollowers
from zhiyu.expressions.types import DURATION, FLOAT, INT, Kind, Type
from zhiyu.features.declare import Feature
from zhiyu.policy.load import load_texts
from zhiyu.policy.outcomes import OUTCOMES

KEY = b"0123456789abcdef"


class House:
    """A folder that a server filled; `answers`: what it decided, by position."""

    def __init__(self, folder: Path, opened: Opened, bodies: list[bytes]) -> None:
        self.folder, self.opened, self.answers = folder, opened, dict[int, dict[str, Any]]()
        live = Live(folder / "default", opened, clock="events")
        names = [each.name for each in opened.policy.lists]
        for at in range(0, len(bodies), 25):
            told = [json.loads(answer.body) for answer in live.take(bodies[at : at + 25]) if answer.body]
            decided = [each for each in told if each.get("status") == "decided"]
            self.answers |= {each["position"]: each for each in decided}
            live.label(
                [
                    Label(event=each["id"], type=each["type"], fraud=each["outcome"] == "decline")
                    for each in decided[::4]
                ]
            )
            number = at // 25
            who = ("abc"[number % 3]) if opened.policy.name == "waiting" else f"c{number % 6}"
            op = "add" if number % 2 else "remove"
            live.change_lists([ListChange(live.moment(), names[0], op, opened.codes.one(who), shown=who)])  # type: ignore[arg-type]
        live.sync()
        live.close()

    def recorded(self, folder: Path, draft: Opened | None = None, days: float = 3_000) -> Recorded:
        kept = Kept(self.folder, "default", KEY)
        run = Recording(kept, with_features_of(self.opened, draft or self.opened), days, folder)
        assert all(0 <= done <= 1 for done in run.steps())
        assert run.result is not None
        return run.result


def decided(recorded: Recorded, opened: Opened) -> Seen:
    run = Deciding(recorded, opened)
    list(run.steps())
    assert run.result is not None
    return run.result


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("live"), live_opened(), records(3, 900))


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> House:
    text = WAITING.replace("LAG", "5").replace(
        " + coalesce(stopped, 0)", ""
    )  # what a wait came to is no fact for who follows the log
    opened = open_policy(load_texts({"policy.yaml": text.encode()}).policy, key=KEY)
    stream = [
        json.dumps({k: v for k, v in each.items() if k != "label"}).encode()
        for each in random_stream(random.Random(7), 700)
    ]
    return House(tmp_path_factory.mktemp("waiting"), opened, stream)


def test_the_live_version_says_again_what_it_said(house: House, tmp_path: Path) -> None:
    seen = decided(house.recorded(tmp_path / "tape"), house.opened)
    assert seen.position.tolist() == sorted(house.answers)
    assert len({each["outcome"] for each in house.answers.values()}) >= 3
    for at, position in enumerate(seen.position.tolist()):
        answer = house.answers[position]
        rules = {seen.rules[rule] for rule in seen.hits.of(at)}
        assert (OUTCOMES[seen.outcome[at]], int(seen.score[at])) == (answer["outcome"], answer["score"])
        assert set(answer["rules"]) == rules


def test_a_policy_that_waits_says_what_it_first_said(waiting: House, tmp_path: Path) -> None:
    seen = decided(waiting.recorded(tmp_path / "tape"), waiting.opened)
    assert seen.position.tolist() == sorted(waiting.answers)
    found = {at: OUTCOMES[outcome] for at, outcome in zip(seen.position.tolist(), seen.outcome)}
    assert found == {at: each["outcome"] for at, each in waiting.answers.items()}
    assert {"challenge", "decline", "pass"} <= set(found.values())


FRESH = Feature(name="few_1h", aggregate="distinct", of="phone", by="card", over="1h", on=("payment",))
DRAFTS = {
    "another limit": live_opened(limit=250),
    "another rule": live_opened(when='spent_1d > 900 and city == "北京"'),
    "a feature that nobody used": live_opened(when="cities_1d > 1"),
    "a feature that is new": open_policy(live_policy(extra=(FRESH,), when="few_1h > 2"), key=KEY),
    "the same name, another window": open_policy(
        msgspec.structs.replace(
            live_policy(),
            features=tuple(
                msgspec.structs.replace(f, over="5m") if f.name == "seen_1h" else f for f in live_policy().features
            ),
        ),
        key=KEY,
    ),
}


@pytest.mark.parametrize("name", list(DRAFTS))
def test_a_draft_says_what_counting_the_log_for_it_says(house: House, tmp_path: Path, name: str) -> None:
    draft = DRAFTS[name]
    recorded = house.recorded(tmp_path / "tape", draft)
    assert not lacks(recorded, draft)
    seen = decided(recorded, draft)
    kept = Kept(house.folder, "default", KEY)
    expected: dict[int, tuple[int, int]] = {}
    for pair in TwoFollowers(kept, house.opened, draft, 0):
        d = pair.candidate.decisions
        expected |= dict(zip(d.positions.tolist(), zip(d.outcome.tolist(), d.score.tolist())))
    assert dict(zip(seen.position.tolist(), zip(seen.outcome.tolist(), seen.score.tolist()))) == expected
    live = decided(recorded, house.opened)
    assert (
        (live.outcome != seen.outcome).any()
        or (live.score != seen.score).any()
        or len(live.hits.row) != len(seen.hits.row)
    )


def test_the_span_begins_where_it_was_asked_to(house: House, tmp_path: Path) -> None:
    recorded = house.recorded(tmp_path / "tape", days=0.1)
    seen = decided(recorded, house.opened)
    whole = decided(house.recorded(tmp_path / "whole"), house.opened)
    assert 0 < seen.n < whole.n
    assert recorded.until_ms - recorded.since_ms == 8_640_000
    assert seen.outcome.tolist() == whole.outcome[whole.n - seen.n :].tolist(), (
        "windows are full from the first decision on"
    )


def test_figures_are_counts_of_what_is_there(house: House, tmp_path: Path) -> None:
    recorded = house.recorded(tmp_path / "tape")
    live, draft = decided(recorded, house.opened), decided(recorded, DRAFTS["another limit"])
    found = told(live, draft, recorded, "CNY")
    figures = {each["name"]: each for each in found["figures"]}
    fraud, good = live.label == 1, live.label == 0
    assert fraud.sum() > 20
    for name, side in (("live", live), ("candidate", draft)):
        stopped = side.outcome >= OUTCOMES.index("challenge")
        assert figures["fraud_caught"][name] == (stopped & fraud).sum()
        assert figures["good_stopped"][name] == (stopped & good).sum()
        assert figures["fraud_money_caught"][name] == live.money[stopped & fraud].sum()
        assert figures["reviews"][name] == (side.outcome == OUTCOMES.index("review")).sum()
    assert sum(each["decisions"] for each in found["moved"]) == (live.outcome != draft.outcome).sum()
    [large] = [each for each in found["rules"] if each["rule"] == "large"]
    mine = [at for at in range(draft.n) if draft.rules.index("large") in draft.hits.of(at)]
    assert (large["draft"], large["frauds"], large["goods"]) == (len(mine), fraud[mine].sum(), good[mine].sum())
    assert large["live"] < large["draft"]
    assert [each["rule"] for each in found["rules"]] == ["large"]


def test_a_feature_is_spread_over_the_decisions(house: House, tmp_path: Path) -> None:
    recorded = house.recorded(tmp_path / "tape")
    whole = with_features_of(house.opened, house.opened)
    run = Spreading(recorded, whole, "seen_1h")
    list(run.steps())
    found = run.result
    assert found is not None
    assert found["decisions"] == len(house.answers)
    assert (found["missing"], found["value"]) == (0, "int")
    assert sum(bar["all"] for bar in found["bars"]) == len(house.answers)
    labels = decided(recorded, house.opened).label
    assert sum(bar["frauds"] for bar in found["bars"]) == found["frauds"] == (labels == 1).sum()
    assert [bar["low"] for bar in found["bars"]] == sorted({bar["low"] for bar in found["bars"]})
    many = sum(bar["all"] for bar in found["bars"] if bar["low"] > 3)
    assert many == sum("many" in each["rules"] for each in house.answers.values()), "the rule `many` is seen_1h > 3"
    text = Spreading(recorded, whole, "cities_1d")
    list(text.steps())
    assert text.result is not None
    assert text.result["distinct"] >= 2


ROUND = {"int": INT, "float": FLOAT, "duration": DURATION, "money": Type(Kind.FIXED, 2, "CNY")}


@pytest.mark.parametrize("name", ROUND)
@given(seed=st.integers(0, 2**32), wide=st.floats(0.5, 1e12))
def test_bars_have_round_ends_and_hold_every_value_once(name: str, seed: int, wide: float) -> None:
    type_, draws = ROUND[name], np.random.default_rng(seed)
    drawn = draws.exponential(wide, 400) - wide * draws.integers(0, 2)
    registers = drawn.view(np.int64) if name == "float" else np.floor(drawn).astype(np.int64)
    numbers, label = numbers_of(type_, registers), draws.integers(-1, 2, 400).astype(np.int8)
    bars = spread(type_, registers, np.zeros(400, np.uint8), label)["bars"]
    last = bars[-1]
    for bar in bars:
        one, above = bar["low"] == bar["high"], numbers >= bar["low"]
        inside = numbers == bar["low"] if one else above if bar is last else above & (numbers < bar["high"])
        assert bar["all"] == inside.sum()
        assert (bar["frauds"], bar["goods"]) == ((label[inside] == 1).sum(), (label[inside] == 0).sum())
        assert name not in ("int", "duration") or bar["low"] == int(bar["low"])
    assert sum(bar["all"] for bar in bars) == 400
    assert len(bars) <= BARS + 3


def test_bars_are_as_wide_as_people_count() -> None:
    hours = edges_of(DURATION, 0.0, 20 * 3_600_000.0, 0.0)
    assert (hours[0], hours[1], len(hours)) == (0.0, 3_600_000.0, 22)
    assert edges_of(INT, 0.0, 18.0, 0.0) == [float(each) for each in range(20)]
    assert edges_of(FLOAT, 0.13, 0.61, 0.0)[:3] == [0.12, 0.14, 0.16]
    assert edges_of(FLOAT, 5.0, 5.0, 29.0)[:2] == [5.0, 6.0]


def test_what_would_change_the_log_itself_is_not_tried(house: House) -> None:
    policy = live_policy()
    first, *rest = policy.events
    other = msgspec.structs.replace(
        policy, events=(msgspec.structs.replace(first, derive={"twice": "amount * 2"}), *rest)
    )
    with pytest.raises(InputError, match="event types"):
        require_triable(house.opened, open_policy(other, key=KEY))
    require_triable(house.opened, DRAFTS["a feature that is new"])


def workshop(house: House, folder: Path) -> Workshop:
    return Workshop(house.folder, "default", KEY, 3_000, folder / "recent")


def asked(live: str, *operations: dict[str, Any], figures: bool = True) -> dict[str, Any]:
    return {"base": live, "live": live, "operations": list(operations), "figures": figures}


def test_a_draft_is_checked_then_tried_and_taking_it_back_costs_no_decision(house: House, tmp_path: Path) -> None:
    shop, live = workshop(house, tmp_path), house.opened.artifact.hash
    lower = {"op": "replace", "path": "/rule_sets/0/rules/0/when", "value": "amount > 250"}
    first = list(shop.answer(1, "try", asked(live, lower)))
    kinds = [kind for _, kind, _ in first]
    assert (kinds[0], kinds[-1], set(kinds[1:-1])) == ("checked", "figures", {"progress"})
    assert first[0][2]["policy"] == DRAFTS["another limit"].artifact.hash
    assert "400" in first[0][2]["changes"][0]["en"]
    assert first[0][2]["said"][0]["path"] == "/rule_sets/0/rules/0"
    again = list(shop.answer(2, "try", asked(live, lower)))
    assert [kind for _, kind, _ in again] == ["checked", "figures"]
    assert again[-1][2] == first[-1][2]
    same = list(shop.answer(3, "try", asked(live)))
    assert all(each["difference"] == 0 for each in same[-1][2]["figures"] if each["difference"] is not None)


def test_errors_are_told_where_they_are_and_nothing_is_tried(house: House, tmp_path: Path) -> None:
    shop, live = workshop(house, tmp_path), house.opened.artifact.hash
    wrong = {"op": "replace", "path": "/rule_sets/0/rules/0/when", "value": "amount > 250 and amuont < 1"}
    [(_, kind, found)] = shop.answer(1, "try", asked(live, wrong))
    assert (kind, found["policy"]) == ("checked", None)
    assert [(each["path"], each["column"], each["suggestion_zh"]) for each in found["findings"][:1]] == [
        ("/rule_sets/0/rules/0/when", 18, "是不是“amount”？")
    ]
    [(_, kind, why)] = shop.answer(2, "try", asked(live, {"op": "remove", "path": "/rule_sets/7"}))
    assert (kind, why["code"]) == ("failed", "input")


def test_a_question_that_is_left_does_not_throw_its_recording_away(house: House, tmp_path: Path) -> None:
    shop, live = workshop(house, tmp_path), house.opened.artifact.hash
    first = shop.answer(1, "try", asked(live))
    assert next(first)[1] == "checked"
    assert next(first)[1] == "progress"
    under_way = shop._under_way
    first.close()
    second = list(shop.answer(2, "try", asked(live)))
    assert second[-1][1] == "figures"
    assert under_way is not None
    assert shop.recorded is under_way.recording.result
