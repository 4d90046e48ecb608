"""Restraint: a lender who prices by the telephone is found, one who does not is not; figures against slow ones; the gate's exit code."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from zhiyu.base.errors import DeclarationError
from zhiyu.cli import main
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.restraint.judge import Z_CHANCE, within_strata

POLICY = """
name: loans
events:
  - name: application
    money: amount
    fields:
      customer: {type: string, required: true, entity: customer}
      amount: {type: money, currency: CNY, required: true, min: 0}
      income: {type: money, currency: CNY, min: 0}
      band: {type: int}
      device_price: {type: int}
      loyal: {type: bool}
      sex: {type: enum, values: [f, m]}
      age: {type: int}
features:
  - {name: asked_30d, aggregate: sum, of: amount, by: customer, over: 30d}
  - {name: burden, expr: asked_30d / income}
  - {name: rate, expr: RATE}
rule_sets:
  - name: main
    rules:
      - {name: heavy, when: burden > 3, score: 10}
      RULES
    thresholds: [{score: 10, outcome: decline}]
restraint:
  groups:
    - {of: sex}
    - {of: age, bands: [30, 50], least: 50}
  independence:
    - {of: device_price, what: [outcome, rate], given: [band], values: [800, 9000]}
    - {of: loyal, what: [outcome, rate], given: [band], values: [true, false]}
  over_lending:
    - {name: burden, when: burden > 4, share: 0.001}
"""
FAIR, DEAR = "0.02 + 0.01 * band", "0.02 + 0.01 * band + device_price / 1000000"


def folder(path: Path, rate: str = FAIR, rules: str = "") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "policy.yaml").write_text(POLICY.replace("RATE", rate).replace("RULES", rules), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applications; dear telephones go with high incomes, which is why `given: [band]` is needed."""
    rng = random.Random(4)
    lines = []
    for number in range(4_000):
        band = rng.randint(0, 3)
        lines.append(
            {
                "id": f"a{number}", "type": "application", "time": f"2026-01-{1 + number // 200:02}T{number // 10 % 20:02}:00:00Z",
                "customer": f"c{number % 2500}", "amount": rng.randint(1_000, 9_000), "income": 4_000 + 3_000 * band, "band": band,
                "device_price": rng.randint(500, 4_000) + 1_500 * band, "loyal": rng.random() < 0.3 + 0.1 * band, "sex": rng.choice("fm"),
                "age": rng.randint(18, 70),
            }
        )  # fmt: skip
    path = tmp_path_factory.mktemp("loans") / "events.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(policy: Path, events: Path, *more: str) -> tuple[Result, dict[str, Any]]:
    done = CliRunner().invoke(
        main, ["restraint", "--policy", str(policy), "--events", str(events), "--json", "--lang", "en", *more]
    )
    assert done.exit_code in (0, 3), done.output + done.stderr
    return done, json.loads(done.stdout)


def test_a_policy_that_minds_neither_device_nor_loyalty_holds(events: Path, tmp_path: Path) -> None:
    done, facts = run(folder(tmp_path / "policy"), events)
    assert (done.exit_code, facts["holds"]) == (0, True)
    for each in facts["independence"]:
        assert [line["changed"] for line in each["set"]] == [0, 0], "nothing depends on it, whatever it is set to"
        assert all(abs(line["z"]) < Z_CHANCE for line in each["by"])
    (lending,) = facts["over_lending"]
    assert (lending["over"], lending["stopped"] > 0) == (0, True)


def test_a_price_by_the_device_is_found_by_both_tests(events: Path, tmp_path: Path) -> None:
    done, facts = run(folder(tmp_path / "policy", DEAR), events)
    assert done.exit_code == 3
    device, loyal = facts["independence"]
    by, changed = ({line["what"]: line for line in device[key]} for key in ("by", "set"))
    assert by["rate"]["correlation"] > 0.9
    assert not by["rate"]["holds"]
    assert changed["rate"]["share"] == 1.0
    assert changed["rate"]["means"][1] - changed["rate"]["means"][0] == pytest.approx(0.0082)
    assert (by["outcome"]["holds"], changed["outcome"]["changed"], loyal["holds"]) == (True, 0, True)


def test_a_log_says_what_its_file_says(events: Path, tmp_path: Path) -> None:
    policy = folder(tmp_path / "policy", DEAR)
    live = Live(tmp_path / "data/default", open_policy(policy), clock="events")
    lines = events.read_bytes().splitlines()
    for at in range(0, len(lines), 700):
        live.take(lines[at : at + 700])
    live.sync()
    live.close()
    plain = run(policy, events)[1]
    over = CliRunner().invoke(
        main, ["restraint", "--policy", str(policy), "--data", str(tmp_path / "data"), "--json", "--lang", "en"]
    )
    assert (over.exit_code, json.loads(over.stdout)) == (3, plain)


def test_without_its_strata_an_innocent_price_looks_guilty(events: Path, tmp_path: Path) -> None:
    policy = folder(tmp_path / "policy")
    text = (policy / "policy.yaml").read_text(encoding="utf-8")
    (policy / "policy.yaml").write_text(text.replace(", given: [band], values: [800, 9000]", ""), encoding="utf-8")
    _, facts = run(policy, events)
    assert not facts["independence"][0]["holds"], "income goes with the telephone"
    assert "set" not in facts["independence"][0]


def test_a_loyal_customer_who_is_declined_less_is_found_by_deciding_again(events: Path, tmp_path: Path) -> None:
    rules = "- {name: stranger, when: not loyal and amount > 8900, score: 10}"
    _, facts = run(folder(tmp_path / "policy", rules=rules), events)
    set_to = {line["what"]: line for line in facts["independence"][1]["set"]}
    assert set_to["outcome"]["changed"] > 0
    assert not set_to["outcome"]["holds"]
    assert set_to["rate"]["holds"]


def test_groups_that_fare_worse(events: Path, tmp_path: Path) -> None:
    rules = '- {name: men, when: sex == "m" and amount > 6000, score: 10}'
    labels = tmp_path / "labels.csv"
    labels.write_text("id,fraud\n" + "".join(f"a{n},{int(n % 50 == 0)}\n" for n in range(4_000)), encoding="utf-8")
    _, facts = run(folder(tmp_path / "policy", rules=rules), events, "--labels", str(labels), "--label-delay", "1d")
    sex, age = facts["groups"]
    lines = {line["group"]: line for line in sex["groups"]}
    assert not sex["holds"]
    assert lines["f"]["let_through_ratio"] == 1.0
    assert lines["m"]["let_through_ratio"] == pytest.approx(
        lines["m"]["let_through"] / lines["f"]["let_through"], abs=1e-6
    )
    assert lines["m"]["good_let_through_ratio"] < 0.8
    assert lines["m"]["good"] + lines["m"]["frauds"] == lines["m"]["events"]
    assert age["holds"]
    assert [line["group"] for line in age["groups"]] == ["< 30", "30 – 50", "≥ 50"]


def test_too_much_lent_is_a_failure(events: Path, tmp_path: Path) -> None:
    policy = folder(tmp_path / "policy")
    text = (policy / "policy.yaml").read_text(encoding="utf-8")
    (policy / "policy.yaml").write_text(text.replace("when: burden > 3", "when: burden > 30"), encoding="utf-8")
    done, facts = run(policy, events, "--out", str(tmp_path / "out"))
    (lending,) = facts["over_lending"]
    opened, over = open_policy(policy), 0
    assert opened.policy.restraint is not None
    assert done.exit_code == 3
    spent: dict[str, list[tuple[str, int]]] = {}
    for line in map(json.loads, events.read_text().splitlines()):  # the slow meaning: 30 days are longer than the file
        own = spent.setdefault(line["customer"], [])
        own.append((line["time"], line["amount"]))
        over += sum(amount for _, amount in own) / line["income"] > 4
    assert lending["over"] == over > 0
    html = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "过度授信" in html
    assert "<script" not in html


def test_chance_is_what_all_orders_say() -> None:
    """The closed form of mean and variance against every permutation within the strata, one by one."""
    rng = np.random.default_rng(3)
    one, strata = rng.integers(0, 3, 7).astype(float), np.array([0, 0, 0, 0, 1, 1, 1])
    two = rng.normal(size=7)
    rho, z, used = within_strata(one, two, strata)
    assert used == 7

    def total(order: tuple[int, ...]) -> float:
        return within_strata(one, two[list(order)], strata)[0]

    every = [total((*a, *b)) for a in itertools.permutations(range(4)) for b in itertools.permutations(range(4, 7))]
    assert np.mean(every) == pytest.approx(0.0, abs=1e-12)
    assert rho / np.std(every) == pytest.approx(z, rel=1e-9)


def test_nothing_declared_and_nonsense_declared(events: Path, tmp_path: Path) -> None:
    policy = folder(tmp_path / "policy")
    text = (policy / "policy.yaml").read_text(encoding="utf-8")
    (policy / "policy.yaml").write_text(text[: text.index("restraint:")], encoding="utf-8")
    done = CliRunner().invoke(main, ["restraint", "--policy", str(policy), "--events", str(events), "--lang", "zh"])
    assert (done.exit_code, "没有声明 restraint" in done.stderr) == (1, True)
    wrong = (
        "restraint:\n  groups: [{of: sexx}, {of: age}, {of: customer, ratio: 2}]\n"
        "  independence: [{of: sex}, {of: burden, values: [1, 2]}, {of: loyal, values: [true], what: [outcme]}]\n"
        "  over_lending: [{name: x, when: burden > nothing}]\n"
    )
    (policy / "policy.yaml").write_text(text[: text.index("restraint:")] + wrong, encoding="utf-8")
    with pytest.raises(DeclarationError) as told:
        open_policy(policy)
    found = "\n".join(problem.text("en") for problem in told.value.problems)
    for words in (
        "unknown name 'sexx' → did you mean 'sex'", "'age' is a number and needs `bands`", "a share is between 0 and 1, not 2",
        "'sex' has no order", "'burden' is made of other values", "one value compares with nothing", "unknown name 'outcme'", "nothing",
    ):  # fmt: skip
        assert words in found
