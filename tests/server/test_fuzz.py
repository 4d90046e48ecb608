"""Bodies made to hurt: none ends in a 5xx, none is dropped in silence, and who is refused is told which field.

A failure prints its record; the seed is that of the test, or ZHIYU_SEED.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from tests.server.fuzzing import Tally, fuzz, is_json
from zhiyu.base.errors import ZhiyuError
from zhiyu.server.bodies import records_of

SEED = int(os.environ.get("ZHIYU_SEED", "1"))


def told(tally: Tally, seconds: float) -> str:
    """For people."""
    return (
        f"seed {SEED}: {tally.sent:,} bodies in {tally.requests:,} requests, {tally.sent / seconds:,.0f}/s; {dict(tally.ends)}; "
        f"statuses {dict(sorted(tally.statuses.items()))}; codes {dict(tally.codes.most_common())}\n"
    )


def test_five_thousand_bodies(tmp_path: Path) -> None:
    began = time.perf_counter()
    tally = asyncio.run(fuzz(tmp_path / "data", SEED, 5_000))
    sys.stdout.write(told(tally, time.perf_counter() - began))
    assert tally.sent >= 5_000
    assert len(tally.ways) > 20
    assert max(tally.statuses) < 500
    assert {"decided", "taken", "repeated", "refused"} <= set(tally.ends)
    assert {"bad_json", "bad_text", "duplicate_key", "not_object", "missing", "wrong_type", "id_conflict"} <= set(
        tally.codes
    )


@pytest.mark.soak
def test_a_million_bodies(tmp_path: Path) -> None:
    """ZHIYU_BODIES: how many."""
    began = time.perf_counter()
    tally = asyncio.run(fuzz(tmp_path / "data", SEED, int(os.environ.get("ZHIYU_BODIES", "1000000"))))
    sys.stdout.write(told(tally, time.perf_counter() - began))
    assert max(tally.statuses) < 500


@pytest.mark.parametrize("body", [b"{}", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\xff", b"[NaN]", b'{"a":'])
def test_what_may_stand_in_an_array_is_what_the_server_reads(body: bytes) -> None:
    """Seed 1 came to a mark of byte order inside an array, after some 760,000 bodies."""
    try:
        records_of(b"[" + body + b"]", b"application/json", arrays=True)
    except ZhiyuError:
        assert not is_json(body)
    else:
        assert is_json(body)


def test_lines_are_read_as_lines_even_when_the_first_is_an_array() -> None:
    lines = b'[1]\n{"a":1}'
    assert records_of(lines, b"application/x-ndjson", arrays=True) == [(1, b"[1]"), (2, b'{"a":1}')]
    assert records_of(b"[1, 2]", b"application/json", arrays=True) == [(1, b"1"), (2, b"2")]
