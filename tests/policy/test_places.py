"""The place of a character inside an expression, however it was written down."""

from __future__ import annotations

import pytest

from zhiyu.base.errors import Place
from zhiyu.policy.load import load_texts

WRITTEN = {
    "plain": "        when: amount > lmit\n",
    "single": "        when: 'amount > lmit and x == ''a'''\n",
    "double": '        when: "x == \\"a\\" and amount > lmit"\n',
    "literal": "        when: |\n          amount > 5\n            and lmit > 3\n",
    "folded": "        when: >-\n\n          amount > 5 and\n          lmit > 3\n",
    "plain over two lines": "        when: amount > 5 and\n           lmit > 3\n",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_the_wrong_name_is_found_where_it_stands(form: str) -> None:
    text = "name: p\nevents: [{name: e, fields: {x: {type: string}}}]\n"
    text += "rule_sets:\n  - name: s\n    rules:\n      - name: r\n" + WRITTEN[form]
    loaded = load_texts({"p.yaml": text.encode()})
    when = loaded.policy.rule_sets[0].rules[0].when
    path = ("rule_sets", 0, "rules", 0, "when")
    found = loaded.places.inside(path, when, when.index("lmit"))
    lines = text.split("\n")
    assert lines[found.line - 1][found.column - 1 :].startswith("lmit")


def test_what_cannot_be_told_is_the_start() -> None:
    text = 'name: "\\u4e00\\u4e8c > lmit"\nevents: [{name: e, fields: {}}]'
    loaded = load_texts({"p.yaml": text.encode()})
    assert loaded.places.inside(("name",), loaded.policy.name, 5) == Place("p.yaml", 1, 7)


def test_an_unknown_path_is_the_nearest_thing_around_it() -> None:
    loaded = load_texts({"p.yaml": b"name: p\nevents: [{name: e, fields: {}}]"})
    assert loaded.places.at(("events", 0, "fields", "x", "min")) == Place("p.yaml", 2, 28)
    assert loaded.places.at(("rules", 3)) == Place()
    assert loaded.places.key(("events", 0, "name")) == Place("p.yaml", 2, 11)
