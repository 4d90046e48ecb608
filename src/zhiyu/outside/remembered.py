"""Answers that are used again for a while, and questions under way, so that the same question is not paid for twice.

In: a question (as its bytes), an answer, the time. Out: the answer, while it is fresh. Questions are kept as digests under a key of
this process: they hold personal data.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_REMEMBERED = 100_000


class Remembered:
    """The answers of one service, fresh for `lifetime_s`; the oldest are forgotten past `limit`."""

    def __init__(self, lifetime_s: float, limit: int = MAX_REMEMBERED) -> None:
        self.lifetime_s, self.limit = lifetime_s, limit
        self._key = secrets.token_bytes(32)
        self._answers: OrderedDict[bytes, tuple[float, dict[str, Any]]] = OrderedDict()
        self._under_way: dict[bytes, asyncio.Event] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, question: bytes, now: float) -> dict[str, Any] | None:
        """The fresh answer to this question."""
        found = self._answers.get(self._digest(question))
        return found[1] if found is not None and now < found[0] + self.lifetime_s else None

    def keep(self, question: bytes, answer: dict[str, Any], now: float) -> None:
        """Remember an answer."""
        if self.lifetime_s <= 0:
            return
        digest = self._digest(question)
        self._answers.pop(digest, None)
        self._answers[digest] = now, answer
        while len(self._answers) > self.limit or now >= next(iter(self._answers.values()))[0] + self.lifetime_s:
            self._answers.popitem(last=False)

    def under_way(self, question: bytes) -> asyncio.Event | None:
        """Set when somebody who is asking this question now has ended; None when nobody asks it, or answers are not used again."""
        return self._under_way.get(self._digest(question)) if self._under_way else None

    @contextmanager
    def asking(self, question: bytes) -> Iterator[None]:
        """This question is under way meanwhile. Nobody else may be asking it."""
        if self.lifetime_s <= 0:
            yield
            return
        digest = self._digest(question)
        ended = self._under_way[digest] = asyncio.Event()
        try:
            yield
        finally:
            del self._under_way[digest]
            ended.set()

    def _digest(self, question: bytes) -> bytes:
        return hashlib.blake2b(question, key=self._key, digest_size=16).digest()
