"""Arms of an experiment over a recorded log: each decision in the arm it took, as its points say; spans; fields that are computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.experiment_policy import KEY, payments, split_opened
from zhiyu.engine.labelling import Label
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.recent.work import Workshop
from zhiyu.policy.experiments import experiment_of, experiments_of, places_of, same_experiment

STOPPED = ("challenge", "delay", "review", "decline")


class House:
    """A folder that a server filled with payments, every second labelled."""

    def __init__(self, folder: Path, opened: Opened) -> None:
        self.folder, self.opened = folder, opened
        live = Live(folder / "default", opened, clock="events")
        bodies = payments(4, 3_000)
        self.events = {each["id"]: each for each in map(json.loads, bodies)}
        self.answers: list[dict[str, Any]] = []
        for at in range(0, len(bodies), 100):
            told = [json.loads(answer.body) for answer in live.take(bodies[at : at + 100]) if answer.body]
            self.answers += told
            live.label(
                [Label(event=e["id"], type="payment", fraud=self.events[e["id"]]["amount"] > 500) for e in told[::2]]
            )
        self.labelled = {each["id"] for at in range(0, 3_000, 100) for each in self.answers[at : at + 100][::2]}
        live.sync()
        live.close()

    def arms(self, folder: Path, since: int = 0, flow: str = "limits") -> dict[str, Any]:
        shop = Workshop(self.folder, "default", KEY, 3_000, folder / "recent")
        content = {
            "live": self.opened.artifact.hash,
            "flow": flow,
            "node": "limit_test",
            "since": since,
            "told": {"more": 1},
        }
        *progress, last = list(shop.answer(1, "arms", content))
        assert {kind for _, kind, _ in progress} <= {"progress"}
        assert last[1] == "arms", last
        return dict(last[2])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("split"), split_opened())


def test_every_decision_is_in_the_arm_that_its_points_say(house: House, tmp_path: Path) -> None:
    found = house.arms(tmp_path)
    split = [each for each in house.answers if "card" in house.events[each["id"]]]
    assert found["unsplit"] == len(house.answers) - len(split) > 20
    assert (found["decisions"], found["more"], found["base"], found["by"]) == (len(split), 1, 2, "card")
    for points, arm in enumerate(found["arms"], 1):
        own = [each for each in split if each["score"] == points]
        known = [each for each in own if each["id"] in house.labelled]
        frauds = [each for each in known if house.events[each["id"]]["amount"] > 500]
        stopped = {each["id"] for each in own if each["outcome"] in STOPPED}
        assert arm["decisions"] == len(own) > 100
        assert arm["keys"] == len({house.events[each["id"]]["card"] for each in own})
        assert (arm["frauds"], arm["goods"]) == (len(frauds), len(known) - len(frauds))
        assert arm["fraud_caught"] == sum(each["id"] in stopped for each in frauds)
        assert arm["fraud_money_caught"] == 100 * sum(
            house.events[each["id"]]["amount"] for each in frauds if each["id"] in stopped
        )
        assert arm["outcomes"]["review"] == sum(each["outcome"] == "review" for each in own)
    assert [(arm["name"], arm["to"], arm["percent"], arm["rest"]) for arm in found["arms"]] == [
        ("strict", "strict", 40, False), ("loose", "loose", 10, False), ("", "usual", 50, True),
    ]  # fmt: skip
    assert found["split"]["fits"]
    assert found["labels"]["arrived"] == sum(each["id"] in house.labelled for each in split)


def test_differences_say_what_the_limits_do(house: House, tmp_path: Path) -> None:
    strict, loose, rest = house.arms(tmp_path)["arms"]
    assert rest["differences"] == []
    of = {(arm["name"], each["name"]): each for arm in (strict, loose) for each in arm["differences"]}
    assert of["strict", "recall"]["arm"] == 1, "every fraud is above 200"
    assert of["strict", "recall"]["low"] > 0
    assert of["strict", "good_stopped_rate"]["low"] > 0
    assert of["loose", "recall"]["high"] < 0
    assert of["loose", "missed_money"]["low"] > 0
    assert of["strict", "label_rate"]["low"] < 0 < of["strict", "label_rate"]["high"], "labels come alike"


def test_only_what_came_since_the_experiment_was_live_counts(house: House, tmp_path: Path) -> None:
    since = house.answers[2_000]["position"]
    found = house.arms(tmp_path, since)
    assert found["decisions"] + found["unsplit"] == 1_000
    assert house.arms(tmp_path / "after", since + 5_000)["decisions"] == 0


def test_all_keys_in_arms_are_held_against_the_first(tmp_path: Path) -> None:
    full = House(tmp_path / "full", split_opened('percent: "10.0"', "percent: 60"))
    found = full.arms(tmp_path)
    assert (len(found["arms"]), found["base"]) == (2, 0)
    assert found["arms"][0]["differences"] == []
    assert found["arms"][1]["differences"] != []


def test_a_field_that_is_computed_splits_as_well(tmp_path: Path) -> None:
    derived = House(tmp_path / "derived", split_opened("by: card", "by: shelf"))
    found = derived.arms(tmp_path)
    for points, arm in enumerate(found["arms"], 1):
        own = [e for e in derived.answers if e["score"] == points and "card" in derived.events[e["id"]]]
        assert arm["decisions"] == len(own) > 100
        assert arm["keys"] == len({derived.events[each["id"]]["card"] for each in own})


def test_an_experiment_that_is_gone_is_said(house: House, tmp_path: Path) -> None:
    shop = Workshop(house.folder, "default", KEY, 3_000, tmp_path)
    content = {"live": house.opened.artifact.hash, "flow": "payments", "node": "gone", "since": 0, "told": {}}
    [(_, kind, why)] = shop.answer(1, "arms", content)
    assert (kind, why["code"]) == ("failed", "input")


def test_the_same_experiment_draws_every_key_alike() -> None:
    policy = split_opened().artifact.policy
    [found] = experiments_of(policy)
    assert (found.name, str(found.rest)) == ("limits/limit_test", "50")
    assert places_of(policy, found) == ["payments/inside/limit_test"]
    assert found.sentence("en") == (
        "Flow 'limits' splits by card: 40 % take arm 'strict' to 'strict', 10 % take arm 'loose' to 'loose', "
        "the other 50 % go on at 'usual'."
    )
    assert found.sentence("zh") == (
        "流程“限额流程”按 card 分流：40% 走分组“strict”（转到“strict”），10% 走分组“loose”（转到“loose”），其余 50% 转到“usual”。"
    )
    assert experiment_of(policy, "payments", "limit_test") is None
    changed = {
        ("amount > 200", "amount > 300"): True, ('percent: "10.0"', "percent: 10"): True, ("salt: autumn", "salt: winter"): False,
        ("percent: 40", "percent: 41"): False, ("by: card", "by: shelf"): False, ("to: loose}", "to: usual}"): False,
    }  # fmt: skip
    for (old, new), same in changed.items():
        assert same_experiment(policy, split_opened(old, new).artifact.policy, "limits", "limit_test") is same, new
