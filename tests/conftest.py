"""How the suite runs: quick tests first, soak tests only when asked, and no silent skips on the build machine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.skips"]

TESTS = Path(__file__).parent
LAST = ("docs", "journeys", "replay", "simulation", "property")
"""Folders whose tests take longest, in the order in which they should run; all others come before."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/property as `property`, and order by folder: what fails fastest runs first."""
    for item in items:
        if room_of(item) == "property":
            item.add_marker("property")
    items.sort(key=lambda item: LAST.index(room_of(item)) + 1 if room_of(item) in LAST else 0)


def room_of(item: pytest.Item) -> str:
    """The folder of tests/ that a test stands in, "" at the top."""
    try:
        return item.path.relative_to(TESTS).parts[0]
    except ValueError:
        return ""
