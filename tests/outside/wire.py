"""Services without a network: a script says what each request comes to.

`Wire` stands in the place of `zhiyu.outside.http.send`. A step is a reply, an exception, or "hang": it never comes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from zhiyu.engine.asks import Ask
from zhiyu.outside.endpoints import Endpoint
from zhiyu.outside.http import Reply
from zhiyu.policy.declare_services import Service

Step = Reply | BaseException | str
HERE = Endpoint("127.0.0.1", 1, False)


def ok(**data: Any) -> Reply:
    """A good answer."""
    return Reply(200, json.dumps({"data": data}).encode())


class Wire:
    """`says`: path → what a request comes to, by its number on that path; the last step repeats. `asked`: what was sent, in order."""

    def __init__(self, **says: list[Step] | Callable[[int], Step]) -> None:
        self.says = says
        self.asked: list[tuple[str, Any]] = []

    async def send(self, endpoint: Endpoint, method: str, target: str, body: bytes) -> Reply:
        """One request."""
        name = target.partition("?")[0].strip("/")
        number = sum(path == name for path, _ in self.asked)
        self.asked.append((name, json.loads(body) if body else target))
        says = self.says[name]
        step = says(number) if callable(says) else says[min(number, len(says) - 1)]
        if step == "hang":
            await asyncio.Event().wait()
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, Reply)
        return step


def ask_of(service: Service, position: int = 7, **values: Any) -> Ask:
    """A question about an event."""
    return Ask(service, "a1", position, values)
