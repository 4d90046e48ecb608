"""Records of one request on their way through a desk, and how whoever sent them is told.

In: raw records. Out: their answers, once, when they are on disk; or the error because of which they were not taken.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.live import Answer

if TYPE_CHECKING:
    from zhiyu.server.tracing import Piece

NEVER = math.inf
"""No deadline."""


class Work:
    """Records of one request. `source`: the declared source in whose form they are; `deadline` and `queued`, when they were put into the
    queue: on the desk's clock; `piece`: their stages, set while requests are traced."""

    __slots__ = ("answers", "bodies", "deadline", "piece", "queued", "size", "source")
    piece: Piece

    def __init__(self, bodies: Sequence[bytes], source: str | None = None, deadline: float = NEVER) -> None:
        self.bodies, self.source, self.deadline = bodies, source, deadline
        self.size = sum(map(len, bodies))
        self.answers: list[Answer] = []
        self.queued = 0.0

    def resolve(self) -> None:
        """`answers` are there, and on disk."""
        raise NotImplementedError

    def fail(self, error: ZhiyuError) -> None:
        """Nothing of this was acknowledged."""
        raise NotImplementedError


class Awaited(Work):
    """Work whose sender awaits `future`."""

    __slots__ = ("future",)

    def __init__(self, bodies: Sequence[bytes] = (), source: str | None = None, deadline: float = NEVER) -> None:
        super().__init__(bodies, source, deadline)
        self.future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()

    def resolve(self) -> None:
        """Wake the sender."""
        if not self.future.done():
            self.future.set_result(self.answers)

    def fail(self, error: ZhiyuError) -> None:
        """Raise the error where the sender waits."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # taken note of: a client that left must not make the loop complain
