"""Where a feature comes from and where it goes, compared with a slow walk over the declared texts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.lineage import kind_of, lineage_of, read_by

POLICY = Path(__file__).parents[2] / "examples" / "consumer_credit"


@pytest.fixture(scope="module")
def opened() -> Opened:
    return open_policy(POLICY)


def test_a_derived_feature_reads_what_its_expression_names(opened: Opened) -> None:
    """The oracle: the words of the text that are names of the policy."""
    checked = opened.compiled.checked
    derived = {name: each for name, each in checked.features.items() if kind_of(each) == "derived"}
    assert derived
    for name, each in derived.items():
        text = re.sub(r'"[^"]*"', "", each.feature.expr)
        words = {
            word
            for word in re.findall(r"[A-Za-z_]\w*", text)
            if word in checked.features or word in checked.known.names
        }
        assert {read for section, read in read_by(checked, name) if section != "lists"} == words - {name}, name


def test_rules_that_name_a_feature_stand_below_it_and_its_fields_above(opened: Opened) -> None:
    checked, uses = opened.compiled.checked, opened.uses
    found = lineage_of(checked, uses, "applications_30d")
    assert [(part.section, part.name, part.depth) for part in found.parts] == [
        ("features", "applications_30d", 0), ("fields", "id_number", -1),
        ("rule_sets", "applications_30d_2", 1), ("rule_sets", "applications_30d_3", 1),
    ]  # fmt: skip
    assert set(found.links) == {(1, 0), (0, 2), (0, 3)}
    assert not found.cut


def test_a_rule_is_below_every_feature_that_it_reads_through_others(opened: Opened) -> None:
    """Downwards and upwards are one relation."""
    checked, uses = opened.compiled.checked, opened.uses
    below = {
        name: {
            part.name for part in lineage_of(checked, uses, name).parts if part.section == "features" and part.depth > 0
        }
        for name in checked.features
    }
    above = {
        name: {
            part.name for part in lineage_of(checked, uses, name).parts if part.section == "features" and part.depth < 0
        }
        for name in checked.features
    }
    assert any(below.values())
    for name, others in below.items():
        assert others == {other for other, sources in above.items() if name in sources}, name


def test_uses_of_one_name_are_those_of_the_index(opened: Opened) -> None:
    from zhiyu.policy.uses import uses_of

    for name in ("applications_30d", "blocked_devices", "amount", "nothing_of_this_name"):
        assert uses_of(opened.compiled.checked, name) == opened.uses.get(name, ())
