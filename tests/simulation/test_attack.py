"""An adversary against small policies: one rule is split around, the next waited out, and each closing makes the way dearer.

A lender declines payments above 5,000 yuan and nothing else; somebody with a stolen account wants 8,000. Two payments of 4,000 do it. The
lender closes that with a count of the day: the adversary waits until the day is over, and pays for the days. The lender closes that
with the money of a device in a month: the adversary goes below the thousand yuan that the rules leave alone, or buys a device for each
payment. A lender who declines everything is safe, and has no customers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.policy.load import load_texts
from zhiyu.simulation.attack import MEANS, Attack, Found, read_means
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.closing import Closing, closings
from zhiyu.simulation.attack.report import Report, page
from zhiyu.simulation.attack.script import SEEN_BY, Writer, knobs_of
from zhiyu.simulation.attack.stage import Stage

HEAD = """
name: toy
events:
  - name: payment
    decide: true
    money: amount
    fields: {customer: {type: string, required: true}, amount: {type: money, currency: CNY, required: true}, device: {type: string}}
features:
  - {name: by_customer_1d, aggregate: count, by: [customer, device], over: 1d, on: [payment]}
  - {name: of_device_30d, aggregate: sum, of: amount, by: device, over: 30d, on: [payment]}
rule_sets:
  - name: main
    on: [payment]
    rules:
"""
LARGE = "      - {name: large, when: amount > 5000, outcome: decline}\n"
OFTEN = "      - {name: often, when: by_customer_1d >= 2 and amount > 1000, outcome: decline}\n"
DEVICE = "      - {name: device_money, when: of_device_30d > 6000 and amount > 1000, outcome: decline}\n"
RULES = "rule_sets: [{{name: main, rules: [{{name: r, when: {}, outcome: decline}}]}}]\n"
NOTHING = "      - {name: nothing, when: amount > 0, outcome: decline}\n"


def _policy(*rules: str) -> dict[str, bytes]:
    return {"toy.yaml": (HEAD + "".join(rules)).encode()}


def _found(*rules: str, seed: int = 7, tries: int = 1_500) -> tuple[Found, list[Closing]]:
    stage = Stage(open_policy(load_texts(_policy(*rules)), all_features=True), seed)
    adversary = Attack(stage, tries=tries)
    found = adversary.search("abnormal_use")
    closed = closings(stage, *found.ran, adversary.goal_fen) if found.ran else []
    stage.close()
    return found, closed


@pytest.fixture(scope="module")
def one() -> tuple[Found, list[Closing]]:
    return _found(LARGE)


@pytest.fixture(scope="module")
def two() -> tuple[Found, list[Closing]]:
    return _found(LARGE, OFTEN)


@pytest.fixture(scope="module")
def three() -> tuple[Found, list[Closing]]:
    return _found(LARGE, OFTEN, DEVICE)


def test_one_rule_is_split_around(one: tuple[Found, list[Closing]]) -> None:
    found = one[0]
    assert found.best is not None
    assert found.naive is not None
    assert set(found.naive.stops) == {("payment", "large")}
    assert w.said(found.best.way)["parts"] == "2"
    assert [name for name, _ in found.without] == ["parts"]
    assert found.without[0][1].successes == 0
    assert set(found.without[0][1].stops) == {("payment", "large")}
    assert found.proven
    assert found.best.successes == found.best.victims


def test_a_count_is_waited_out_or_rotated_around(two: tuple[Found, list[Closing]]) -> None:
    best = two[0].best
    assert best is not None
    words = w.said(best.way)
    assert words["pause"] in ("1d", "3d", "7d") or words["device"] == "one per step"
    assert any(("payment", "often") in operation.stops for _, operation in two[0].without)


def test_each_closing_makes_it_dearer(
    one: tuple[Found, list[Closing]], two: tuple[Found, list[Closing]], three: tuple[Found, list[Closing]]
) -> None:
    prices = [found.best.price for found, _ in (one, two, three) if found.best]
    assert len(prices) == 3
    assert prices[0] < prices[1] < prices[2]
    words = w.said(three[0].best.way) if three[0].best else {}
    assert words["device"] == "one per step" or int(words["parts"]) >= 8, (
        "a phone each time, or below what the rules leave alone"
    )


def test_what_closing_costs_is_what_honest_people_do(one: tuple[Found, list[Closing]]) -> None:
    """Every condition is one that all winners met; the counts are those of counting honest payments by hand."""
    found, closed = one
    assert closed
    assert found.ran is not None
    honest = [int(fen) for d, whose in found.ran[0].kept for fen, at in zip(d.money.tolist(), whose.tolist()) if at < 0]
    amounts = [each for each in closed if each.when.startswith("amount >= ")]
    assert amounts
    edge = round(float(amounts[0].when.split()[-1]) * 100)
    assert 300_000 < edge <= 500_000, "half of eight thousand, a little less or more"
    assert amounts[0].honest_share == sum(fen >= edge for fen in honest) / len(honest)
    assert [each.honest_share for each in closed] == sorted(each.honest_share for each in closed)


def test_no_way_through_a_policy_that_declines_everything() -> None:
    found, closed = _found(NOTHING, tries=400)
    assert found.best is None
    assert found.first_at is None
    assert closed == []
    assert found.tries <= 400
    assert found.naive is not None
    assert found.naive.taken_fen == 0


def test_same_seed_same_report_and_another_seed_another() -> None:
    reports = []
    for seed in (7, 7, 8):
        found, closed = _found(LARGE, seed=seed, tries=200)
        report = Report("toy", "0" * 64, seed, 8_000, 200, MEANS, [found], {"abnormal_use": closed})
        reports.append((json.dumps(report.to_dict()), page(report)))
    assert reports[0] == reports[1]
    assert reports[0] != reports[2]


def test_prices_are_a_lower_bound_of_what_is_spent(two: tuple[Found, list[Closing]]) -> None:
    """What a way costs when nothing goes wrong, against what the run of the best one spent."""
    best = two[0].best
    assert best is not None
    planned = w.price_of(best.way[None], MEANS, 4, False, True)[0]
    assert best.spent_yuan / best.victims <= planned + 1e-6
    assert (best.price or 0) >= planned - 1e-6


def test_a_script_costs_what_it_says() -> None:
    """Every way of a small space: base and events of a victim add up to the price of the way."""
    stage = Stage(open_policy(load_texts(_policy(LARGE)), all_features=True), 3)
    writer = Writer(stage, "abnormal_use", MEANS, 800_000, 4)
    space = w.space(knobs_of(stage, "abnormal_use"), MEANS, 4, False, True, 3)
    for at in range(0, len(space.ways), 97):
        script = writer.write([space.ways[at]], 0)
        spent = sum(script.cost) / 4 + script.base[0]
        assert spent == pytest.approx(space.price[at]), w.said(space.ways[at])
        moved = dict.fromkeys(script.victim, 0)
        for victim, fen in zip(script.victim, script.moves):
            moved[victim] += fen
        assert set(moved.values()) == {800_000}
        assert script.at_ms == sorted(script.at_ms)
    stage.close()


def test_a_knob_that_nobody_can_see_is_not_turned() -> None:
    stage = Stage(open_policy(load_texts(_policy(LARGE)), all_features=True), 3)
    knobs = knobs_of(stage, "abnormal_use")
    assert "device" in knobs
    assert not {"place", "channel", "receiver", "contact", "codes"} & set(knobs)
    assert set(SEEN_BY) <= set(w.NAMES)
    stage.close()


def test_means_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "means.yaml"
    path.write_text("fresh_device: 400\nversion: ours/1\n", encoding="utf-8")
    means = read_means(path)
    assert (means.fresh_device, means.account, means.version) == (400.0, MEANS.account, "ours/1")
    for text, word in (
        ("fresh_devise: 1", "fresh_device"), ("step: -1", "price"), ("step: yes", "price"), ("step: 1000001", "price"), ("[1, 2]", "table"),
        ("{", "YAML"), ("a: [", "YAML"), ("", "table"),
    ):  # fmt: skip
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=word):
            read_means(path)
    path.write_text("step: 1000000", encoding="utf-8")
    assert read_means(path).step == 1_000_000
    with pytest.raises(InputError, match="no file"):
        read_means(tmp_path / "none.yaml")


def test_a_dearer_device_is_used_less() -> None:
    """Prices decide the way: the user's table, not ours."""
    stage = Stage(open_policy(load_texts(_policy(LARGE)), all_features=True), 7)
    cheap = w.space(knobs_of(stage, "abnormal_use"), MEANS, 4, False, True, 7)
    assert cheap.price[0] == min(cheap.price)
    assert w.said(cheap.ways[0])["device"] == "one for all"
    stage.close()


def test_limits() -> None:
    stage = Stage(open_policy(load_texts(_policy(LARGE)), all_features=True), 3)
    Attack(stage, tries=120, goal_yuan=100)
    for more in ({"tries": 119}, {"tries": 100_001}, {"goal_yuan": 99}, {"goal_yuan": 1_000_001}):
        with pytest.raises(InputError):
            Attack(stage, **more)
    with pytest.raises(InputError, match="draw_down"):
        Attack(stage).search("takeover")
    stage.close()


def test_the_command(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, text in _policy(LARGE).items():
        (folder / name).write_bytes(text)
    arguments = [
        "attack",
        "--policy",
        str(folder),
        "--tries",
        "150",
        "--lang",
        "zh",
        "--html",
        str(tmp_path / "a.html"),
        "-o",
        str(tmp_path / "a.json"),
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "每次得手" in done.output
    told = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert told["kinds"]["abnormal_use"]["best"]["way"]["parts"] == "2"
    assert told["kinds"]["abnormal_use"]["walked_around"][0]["by"][0]["rules"] == "large"
    assert told["means"]["version"] == "means/2"
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "拆分笔数" in html
    assert "large" in html


def test_a_policy_of_another_world(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: x\nevents: [{name: click, decide: true, fields: {n: {type: int}}}]\n" + RULES.format("n > 1"),
        encoding="utf-8",
    )
    done = CliRunner().invoke(main, ["attack", "--policy", str(tmp_path), "--lang", "en"])
    assert done.exit_code == 1
    assert "loan vocabulary" in done.output
    (tmp_path / "p.yaml").write_text(
        "name: x\nevents: [{name: payment, decide: true, fields: {customer: {type: string}}}]\n"
        + RULES.format("customer is null"),
        encoding="utf-8",
    )
    done = CliRunner().invoke(main, ["attack", "--policy", str(tmp_path), "--lang", "en"])
    assert done.exit_code == 1
    assert "amount" in done.output
