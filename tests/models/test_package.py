"""Packages: what is written is read back to the bit; what is damaged, changed, too large or would not score is refused with its reason."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.models.test_scores import CARD, INPUTS, STUMP, card
from zhiyu.base import limits
from zhiyu.base.errors import InputError
from zhiyu.models.package import Calibration, Input, Package, Term, hash_of, read, written

GOLDEN = Path(__file__).parent.parent / "golden" / "models"
TREES = Package(name="stump", kind="trees", inputs=(Input(name="x", kind="float"),), trees=STUMP)


@pytest.mark.parametrize("package", [card(), TREES], ids=["card", "trees"])
def test_what_is_written_is_read(package: Package) -> None:
    assert read(written(package)) == package
    assert read(written(package).decode()) == package


def test_floats_come_back_to_the_bit() -> None:
    odd = (0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308)
    term = Term(kind="bins", edges=(-math.inf, *sorted(odd[:2])), points=odd)
    package = card(inputs=INPUTS[:1], additive=msgspec.structs.replace(CARD, terms=(term,)))
    again = read(written(package))
    assert again.additive is not None
    assert [v.hex() for v in again.additive.terms[0].points] == [v.hex() for v in odd]
    assert again.additive.terms[0].edges[0] == -math.inf


def test_golden_packages_keep_their_hash() -> None:
    """Formats live long: a package of today is readable tomorrow, under the same hash."""
    for name, package in (("card", card()), ("stump", TREES)):
        stored = (GOLDEN / f"{name}.json").read_bytes()
        assert read(stored) == package
        assert written(package) == stored


def test_a_changed_package_is_refused() -> None:
    document = json.loads(written(card()))
    document["package"]["additive"]["base"] = 5.0
    with pytest.raises(InputError, match="changed after it was written"):
        read(json.dumps(document))


WRONG: list[tuple[Any, str]] = [
    (b"", "not a model package"), (b"[1]", "not a model package"), (b'{"format": "zhiyu-model/9"}', "zhiyu-model/9"),
    (b"\x80\x04K\x01.", "not a model package"), (b'{"format": "zhiyu-model/1", "package": {"name": 3}}', "not a model package"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_what_is_no_package_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(content)


def trees(**changed: Any) -> Package:
    return msgspec.structs.replace(TREES, trees=msgspec.structs.replace(STUMP, **changed))


UNSOUND = [
    trees(feature=(1,)), trees(left=(0,)), trees(left=(-2,)), trees(left=(-4,)), trees(value=(1.0, math.nan, 0.0)), trees(value=(1.0,)),
    trees(leaves=(2, 0)), trees(missing=(3,)), trees(category=(0,)), trees(threshold=(math.nan,)), trees(sigmoid=0.0),
    card(additive=None), card(trees=STUMP), card(inputs=INPUTS[:2]), card(inputs=(INPUTS[0], INPUTS[0], INPUTS[2])),
    card(inputs=(*INPUTS[:2], Input(name="c", kind="string", categories=("x", "x")))),
    card(calibration=Calibration(kind="isotonic", x=(0.0, 0.0), y=(0.0, 1.0))),
    card(calibration=Calibration(kind="isotonic", x=(0.0, 1.0), y=(0.5, 0.4))),
    card(additive=msgspec.structs.replace(CARD, base=math.inf)),
]  # fmt: skip


@pytest.mark.parametrize("package", UNSOUND, ids=range(len(UNSOUND)))
def test_what_would_not_score_is_refused(package: Package) -> None:
    with pytest.raises(InputError, match="not a model package"):
        written(package)


def test_limits_at_them_and_one_past(monkeypatch: pytest.MonkeyPatch) -> None:
    from zhiyu.models import package as room

    size = len(written(card()))
    for name, most in (("MAX_MODEL_INPUTS", 3), ("MAX_CATEGORIES", 2), ("MAX_MODEL_BYTES", size)):
        assert getattr(limits, name) > most
        monkeypatch.setattr(room, name, most)
        assert hash_of(read(written(card())))
        monkeypatch.setattr(room, name, most - 1)
        with pytest.raises(InputError, match=str(most - 1)):
            read(written(card()))
        monkeypatch.setattr(room, name, getattr(limits, name))
    for name, most in (("MAX_TREES", 2), ("MAX_TREE_LEAVES", 2), ("MAX_MODEL_NODES", 1)):
        monkeypatch.setattr(room, name, most)
        assert read(written(TREES)) == TREES
        monkeypatch.setattr(room, name, most - 1)
        with pytest.raises(InputError, match="at most"):
            written(TREES)
        monkeypatch.setattr(room, name, getattr(limits, name))
