"""Declarations of services outside: what may be asked, what it costs, how long it may take, what its answer means.

In: nothing. Out: `Service`. Where a service is and how it knows us is no part of a policy: that stands in the file of `zhiyu serve
--services`, so that a policy holds no address and no secret.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.declare import Declaration, Field

Value = str | int | float | bool


class Told(Declaration, frozen=True):
    """One field of the answer. `at`: where it stands in the answer's JSON, keys and numbers with dots between ("data.items.0.score").

    A value that is missing where it is `required`, of another type or out of `min` … `max` makes the whole answer invalid. `fallback`: what
    the field is when the service did not answer; null without.
    """

    at: str
    type: Literal["string", "int", "number", "money", "bool", "enum"]
    required: bool = False
    digits: int = 6
    currency: str = "CNY"
    min: str | int | float | None = None
    max: str | int | float | None = None
    values: tuple[str, ...] = ()
    fallback: Value | None = None
    en: str = ""
    zh: str = ""

    def field(self) -> Field:
        """The field of an event that it becomes."""
        return Field(
            type=self.type, digits=self.digits, currency=self.currency, min=self.min, max=self.max, values=self.values,
            en=self.en, zh=self.zh,
        )  # fmt: skip


class Request(Declaration, frozen=True):
    """What is sent. `query`, `body`: name → field or derived value of the event; `constant`: name → a fixed value in the body. Only what is
    named here leaves the house. Names of the body may have dots: "person.id" is a field inside an object."""

    path: str = "/"
    method: Literal["GET", "POST"] = "POST"
    query: dict[str, str] = msgspec.field(default_factory=dict)
    body: dict[str, str] = msgspec.field(default_factory=dict)
    constant: dict[str, Value] = msgspec.field(default_factory=dict)


class Breaker(Declaration, frozen=True):
    """After `failures` in a row nothing is asked for `pause`; then one call tries, and its answer closes the breaker."""

    failures: int = 5
    pause: str = "30s"


class Service(Declaration, frozen=True):
    """One service. Its answers are events of a type of its name.

    `price` (major units) is paid for every answer that came; `charged: always` also for attempts that brought none. `timeout`: of one
    attempt. `retries`: further attempts after one that failed, all within `budget` (by default the time of all attempts). Only what is
    `idempotent` may be tried again. `cache`: how long an answer to the same question is used again, "" for never.
    """

    name: str
    answer: dict[str, Told]
    request: Request = Request()
    price: str | int | float = 0
    currency: str = "CNY"
    charged: Literal["answered", "always"] = "answered"
    timeout: str = "1s"
    budget: str = ""
    retries: int = 0
    idempotent: bool = False
    cache: str = ""
    at_once: int = 64
    breaker: Breaker = Breaker()
    en: str = ""
    zh: str = ""
