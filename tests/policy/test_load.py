"""Loading a folder: files together, numbers exact, and clear refusals for what is on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zhiyu.base.errors import DeclarationError, InputError, Place
from zhiyu.base.limits import MAX_FIELDS, MAX_POLICY_FILE_BYTES, MAX_POLICY_FILES, MAX_RULES
from zhiyu.policy.load import load_policy, load_texts
from zhiyu.policy.yaml_nodes import MAX_YAML_DEPTH

EVENTS = "name: demo\nevents:\n  - name: login\n    fields: {who: {type: string}}\n"


def codes(error: DeclarationError) -> list[str]:
    return [problem.code for problem in error.problems]


def refused(texts: dict[str, str | bytes]) -> DeclarationError:
    raw = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    with pytest.raises(DeclarationError) as caught:
        load_texts(raw)
    return caught.value


def test_files_are_put_together_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("reasons: [{code: B, en: b, zh: b}]\n")
    (tmp_path / "a.yaml").write_text(EVENTS + "reasons: [{code: A, en: a, zh: a}]\n")
    (tmp_path / ".hidden.yaml").write_text("nonsense: [")
    (tmp_path / "notes.txt").write_text("not read")
    (tmp_path / "c.yml").write_text("reasons: [{code: C, en: c, zh: c}]\n")
    loaded = load_policy(tmp_path)
    assert [reason.code for reason in loaded.policy.reasons] == ["A", "B", "C"]
    assert loaded.places.at(("reasons", 1, "code")) == Place(str(tmp_path / "b.yaml"), 1, 18)


def test_on_is_a_word_and_numbers_keep_their_digits() -> None:
    text = """
name: demo
events:
  - name: pay
    fields:
      amount: {type: money, min: 0.10, max: 9007199254740993.01}
features:
  - {name: n, aggregate: count, by: amount, over: 1h, on: pay}
rule_sets:
  - {name: 007, rules: [{name: yes, when: true, score: 1_000}]}
sources:
  - {name: f, event: pay, time: {column: t}, label: {column: l, fraud: [1, "1", true, 1.5, x]}}
"""
    policy = load_texts({"p.yaml": text.encode()}).policy
    amount = policy.events[0].fields["amount"]
    assert (amount.min, amount.max) == ("0.10", "9007199254740993.01")
    assert policy.features[0].on == ("pay",)
    assert policy.rule_sets[0].name == "007"
    assert (policy.rule_sets[0].rules[0].name, policy.rule_sets[0].rules[0].when) == ("yes", "true")
    assert policy.rule_sets[0].rules[0].score == 1000
    label = policy.sources[0].label
    assert label is not None
    assert [(type(v), v) for v in label.fraud] == [(int, 1), (str, "1"), (bool, True), (float, 1.5), (str, "x")]


def test_a_byte_order_mark_and_chinese_names_are_fine() -> None:
    text = "\ufeffname: demo\nzh: 演示\nevents: [{name: 登录, fields: {客户: {type: string}}}]"
    assert load_texts({"p.yaml": text.encode()}).policy.events[0].name == "登录"


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no policy folder"):
        load_policy(tmp_path / "absent")
    with pytest.raises(InputError, match=r"no \*\.yaml file"):
        load_policy(tmp_path)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "policy"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text(EVENTS)
    (inside / "a.yaml").write_text(EVENTS)
    (inside / "b.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "c.yaml").symlink_to(inside / "nowhere")
    (inside / "d.yaml").symlink_to(inside / "d.yaml")
    (inside / "e.yaml").mkdir()
    with pytest.raises(DeclarationError) as caught:
        load_policy(inside)
    assert codes(caught.value) == ["file.outside", "file.unreadable", "file.unreadable", "file.kind"]


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(EVENTS)
    (tmp_path / "a.yaml").symlink_to(tmp_path / "real")
    assert load_policy(tmp_path).policy.name == "demo"


@pytest.mark.skip_ok("root reads every file")
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EVENTS)
    (tmp_path / "a.yaml").chmod(0)
    with pytest.raises(DeclarationError) as caught:
        load_policy(tmp_path)
    assert codes(caught.value) == ["file.unreadable"]


def test_size_of_a_file_at_and_past_the_limit() -> None:
    padding = MAX_POLICY_FILE_BYTES - len(EVENTS)
    at_limit = EVENTS.encode() + b"#" * padding
    assert load_texts({"p.yaml": at_limit}).policy.name == "demo"
    assert codes(refused({"p.yaml": at_limit + b"#"})) == ["limit.file"]


def test_number_of_files_at_and_past_the_limit(tmp_path: Path) -> None:
    for number in range(MAX_POLICY_FILES - 1):
        (tmp_path / f"{number}.yaml").write_text("reasons: []\n")
    (tmp_path / "z.yaml").write_text(EVENTS)
    assert load_policy(tmp_path).policy.name == "demo"
    (tmp_path / "one_more.yaml").write_text("reasons: []\n")
    with pytest.raises(DeclarationError) as caught:
        load_policy(tmp_path)
    assert codes(caught.value) == ["limit.files"]


def test_number_of_rules_and_fields_past_the_limit() -> None:
    fields = ", ".join(f"f{i}: {{type: int}}" for i in range(MAX_FIELDS + 1))
    text = f"name: demo\nevents: [{{name: login, fields: {{{fields}}}}}]\n"
    assert codes(refused({"p.yaml": text})) == ["limit.fields"]
    rules = ", ".join(f"{{name: r{i}, when: x}}" for i in range(MAX_RULES + 1))
    text = f"{EVENTS}rule_sets: [{{name: s, rules: [{rules}]}}]\n"
    assert codes(refused({"p.yaml": text})) == ["limit.rules"]


def test_depth_at_and_past_the_limit_without_recursion() -> None:
    def nested(levels: int) -> str:
        return "en: " + "[" * levels + "]" * levels

    assert "declare.type" in codes(refused({"p.yaml": nested(MAX_YAML_DEPTH - 1)}))
    assert codes(refused({"p.yaml": nested(MAX_YAML_DEPTH)})) == ["limit.depth"]
    assert codes(refused({"p.yaml": "en: " + "[" * 100_000})) == ["limit.depth"]


def test_a_loop_of_aliases_is_refused_before_it_is_built() -> None:
    assert codes(refused({"p.yaml": "events: &a [*a]"})) == ["yaml.anchor"]


def test_every_file_is_reported_at_once() -> None:
    error = refused({"a.yaml": "name: [", "b.yaml": "events: 5\n", "c.yaml": b"\xff"})
    assert {problem.place.file for problem in error.problems} == {"a.yaml", "b.yaml", "c.yaml"}


def test_what_a_release_makes_no_file_says() -> None:
    with pytest.raises(DeclarationError) as caught:
        load_texts({"policy.yaml": b"name: a\nversions: {live: a, next: b, percent: 5, by: card}\n"})
    assert any(p.code == "declare.unknown_key" and "versions" in p.en for p in caught.value.problems)
