"""ARCHITECTURE.md names what is there: every file, every room, every decision record."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import FENCE, ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "zhiyu"
NAMED = sorted(set(re.findall(r"`([\w/*]+\.py)`", FENCE.sub("", PAGE))))
ROOMS = re.findall(r"^\| `(\w+)` \| [^|]* \| (`[^|]*`) \|$", PAGE, re.MULTILINE)


def found(name: str) -> list[Path]:
    """Files of the package whose path ends so; `*` stands for anything."""
    return [*SOURCE.glob(name), *SOURCE.glob(f"**/{name}")]


@pytest.mark.parametrize("name", NAMED)
def test_every_named_file_is_there(name: str) -> None:
    assert found(name), f"ARCHITECTURE.md names {name}"


def test_where_to_start_reading_is_in_the_room() -> None:
    for room, cell in ROOMS:
        for name in re.findall(r"`([\w/]+\.py)`", cell):
            assert (SOURCE / room / name.removeprefix(f"{room}/")).is_file(), f"{room}: {name}"


def test_every_room_has_its_line() -> None:
    rooms = {folder.parent.name for folder in SOURCE.glob("*/__init__.py")}
    assert {room for room, _ in ROOMS} == rooms


def test_steps_of_an_event_are_modules() -> None:
    steps = re.findall(r"── (\w+/\w+)", PAGE)
    assert len(steps) > 5
    for step in steps:
        room, name = step.split("/")
        assert (SOURCE / room / f"{name}.py").is_file() or room == "log", step


def test_it_finds_what_is_missing() -> None:
    assert not found("combine.py")
    assert found("machine_*.py")
