"""A model in a policy, from folder to explanation; what the check says of one that does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zhiyu.base.errors import DeclarationError
from zhiyu.decisions.explain_scores import LEAST_PUSH
from zhiyu.engine.opened import open_policy
from zhiyu.engine.run_reader import RunReader
from zhiyu.evaluation.replay import Replay
from zhiyu.models.package import Additive, Input, Package, Term, Trained, written
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.check_models import input_of
from zhiyu.policy.diff import diff_policies
from zhiyu.policy.load import load_policy
from zhiyu.policy.meaning import meaning_of

POLICY = """
name: scored
events:
  - name: payment
    fields:
      card: {type: string, required: true}
      amount: {type: money, currency: CNY, required: true, min: 0, en: amount, zh: 金额}
      shop: {type: string, en: shop, zh: 商户}
features:
  - {name: seen, aggregate: count, by: card, over: 1h, en: payments in an hour, zh: 近 1 小时支付次数}
"""
SCORED = """
models: [{name: risk, file: risk.json, en: risk score, zh: 风险分}]
rule_sets:
  - {name: main, rules: [{name: high, when: risk > 0.5, score: 10}], thresholds: [{score: 10, outcome: review}]}
"""
PLAIN = (
    "rule_sets: [{name: m, rules: [{name: r, when: seen > 5, score: 1}], thresholds: [{score: 1, outcome: review}]}]\n"
)


def folder_with_model(folder: Path, weight: float = 2.0) -> Path:
    """A policy folder whose model says: many payments in an hour, and shop x, are risky."""
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY + PLAIN, encoding="utf-8")
    (folder / "rules.yaml").unlink(missing_ok=True)
    checked = check_policy(load_policy(folder).policy).require()
    types = checked.typed_on(["payment"])
    seen, amount = (input_of(checked, name, types[name]) for name in ("seen", "amount"))
    assert seen is not None
    assert amount is not None
    shop = Input(name="shop", kind="string", meaning="field shop", categories=("x", "y"))
    terms = (
        Term(kind="line", weight=weight, centre=2.0, mean=-1.0), Term(kind="line", weight=0.0),
        Term(kind="categories", points=(1.0, -1.0), other=0.25, missing=0.0),
    )  # fmt: skip
    package = Package(
        name="risk", kind="logistic", inputs=(seen, amount, shop), additive=Additive(base=0.0, terms=terms),
        trained=Trained(events=("payment",)),
    )  # fmt: skip
    (folder / "risk.json").write_bytes(written(package))
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "rules.yaml").write_text(SCORED, encoding="utf-8")
    return folder


def events_file(folder: Path) -> Path:
    shops = ["x", "y", "z", None]
    lines = [
        {
            "id": f"e{i}",
            "type": "payment",
            "time": f"2026-01-01T00:00:0{i}Z",
            "card": "c",
            "amount": 10,
            "shop": shops[i],
        }
        for i in range(4)
    ]
    path = folder / "events.ndjson"
    path.write_text(
        "\n".join(json.dumps({k: v for k, v in line.items() if v is not None}) for line in lines) + "\n",
        encoding="utf-8",
    )
    return path


def test_from_a_folder_to_an_explanation(tmp_path: Path) -> None:
    opened = open_policy(folder_with_model(tmp_path / "policy"))
    Replay(opened, events_file(tmp_path), out=tmp_path / "run", keep_all=True).run()
    reader = RunReader(tmp_path / "run")
    told = {line: reader.explain(f"e{line}").scores[0] for line in range(4)}
    # log-odds: 2 x (count - 2), + 1 for shop x, - 1 for y, + 0.25 for one nobody knew
    odds = [-2 + 1, 0 - 1, 2 + 0.25, 4]
    assert [round(each.score, 9) for each in told.values()] == [round(1 / (1 + 2.718281828459045**-x), 9) for x in odds]
    assert [(push.input, round(push.contribution, 9)) for push in told[2].pushes] == [("seen", 3.0), ("shop", 0.25)]
    assert told[2].en == "risk score 0.9047, mainly payments in an hour (3) +3.00, shop (“z”) +0.25"
    assert told[2].zh == "风险分 0.9047，主要因为近 1 小时支付次数（3）+3.00、商户（“z”）+0.25"
    assert all(abs(push.contribution) >= LEAST_PUSH for each in told.values() for push in each.pushes)
    assert "risk score 0.9047" in reader.explain("e2").sentence("en")


def test_the_package_is_part_of_the_policy(tmp_path: Path) -> None:
    one = open_policy(folder_with_model(tmp_path / "policy"))
    other = open_policy(folder_with_model(tmp_path / "policy", weight=2.5))
    assert one.artifact.hash != other.artifact.hash
    changes = diff_policies(one.policy, other.policy).changes
    assert [change.section for change in changes] == ["models"]
    assert len(changes[0].en) < 1_000


def test_a_feature_that_got_another_window_is_found(tmp_path: Path) -> None:
    folder = folder_with_model(tmp_path / "policy")
    (folder / "policy.yaml").write_text(POLICY.replace("over: 1h", "over: 2h"), encoding="utf-8")
    with pytest.raises(DeclarationError, match="'seen' meant `count by card over 1h") as wrong:
        open_policy(folder)
    assert "训练模型" in wrong.value.zh
    (folder / "policy.yaml").write_text(POLICY.replace("name: seen", "name: sean"), encoding="utf-8")
    with pytest.raises(
        DeclarationError, match="trained on 'seen', which this policy does not have → did you mean 'sean'"
    ):
        open_policy(folder)


@pytest.mark.parametrize("example", ["consumer_credit", "card_payments", "registrations"])
def test_a_value_means_the_same_however_it_is_spelled(example: str) -> None:
    """The engine trains on the canonical policy, `zhiyu check` reads the one that people wrote: `24h` there is `1d` here."""
    policy = load_policy(Path(__file__).parents[2] / "examples" / example).policy
    written, canonical = check_policy(policy).require(), check_policy(artifact_of(policy).policy).require()
    meanings = {name: meaning_of(written, name) for name in written.features}
    assert meanings == {name: meaning_of(canonical, name) for name in canonical.features}
    assert len(meanings) >= 5
