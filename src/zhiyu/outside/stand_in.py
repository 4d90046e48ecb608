"""A stand-in for services: answers in the form that a policy declares, the same question always the same way, and can be told to misbehave.

In: the services of a policy; cases (what to say when); facts about people who may be asked about; a seed. Out: an ASGI app.
`PUT /-/SERVICE {"mode": "down"}` changes how a service behaves, `GET /-/` says what was asked how often. For tests and demonstrations: what
neither cases nor facts say is made up.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.outside.facts import Facts
from zhiyu.policy.declare_services import Service, Told

Mode = Literal["well", "slow", "down", "hangs", "garbled", "wrong"]
"""As it should; after a while; 503; never; no JSON; JSON of another form."""
Message = dict[str, Any]
MAX_BODY_BYTES = 1 << 20
LONGEST_MS = 600_000
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """How a service behaves; `ms`: how long `slow` takes."""

    mode: Mode = "well"
    ms: int = 1_000


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """When all these values of the request are so, say this: field → value, {pick: [values]} or {from: low, to: high}."""

    say: dict[str, Any]
    when: dict[str, Any] = {}


def read_cases(path: Path, services: Sequence[Service]) -> dict[str, list[Case]]:
    """Service → its cases, from a YAML file. InputError for names that the policy does not have."""
    try:
        found = msgspec.convert(YAML(typ="safe", pure=True).load(path.read_bytes()) or {}, dict[str, list[Case]])
    except OSError as fault:
        raise InputError(f"'{path}' cannot be read: {fault.strerror}", f"无法读取“{path}”：{fault.strerror}") from None
    except (YAMLError, msgspec.ValidationError, ValueError) as fault:
        said = str(fault).splitlines()[0]
        raise InputError(f"'{path}' is no file of answers: {said}", f"“{path}”不是回应文件：{said}") from None
    known = {service.name: list(service.answer) for service in services}
    for name, cases in found.items():
        _require(path, name, list(known))
        for case in cases:
            for field in case.say:
                _require(path, field, known[name])
    return found


def _require(path: Path, name: str, known: Sequence[str]) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        more, more_zh = (f"; {hint.en}", f"；{hint.zh}") if hint else ("", "")
        raise InputError(f"'{path}': the policy has no '{name}'{more}", f"“{path}”：策略中没有“{name}”{more_zh}")


class StandIn:
    """The app. Services stand at their own names (`/bureau/score`), so that several may have the same path."""

    def __init__(
        self, services: Sequence[Service], cases: Mapping[str, Sequence[Case]] | None = None, seed: int = 0,
        facts: Facts | None = None,
    ) -> None:  # fmt: skip
        self.services, self.facts = {service.name: service for service in services}, facts
        self.cases, self.seed = cases or {}, seed
        self.behaves = {name: Behaviour() for name in self.services}
        self.asked = dict.fromkeys(self.services, 0)

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:  # fmt: skip
        """Answer one request."""
        assert scope["type"] == "http"
        name, _, path = scope["path"].lstrip("/").partition("/")
        body = await whole_body(receive)
        if name == "-":
            status, content = self._told(scope["method"], path, body)
        elif name not in self.services or f"/{path}" != self.services[name].request.path or body is None:
            status, content = 404, b'{"error":"no such service"}'
        else:
            self.asked[name] += 1
            status, content = await self._behaved(name, scope["query_string"], body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _told(self, method: str, name: str, body: bytes | None) -> tuple[int, bytes]:
        """What is asked, and changes of behaviour."""
        if method == "GET" and not name:
            return 200, _encode(
                {each: {"asked": self.asked[each], **msgspec.to_builtins(b)} for each, b in self.behaves.items()}
            )
        if method != "PUT" or name not in self.services or body is None:
            return 404, b'{"error":"PUT /-/SERVICE or GET /-/"}'
        try:
            wanted = msgspec.json.decode(body, type=Behaviour)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            return 422, _encode({"error": str(wrong)})
        if not 0 <= wanted.ms <= LONGEST_MS:
            return 422, b'{"error":"ms is 0 to 600000"}'
        self.behaves[name] = wanted
        return 200, _encode(wanted)

    async def _behaved(self, name: str, query: bytes, body: bytes) -> tuple[int, bytes]:
        behaves = self.behaves[name]
        if behaves.mode == "hangs":
            await asyncio.sleep(LONGEST_MS / 1000)
        if behaves.mode == "slow":
            await asyncio.sleep(behaves.ms / 1000)
        if behaves.mode == "down":
            return 503, b'{"error":"down"}'
        if behaves.mode == "garbled":
            return 200, b'<html>{"data":'
        try:
            asked = dict(parse_qsl(query.decode("ascii"))) | _flat(msgspec.json.decode(body) if body else {})
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return 400, b'{"error":"no JSON"}'
        content = self.answer(name, asked)
        return 200, _encode({"unexpected": content} if behaves.mode == "wrong" else content)

    def answer(self, name: str, asked: Mapping[str, Any]) -> Any:
        """The answer to a request, given as its values by dotted names.

        >>> points = Told(at="data.points", type="int", min=300, max=950)
        >>> StandIn([Service(name="bureau", answer={"points": points})]).answer("bureau", {"who": "a"})
        {'data': {'points': 891}}
        """
        service = self.services[name]
        matching = (c for c in self.cases.get(name, ()) if all(asked.get(k) == v for k, v in c.when.items()))
        case = next(matching, Case({}))
        known = self.facts.about(service, asked) if self.facts is not None else {}
        found: Any = {}
        for field, told in service.answer.items():
            if field in known and field not in case.say:
                _put(found, told.at.split("."), known[field])
                continue
            drawn = _fraction(_encode([self.seed, name, field, dict(asked)]))
            _put(found, told.at.split("."), _said(case.say[field], drawn) if field in case.say else _made(told, drawn))
        return found


async def whole_body(receive: Callable[[], Awaitable[Message]]) -> bytes | None:
    """The body of a request; None when it is too long."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _flat(value: Any, before: str = "") -> dict[str, Any]:
    """The values of an object by dotted names."""
    if not isinstance(value, dict):
        return {before: value}
    return {
        name: each for key, inner in value.items() for name, each in _flat(inner, f"{before}.{key}".lstrip(".")).items()
    }


def _fraction(content: bytes) -> Decimal:
    """A number in [0, 1) that is always the same for the same content."""
    return Decimal(int.from_bytes(hashlib.blake2b(content, digest_size=6).digest())) / (1 << 48)


def _said(value: Any, drawn: Decimal) -> Any:
    if isinstance(value, dict) and "pick" in value:
        return value["pick"][int(drawn * len(value["pick"]))]
    if isinstance(value, dict) and {"from", "to"} == set(value):
        low, high = Decimal(str(value["from"])), Decimal(str(value["to"]))
        return (
            _number(low + drawn * (high - low + 1), 0)
            if isinstance(value["to"], int)
            else float(low + drawn * (high - low))
        )
    return value


def _made(told: Told, drawn: Decimal) -> Any:
    """A value of the declared form."""
    if told.type == "bool":
        return drawn < Decimal("0.5")
    if told.type == "enum":
        return told.values[int(drawn * len(told.values))]
    if told.type == "string":
        return f"{int(drawn * 10**6):06d}"
    low, high = (
        Decimal(str(told.min if told.min is not None else 0)),
        Decimal(str(told.max if told.max is not None else 100)),
    )
    digits = {"int": 0, "number": min(told.digits, 6), "money": MINOR_DIGITS.get(told.currency, 2)}[told.type]
    return _number(low + drawn * (high - low), digits)


def _number(value: Decimal, digits: int) -> Any:
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)
    return int(rounded) if digits == 0 else float(rounded)


def _put(into: Any, path: Sequence[str], value: Any) -> None:
    """Put a value at its place; numbers in the path are places in a list."""
    here = into
    for part, following in zip(path, [*path[1:], ""]):
        made: Any = value if not following else [] if following.isdigit() else {}
        if isinstance(here, list):
            here.extend({} for _ in range(len(here), int(part) + 1))
            here[int(part)] = here[int(part)] or made if following else made
            here = here[int(part)]
        else:
            here[part] = here.get(part, made) if following else made
            here = here[part]
