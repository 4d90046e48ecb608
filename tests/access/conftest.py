"""Tests of people run on both databases, with passwords that are cheap to check."""

import argon2
import pytest

from tests.records.databases import both, postgres
from zhiyu.access import passwords

__all__ = ["both", "postgres"]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of the work that a real password costs."""
    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
