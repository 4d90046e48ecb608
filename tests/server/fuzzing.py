"""Many senders that mean no good, against the real app in this process, with and without a connection in front: every request is answered,
once, in the right shape.

In: a seed, how many bodies. Out: `Tally`: what was sent and what became of it. AssertionError, with the record, for an answer that must not
be.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import random
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.engine.live_stream import live_policy
from tests.server.fuzz_bodies import ANY, LONG, SOME, Bodies, Record
from tests.server.wire import Doorway, ask
from zhiyu.access.gate import OpenGate
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.events.declare import Clock
from zhiyu.server.desk import Desk
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import TenantMeters
from zhiyu.server.reads import Rest
from zhiyu.server.settings import Settings
from zhiyu.server.site import Site
from zhiyu.server.thin import Thin

SENDERS = 64
KEPT = ("decided", "taken", "noise")
_KINDS = (
    b"", b"application/json", b"application/json; charset=utf-16", b"text/plain", b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x", b"application/octet-stream", b"\xff\xfe", b"image/png", b"application/json" * 50, b";;;",
)  # fmt: skip
_BAD_HEADS: tuple[tuple[bytes, bytes, int, str], ...] = (
    (b"zhiyu-deadline-ms", b"soon", 422, "Zhiyu-Deadline-Ms"), (b"zhiyu-deadline-ms", b"-1", 422, "Zhiyu-Deadline-Ms"),
    (b"zhiyu-deadline-ms", b"\xb2", 422, "Zhiyu-Deadline-Ms"), (b"content-encoding", b"gzip", 415, "Content-Encoding"),
    (b"content-length", b"9999999999999", 413, ""), (b"content-length", b"99999999", 413, ""),
)  # fmt: skip
"""Headers that must be refused: name, value, status, field."""
_BAD_QUERIES = (
    (b"deadline_ms=x", 422, "deadline_ms"), (b"source=none", 422, "source"), (b"a=1", 400, "a"), (b"source=a&source=b", 400, ""),
    (b"%ff=1", 400, ""), (b"\xff", 400, ""), (b"&" * 30 + b"a=1&" * 30, 400, ""),
)  # fmt: skip


@dataclass
class Tally:
    """What happened. `kept`: ids of events that were taken; `sent`: bodies; `ends`: what became of them."""

    sent: int = 0
    requests: int = 0
    kept: set[tuple[str, str]] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)


async def fuzz(folder: Path, seed: int, bodies: int) -> Tally:
    """Send about so many bodies; then close, open again, and look whether everything that was taken is there."""
    tally, settings = Tally(), Settings(max_wait_s=600.0, max_queued=10**9, max_queued_bytes=1 << 40)
    desks: dict[str, Desk] = {}
    site = Site(desks, OpenGate("default"), settings, lines=LogLines(io.StringIO()))
    site.meters.tenants["default"] = TenantMeters()

    # a changed byte may move the clock of events far ahead: ids must be remembered all the same
    clock = Clock(lateness="10m", max_ahead="1d", idempotency="400d")
    opened = open_policy(msgspec.structs.replace(live_policy(), clock=clock), key=bytes(16))

    def opens() -> Live:
        return Live(folder, opened, clock="events", snapshot_events=20_000)

    desk = desks["default"] = Desk(opens, settings, site.meters.tenants["default"])
    app = Thin(site, Rest(site))
    doorway = Doorway(site, app)
    await asyncio.gather(*(Sender(app, doorway, f"s{number}", seed, tally).run(bodies) for number in range(SENDERS)))
    assert not desk.broken
    accepted = desk.live.engine.accepted
    assert desk.queued == desk.queued_bytes == 0
    await desk.close()
    again = opens()
    assert again.engine.accepted == accepted == len(tally.kept)
    assert all(again.position_of(event_id) is not None for _, event_id in tally.kept)
    again.close()
    assert sum(tally.ends.values()) == tally.sent
    return tally


class Sender:
    """One client: a request after the other, of every kind."""

    def __init__(self, app: Thin, doorway: Doorway, name: str, seed: int, tally: Tally) -> None:
        self.app, self.tally, self.doorway = app, tally, doorway
        self.connection, self.wire = doorway.connect()
        self.bodies, self.rng = Bodies(seed, name), random.Random(f"requests {seed} {name}")

    async def run(self, bodies: int) -> None:
        """Until all senders together have sent so many."""
        while self.tally.sent < bodies:
            what = self.rng.random()
            if what < 0.90:
                await self.single()
            elif what < 0.93:
                await self.refused_head()
            elif what < 0.96:
                await self.many("/v1/decisions:batch", array=False)
            elif what < 0.97:
                await self.many("/v1/decisions:batch", array=True)
            else:
                await self.many("/v1/decisions:stream", array=False)

    async def single(self) -> None:
        """One event."""
        record = self.bodies.next()
        kind = self.rng.choice(_KINDS)
        if self.rng.random() < 0.5:
            status, answer = await self.by_connection(record.body, kind)
        else:
            status, answer = await self.post("/v1/decisions", record.body, kind=kind)
        self.count(record, status, answer)

    async def by_connection(self, body: bytes, kind: bytes) -> tuple[int, dict[str, Any]]:
        """One request as bytes, in pieces or in one, over a connection that is kept until it is closed."""
        if self.wire.closed:
            self.connection, self.wire = self.doorway.connect()
        head = b"POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (
            kind,
            len(body),
        )
        pieces = [piece for piece, _ in self.pieces(head + body)]
        found = await ask(self.connection, self.wire, pieces)
        first, content = found.split(b"\r\n", 1)[0], found.partition(b"\r\n\r\n")[2]
        status = int(first.split(b" ")[1])
        self.tally.requests += 1
        self.tally.statuses[status] += 1
        self.tally.ways["by connection"] += 1
        return status, json.loads(content)

    async def refused_head(self) -> None:
        """A good event under a head that must be refused: nothing of it is taken."""
        record = self.bodies.good()
        if self.rng.random() < 0.1:
            status, answer = await self.post(
                "/v1/decisions", record.body, method=self.rng.choice(["PUT", "PATCH", "DELETE"])
            )
            wanted, named = 405, ""
        elif self.rng.random() < 0.5:
            name, value, wanted, named = self.rng.choice(_BAD_HEADS)
            status, answer = await self.post("/v1/decisions", record.body, more=((name, value),))
        else:
            query, wanted, named = self.rng.choice(_BAD_QUERIES)
            status, answer = await self.post("/v1/decisions", record.body, query=query)
        assert (status, answer.get("field", "")) == (wanted, named), answer
        self.count(Record(record.body, ("refused",), how="bad head"), status, answer)

    async def many(self, path: str, array: bool) -> None:
        """Many events in one request: as lines, with blank ones between them, or as an array."""
        records = [self.bodies.next() for _ in range(self.rng.choice([1, 2, 10, 100]))]
        records = [each for each in records if each.body.strip(b" \t\r")]
        if array:
            records = [each for each in records if is_json(each.body)]
            body, kind = b"[" + b" , ".join(each.body for each in records) + b"]", b"application/json"
        else:
            ends = [self.rng.choice([b"\n", b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"]) for _ in records]
            body = b"".join(each.body + end for each, end in zip(records, ends))
            kind = self.rng.choice([b"application/x-ndjson", b"application/jsonl"])
        if not records:
            return
        status, answer = await self.post(path, body, kind=kind)
        answers = answer["lines"] if path.endswith("stream") else answer.get("answers")
        assert status == 200, answer
        assert len(answers) == len(records), (len(answers), len(records))
        for record, each in zip(records, answers):
            self.count(record, each["status"] if isinstance(each["status"], int) else 200, each)

    def count(self, record: Record, status: int, answer: dict[str, Any]) -> None:
        """One body was answered."""
        tally = self.tally
        tally.sent += 1
        tally.ways[record.how] += 1
        require_right(record, status, answer)
        if status >= 400:
            tally.ends["refused"] += 1
            tally.codes[answer["code"]] += 1
            return
        if answer.get("repeated"):
            tally.ends["repeated"] += 1
            return
        tally.ends[answer["status"]] += 1
        assert answer["status"] in KEPT
        tally.kept.add((answer["type"], answer["id"]))
        if record.how == "good":
            self.bodies.told(record)

    async def post(
        self, path: str, body: bytes, kind: bytes = b"", query: bytes = b"", method: str = "POST",
        more: tuple[tuple[bytes, bytes], ...] = (),
    ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """One request through the app, the body in pieces; status and content."""
        headers = [(b"host", b"localhost"), *more]
        if kind:
            headers.append((b"content-type", kind))
        if self.rng.random() < 0.3:
            headers.append((b"accept-language", self.rng.choice([b"zh-CN", b"en", b"\xff", b"*;q=0"])))
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query, "headers": headers,
            "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        pieces = iter(self.pieces(body))
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            data, last = next(pieces)
            return {"type": "http.request", "body": data, "more_body": not last}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        self.tally.requests += 1
        self.tally.statuses[sent[0]["status"]] += 1
        return answered(sent)

    def pieces(self, body: bytes) -> list[tuple[bytes, bool]]:
        """The body as it may arrive."""
        if len(body) < 2 or self.rng.random() < 0.7:
            return [(body, True)]
        cuts = sorted({0, len(body), *(self.rng.randrange(len(body)) for _ in range(self.rng.randrange(1, 6)))})
        return [(body[start:stop], stop == len(body)) for start, stop in itertools.pairwise(cuts)]


def answered(sent: list[MutableMapping[str, Any]]) -> tuple[int, dict[str, Any]]:
    """Status and content of an answer, which must be whole."""
    assert [message["type"] for message in sent] == ["http.response.start"] + ["http.response.body"] * (len(sent) - 1)
    assert [bool(message.get("more_body")) for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    body = b"".join(message["body"] for message in sent[1:])
    headers = dict(sent[0]["headers"])
    if b"content-length" in headers:
        assert int(headers[b"content-length"]) == len(body)
    if headers[b"content-type"] == b"application/x-ndjson":
        return sent[0]["status"], {"lines": [json.loads(line) for line in body.splitlines()]}
    content: dict[str, Any] = json.loads(body)
    assert (sent[0]["status"] >= 400) == (headers[b"content-type"] == b"application/problem+json")
    return sent[0]["status"], content


def require_right(record: Record, status: int, answer: dict[str, Any]) -> None:
    """The answer is one that this record may get."""
    shown = (record.how, record.body[:300], answer)
    if status < 400:
        assert status == 200, shown
        assert "taken" in record.ends, shown
        assert answer["id"], shown
        assert bool(answer.get("repeated")) == record.again, shown
        return
    assert status in (400, 405, 409, 413, 415, 422), shown
    assert status == answer["status"], shown
    assert "refused" in record.ends, shown
    assert all(answer[name] for name in ("type", "title", "code", "detail", "detail_en", "detail_zh", "request_id")), (
        shown
    )
    assert not record.codes or answer["code"] in record.codes, shown
    named = answer.get("field", "")
    if record.field == SOME:
        assert named, shown
    elif record.field != ANY:
        assert named == record.field, shown


def is_json(body: bytes) -> bool:
    """Whether a body may stand in an array. As text: of bytes, Python's reader also takes UTF-16, and a mark of byte order in front."""
    try:
        json.loads(body.decode(), parse_constant=lambda word: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return len(body) < LONG and body.count(b"[") < 40 and body.count(b"{") < 40
