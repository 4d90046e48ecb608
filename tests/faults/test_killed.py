"""Nothing acknowledged is lost or doubled: the real process is killed with SIGKILL under load, at moments that a seed chooses.

A failure names its seed; ZHIYU_SEED=7 runs that one alone.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.killed import Story, Zygote

KILLS = 5
"""Per seed."""
CHOSEN = os.environ.get("ZHIYU_SEED")


def seeds(first: int, count: int) -> list[int]:
    """Those to run, or the one that was chosen."""
    return [int(CHOSEN)] if CHOSEN else list(range(first, first + count))


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def seen() -> Iterator[Counter[str]]:
    """What happened over all seeds; printed at the end."""
    counted: Counter[str] = Counter()
    yield counted
    sys.stdout.write("".join(f"{count:7,} {what}\n" for what, count in sorted(counted.items())))


@pytest.mark.parametrize("seed", seeds(1, 4))
def test_a_killed_server_loses_and_doubles_nothing(
    seed: int, tmp_path: Path, zygote: Zygote, seen: Counter[str]
) -> None:
    """20 kills."""
    Story(seed, tmp_path, zygote, seen).run(KILLS)


def test_started_from_the_shell_it_is_the_same(tmp_path: Path, zygote: Zygote, seen: Counter[str]) -> None:
    """Two kills of servers that were not forked from a warm process."""
    Story(0, tmp_path, zygote, seen).run(2, plain=True)


@pytest.mark.soak
@pytest.mark.parametrize("seed", seeds(1_000, 200))
def test_a_thousand_kills(seed: int, tmp_path: Path, zygote: Zygote, seen: Counter[str]) -> None:
    """1,000 kills."""
    Story(seed, tmp_path, zygote, seen).run(KILLS)
