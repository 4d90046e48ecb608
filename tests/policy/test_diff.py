"""Whatever changes the hash of a policy, the comparison says something; what does not, it does not mention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as shapes
import pytest
from click.testing import CliRunner

from tests.policy.test_golden import GOLDEN, compare
from zhiyu.base.errors import DeclarationError
from zhiyu.cli import main
from zhiyu.policy.artifact import Artifact, artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.checked import Checked
from zhiyu.policy.convert import shape_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.diff import changes_between, diff_policies
from zhiyu.policy.diff_words import NOUNS
from zhiyu.policy.load import load_texts
from zhiyu.policy.say_policy import say_policy
from zhiyu.policy.waits import WrittenOut

RICH = GOLDEN / "decisions" / "policy.yaml"
CALLS = GOLDEN / "calls_words" / "policy.yaml"
WAITS = GOLDEN / "waits_words" / "policy.yaml"
LINKED = """
name: linked
events:
  - name: a
    fields: {who: {type: string, required: true, entity: person}, phone: {type: phone}, ip: {type: ip}, amount: {type: money}}
    money: amount
network:
  person: who
  amount: amount
  links: [{field: phone, max_people: 20}, {field: ip, joins: false}]
  gang: {when: network_density > 1.0, lag_events: 128}
labels: [{name: bad, on: [a], where: amount > 9, of: [a], by: who, within: 9d, en: bad, zh: 坏}]
rule_sets: [{name: s, rules: [{name: r, when: amount > 5, outcome: review}]}]
"""
JUDGED = """
name: judged
events:
  - name: payment
    fields:
      card: {type: card, required: true}
      amount: {type: money, currency: CNY, required: true, min: 0}
      shop: {type: string}
      age: {type: int}
models: [{name: good, file: good.json}, {name: better, file: good.json}, {name: best, file: good.json}]
features: [{name: seen_1h, aggregate: count, by: card, over: 1h}]
matrix:
  - name: taken
    stage: payment
    fraud: takeover
    champion: good
    challengers: [{model: better, percent: 10.5}]
    shadow: [best]
    by: card
    label: bad
    thresholds: {review: 0.6, decline: 0.90}
    reason: MODEL
labels: [{name: bad, on: [payment], where: amount > 9, of: [payment], by: card, within: 9d}]
rule_sets: [{name: s, rules: [{name: r, when: amount > 5, outcome: review}]}]
reasons: [{code: MODEL, en: the model, zh: 模型}]
restraint:
  groups: [{of: shop, on: [payment], ratio: 0.7, least: 30, en: shops, zh: 商户}, {of: amount, bands: [20, 60]}]
  independence: [{of: age, what: [score], on: [payment], given: [shop], values: [20, 60], correlation: 0.1, differ: 0.2, en: a, zh: 甲}]
  over_lending: [{name: heavy, when: amount > 9, on: [payment], share: 0.1, en: too much, zh: 过多}]
"""
GOOD = (GOLDEN / "matrix" / "good.json").read_bytes()
WORDS = [
    "changed",
    "review",
    "first_hit",
    "unique",
    "allow",
    "exclude",
    "number",
    "amount",
    "money",
    "tries > 4",
    "[1..2)",
    "5",
    "0.02",
    "3h",
    "s",
]


def policy_of(text: str) -> Policy:
    return load_texts({"policy.yaml": text.encode(), "good.json": GOOD}).policy


def parts(value: Any) -> Iterator[msgspec.Struct]:
    if isinstance(value, msgspec.Struct):
        yield value
        for field in msgspec.structs.fields(value):
            yield from parts(getattr(value, field.name))
    for inner in value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else ():
        yield from parts(inner)


def others(value: Any, pool: list[Any], choices: Iterable[Any]) -> Iterator[Any]:
    """Values that may stand in the place of this one."""
    yield from choices
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    if isinstance(value, tuple) and value:
        yield value[:-1]
    if isinstance(value, dict) and value:
        yield dict(list(value.items())[:-1])
    if isinstance(value, msgspec.Struct):
        yield None
    yield from (WORDS if isinstance(value, str | None) else ())
    yield from ([each] for each in pool) if value == () else ()
    yield from ({name: each} for name in ("changed", "review") for each in pool) if value == {} else ()
    yield from pool if value is None else ()


def choices_of(kind: type[msgspec.Struct]) -> dict[str, list[Any]]:
    """The words a key may have, where only certain words are allowed."""
    found: dict[str, list[Any]] = {}
    for field in shape_of(kind).fields:
        types = field.type.types if isinstance(field.type, shapes.UnionType) else (field.type,)
        found[field.name] = [word for each in types if isinstance(each, shapes.LiteralType) for word in each.values]
    return found


def mutants(value: Any, pool: list[Any]) -> Iterator[tuple[str, Any]]:
    """(declaration.field, the value with that one field changed), for every field below."""
    if isinstance(value, msgspec.Struct):
        choices = choices_of(type(value))
        for field in msgspec.structs.fields(value):
            mark, now = f"{type(value).__name__}.{field.name}", getattr(value, field.name)
            for other in others(now, pool, choices[field.name]):
                yield mark, msgspec.structs.replace(value, **{field.name: other})
            for inner_mark, inner in mutants(now, pool):
                yield inner_mark, msgspec.structs.replace(value, **{field.name: inner})
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            for mark, inner in mutants(item, pool):
                yield mark, (*value[:at], inner, *value[at + 1 :])
    elif isinstance(value, dict):
        for name, item in value.items():
            for mark, inner in mutants(item, pool):
                yield mark, value | {name: inner}


def told_of(base: Artifact) -> set[str]:
    """The fields whose change is told, of those that can change by themselves."""
    checked = check_policy(base.policy).require()
    pool = list({type(part): part for part in parts(base.policy)}.values()) + WORDS + [3, True]
    told: set[str] = set()
    for mark, mutant in mutants(base.policy, pool):
        if mark in told:
            continue
        try:
            changed = artifact_of(mutant)
        except DeclarationError:
            continue
        if changed.hash != base.hash:
            changes = changes_between(checked, replace_policy(checked, changed.policy))
            assert changes, mark
            assert all(change.en and change.zh for change in changes)
            told.add(mark)
    return told


def test_every_field_of_every_declaration_is_told() -> None:
    bases = [artifact_of(policy_of(text)) for text in (*map(Path.read_text, (RICH, CALLS)), LINKED, JUDGED)]
    told = set().union(*map(told_of, bases))
    kinds = {type(part) for base in bases for part in parts(base.policy)}
    wanted = {f"{kind.__name__}.{field.name}" for kind in kinds for field in msgspec.structs.fields(kind)}
    assert wanted - told == {
        "Policy.clock",
        "Policy.deadline",
        "Policy.feedback",
        "Service.breaker",
        "Service.request",
        "Policy.versions",  # made by a release, which tells the one version of the other
    }  # told through the fields inside them
    assert {kind.__name__ for kind in kinds} == set(NOUNS) - {"Versions"}


@pytest.mark.parametrize("path", [RICH, WAITS, CALLS], ids=["rich", "waits", "calls"])
def test_one_changed_field_never_breaks_the_checks(path: Path) -> None:
    base = artifact_of(policy_of(path.read_text(encoding="utf-8"))).policy
    pool = [*{type(part): part for part in parts(base)}.values(), *WORDS, 3, True]
    seen: dict[str, int] = {}
    for mark, mutant in mutants(base, pool):
        seen[mark] = seen.get(mark, 0) + 1
        if seen[mark] <= 2:
            report = check_policy(mutant)
            assert all(problem.en and problem.zh for problem in report.problems)
            if report.checked and not report.errors:
                assert all(say_policy(report.checked, "zh"))


def replace_policy(checked: Checked, policy: Policy) -> Checked:
    """The checked policy with other declarations: a changed field may not pass the checks, and is told all the same."""
    return replace(checked, written=WrittenOut(policy, policy))


def test_equal_policies_have_no_difference() -> None:
    text = RICH.read_text(encoding="utf-8")
    same = text.replace("amount > 5000 and cnt_1h >= 2", "(amount > 5_000.00) and (cnt_1h >= 2)").replace(
        '"[100..1000)"', '"[ 100 .. 1000.0 )"'
    )
    assert same != text
    found = diff_policies(policy_of(text), policy_of(same))
    assert found.equal
    assert found.changes == ()


CHANGES = [
    ("amount > 5000 and cnt_1h >= 2", "amount > 8000 and cnt_1h >= 2"),
    (
        "score: 40, reason: BIG, en: many tries",
        "score: 45, outcome: challenge, shadow: true, reason: STOLEN, en: many tries",
    ),
    ("thresholds: [{score: 30, outcome: review}", "thresholds: [{score: 35, outcome: review}"),
    ("over: 1h, on: [pay], where: amount > 10", "over: 2h, on: [pay], where: amount > 20"),
    ("{points: 20, low: 1000, high: 5000}", "{points: 25, low: 1000, high: 5000}"),
    ("{below: 330, outcome: review}", "{below: 340, outcome: review}"),
    (
        '      - {when: {amount: "< 100"}, outcome: pass}\n',
        '      - {when: {amount: "< 50"}, outcome: pass}\n'
        '      - {when: {amount: "[50..100)"}, outcome: notify, reason: BIG}\n',
    ),
    ("      - {when: {channel: null}, outcome: review, reason: BIG}\n", ""),
    ("next: trial\n", "next: card\n"),
    ("percent: 12.5", "percent: 20"),
    ("kind: allow", "kind: watch"),
    ("consumer_en: the amount", "consumer_en: your amount"),
    ("share: 0.01", "share: 0.02"),
    ("count: 100, per: 1h", "count: 50, per: 2h"),
    ("enforce: false", "enforce: true"),
    ("lateness: 2m", "lateness: 5m"),
    ("max: 60", "max: 90"),
    ("max: 1000000", "max: 2000000"),
    ("fields: {customer: c, card: k", "fields: {customer: cust, card: k"),
    (
        "  - {name: call_back, en: call back, zh: 回访}\n",
        "  - {name: call_back, en: call back, zh: 回访}\n  - {name: text, en: text, zh: 短信}\n",
    ),
    (
        "      - {name: idea, when: busy, score: 10, reason: BIG, shadow: true}\n",
        "      - {name: new, when: tries > 8, score: 10, reason: BIG}\n",
    ),
]


def test_changes_in_words() -> None:
    old = RICH.read_text(encoding="utf-8")
    lines = []
    for before, after in CHANGES:
        assert before in old, before
        found = diff_policies(policy_of(old), policy_of(old.replace(before, after)))
        assert found.changes
        lines += [f"{change.en}\n{change.zh}\n" for change in found.changes]
    compare(GOLDEN / "decisions" / "changes.txt", "".join(lines))


def test_many_rows_are_counted() -> None:
    head = (
        "name: p\nevents: [{name: pay, fields: {n: {type: int}}}]\ntables:\n  - {name: t, inputs: [{name: n}], rows: ["
    )
    rows = [f"{{when: {{n: {n}}}, score: {n}}}" for n in range(40)]
    one, two = (policy_of(head + ", ".join(each) + "]}\n") for each in (rows, rows[20:]))
    assert [change.en for change in diff_policies(one, two).changes] == [
        "Table 't': rows: 0 added, 20 removed, 0 changed (40 before, 20 now)."
    ]


def test_order_of_rules_matters_in_the_words_too() -> None:
    head = "name: p\nevents: [{name: pay, fields: {n: {type: int}}}]\nrule_sets:\n  - name: s\n    mode: first_hit\n    rules: ["
    rules = ["{name: a, when: n > 1, outcome: review}", "{name: b, when: n > 0, outcome: decline}"]
    one, two = (policy_of(head + ", ".join(each) + "]\n") for each in (rules, rules[::-1]))
    assert [change.en for change in diff_policies(one, two).changes] == ["Rule set 's': order of rules is now b, a."]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command(tmp_path: Path, language: str) -> None:
    for name, share in (("a", "0.01"), ("b", "0.02"), ("bad", "0.5")):
        (tmp_path / name).mkdir()
        text = RICH.read_text(encoding="utf-8").replace("share: 0.01", f"share: {share}")
        (tmp_path / name / "policy.yaml").write_text(text, encoding="utf-8")
    same, other, bad = (
        CliRunner().invoke(main, ["diff", str(tmp_path / "a"), str(tmp_path / name), "--lang", language])
        for name in ("a", "b", "bad")
    )
    assert (same.exit_code, other.exit_code, bad.exit_code) == (0, 0, 1)
    assert ("no difference" if language == "en" else "没有差异") in same.output
    assert "0.02" in other.output
    whole = CliRunner().invoke(main, ["diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json"])
    assert msgspec.json.decode(whole.output)["equal"] is False
