"""The story of one seed: a server is killed in the middle of its work, again and again, and each time its folder is looked at.

In: a seed, a folder, how to start servers. Out: nothing, or an AssertionError. After every kill: what anybody was told is in the log, once,
as it was told; the state from the newest snapshot and the tail equals the state counted from nothing, to the bit; then a server starts on
the same folder, and the clients send on what they were not told. Reviews wait for a log-in that is about them: every wait ends once, or
still waits.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.engine.live_stream import records
from tests.faults.senders import Batches, Sender, Single, Stream
from tests.oracles.naive_vault import kept, told_by_the_log
from zhiyu.access.vault_keys import add_master
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.wait_answers import SAID_LATER
from zhiyu.engine.went_on import parts_of
from zhiyu.entities.slots import HAND
from zhiyu.log.frames import EVENTS

WAIT_S = 60
RECORDS = 1_000
PLACES = (
    "zhiyu.log.disk:_RealFile.write", "zhiyu.log.disk:_RealFile.sync", "zhiyu.log.disk:_RealFile.reserve", "zhiyu.log.disk:_RealFile.cut",
    "zhiyu.log.disk:RealDisk.sync_folder", "zhiyu.log.segments:SegmentLog._mark", "zhiyu.log.segments:SegmentLog._roll",
    "zhiyu.log.segments:SegmentLog._begin", "zhiyu.engine.snapshots:_written", "zhiyu.engine.snapshots:_sync",
    "zhiyu.base.arena:Arena.snapshot", "zhiyu.engine.snapshots:Snapshots._done", "zhiyu.engine.warming:Warming.step",
    "zhiyu.engine.releases:Releases.write", "zhiyu.server.desk:Desk._hand_out", "zhiyu.server.desk:Desk._synced",
    "zhiyu.server.exchange:Exchange.answer",
    "zhiyu.log.packing:Packing._write", "zhiyu.log.disk:RealDisk.replace",
    "zhiyu.log.intake:Intake._write", "zhiyu.log.intake:Intake.remove", "zhiyu.access.vault:Vault.file",
)  # fmt: skip
"""Where a server may be told to die. The first three are called all the time."""

EVENTS_AND_FEATURES = """
name: killed
events:
  - name: payment
    money: amount
    fields:
      amount: {type: money, currency: CNY, required: true, min: 0, max: 100000}
      card: {type: string, required: true, entity: card}
      phone: {type: phone, entity: phone}
      city: {type: string}
  - name: login
    decide: false
    fields:
      card: {type: string, required: true, entity: card}
      about: {type: string}
clock: {lateness: 10m, idempotency: 30d}
feedback: {decisions: true, lag_events: 7}
features:
  - {name: seen_1h, aggregate: count, by: card, over: 1h, on: [payment]}
  - {name: spent_1d, aggregate: sum, of: amount, by: card, over: 1d, on: [payment]}
  - {name: cities_1d, aggregate: distinct, of: city, by: card, over: 1d, on: [payment]}
  - {name: logins_1h, aggregate: count, by: card, over: 1h, on: [login]}
  - {name: stopped_1d, aggregate: count, by: card, over: 1d, on: [decision], where: outcome == "decline"}
"""
COUNTS_MORE = """
  - {name: spent_12h, aggregate: sum, of: amount, by: card, over: 12h, on: [payment]}
"""
RULES = """
rule_sets:
  - name: main
    rules:
      - {name: large, when: amount > %d, score: 30, outcome: review}
      - {name: many, when: seen_1h > 3, score: 50, outcome: decline}
      - {name: wrong_before, when: logins_1h > 2 and cities_1d > 1, score: 20, outcome: challenge}
      - {name: stopped_before, when: stopped_1d > 1 and spent_1d > 5000, outcome: decline}
"""
MORE_RULES = """      - {name: much, when: spent_12h > 9000, outcome: delay}
"""
FLOWS = """
flows:
  - name: pay
    on: [payment]
    nodes:
      - {name: first, rule_set: main, then: {review: hold}, next: done}
      - {name: done, severest: true}
      - {name: hold, wait: review, within: 20m, answers: {login: about}, next: again, expired: cool}
      - {name: cool, wait: delay, within: 10m, answers: {login: about}, next: again, expired: stop}
      - {name: again, branch: [{when: logins_1h > 1, to: stop}], next: fine}
      - {name: fine, outcome: pass}
      - {name: stop, outcome: decline}
"""
POLICIES = (
    EVENTS_AND_FEATURES + RULES % 400 + FLOWS,
    EVENTS_AND_FEATURES + RULES % 300 + FLOWS,
    EVENTS_AND_FEATURES + COUNTS_MORE + RULES % 400 + MORE_RULES + FLOWS,
)
"""Going from one of the first two to the other is a release at once; the third one must count from the log before it decides."""


class Zygote:
    """Starts servers fast (see `zygote`), or, when `plain`, each as its own `python`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, arguments: list[str], said: Path, dies: dict[str, Any] | None, plain: bool) -> int:
        """Process id of a new server."""
        if plain:
            command = [sys.executable, "-c", "from zhiyu.cli import main; main()", "serve", *arguments]
            with said.open("ab") as out:
                return subprocess.Popen(command, stderr=out, stdin=subprocess.DEVNULL).pid
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "said": str(said), "dies": dies}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        """No more servers."""
        if self._process is not None:
            self._process.communicate(timeout=WAIT_S)


class Server:
    """One running `zhiyu serve`."""

    def __init__(
        self, zygote: Zygote, arguments: list[str], said: Path, dies: dict[str, Any] | None, plain: bool
    ) -> None:
        self.said = said
        said.unlink(missing_ok=True)
        self.pid = zygote.start(arguments, said, dies, plain)
        self._alive = os.pidfd_open(self.pid)
        self.port = 0
        try:
            self._wait()
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def _wait(self) -> None:
        """Until it says where it listens, or is gone."""
        end = time.monotonic() + WAIT_S
        while not self.port and self.alive(0.005):
            assert time.monotonic() < end, self.words()
            found = re.search(r"http://\S+?:(\d+) .*protected by", self.words(), re.DOTALL)
            self.port = int(found[1]) if found else 0

    def words(self) -> str:
        """What it said."""
        return self.said.read_text() if self.said.exists() else ""

    def alive(self, seconds: float) -> bool:
        """Whether it still runs after so long; returns as soon as it does not."""
        return not select.select([self._alive], [], [], seconds)[0]

    def end(self, how: signal.Signals) -> None:
        """Send a signal and wait until the process is gone, if it is not yet."""
        if self._alive < 0:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)
        assert not self.alive(WAIT_S), self.words()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self._alive)
        self._alive = -1


class Story:
    """One seed. `seen` counts what happened."""

    def __init__(self, seed: int, folder: Path, zygote: Zygote, seen: Counter[str]) -> None:
        self.rng, self.folder, self.zygote, self.seen = random.Random(seed), folder, zygote, seen
        self.policies = [folder / f"policy-{number}" for number in range(len(POLICIES))]
        for path, text in zip(self.policies, POLICIES):
            path.mkdir(parents=True)
            (path / "policy.yaml").write_text(text)
        self.data = folder / "data" / "default"
        self.bodies = answering(random.Random(-seed), records(seed, RECORDS))
        self.told: dict[int, dict[str, Any]] = {}
        self.size = self.rng.choice([8_192, 60_000, 64 << 20])
        self.every = self.rng.choice([40, 200, 10**9])
        self.masters = folder / "masters.json"
        add_master(self.masters, 0)
        self.opened: Opened = open_policy(self.policies[0])
        self.hashes = [open_policy(path).artifact.hash for path in self.policies]
        self.wanted = ""
        self.server: Server | None = None

    def run(self, kills: int, plain: bool = False) -> None:
        """`kills` servers are killed; the last one is left to finish and to stop gently. None outlives a failure."""
        try:
            self.tell(kills, plain)
        finally:
            if self.server is not None:
                self.server.end(signal.SIGKILL)

    def tell(self, kills: int, plain: bool) -> None:
        """The story itself."""
        for number in range(kills):
            last = len(self.bodies) * (number + 1) // kills
            self.live_and_die(self.bodies_until(last), plain)
            self.look()
        server = self.start(None, plain)
        self.send(server, self.bodies_until(len(self.bodies)))
        self.everything_again(server)
        server.end(signal.SIGTERM)
        self.look(whole=True)

    def bodies_until(self, last: int) -> list[tuple[int, bytes]]:
        """What nobody was told of yet, up to a record."""
        return [(number, self.bodies[number]) for number in range(last) if number not in self.told]

    def start(self, dies: dict[str, Any] | None, plain: bool) -> Server:
        """A server on the folder, with any of the policies."""
        number = self.rng.randrange(len(self.policies))
        self.wanted = self.hashes[number]
        arguments = [
            "--policy", str(self.policies[number]), "--data", str(self.folder / "data"), "--port", "0", "--clock", "events",
            "--lang", "en", "--segment-bytes", str(self.size), "--snapshot-events", str(self.every), "--max-wait-ms", "60000",
            "--vault-key", str(self.masters),
        ]  # fmt: skip
        self.server = Server(self.zygote, arguments, self.folder / "said", dies, plain)
        return self.server

    def live_and_die(self, todo: list[tuple[int, bytes]], plain: bool) -> None:
        """One server: clients send until it is killed, at a moment of the clock or of its own work."""
        dies = None
        if not plain and self.rng.random() < 0.6:
            place = self.rng.choice(PLACES)
            most = 120 if place in PLACES[:3] or "server" in place else 4
            dies = {"at": place, "count": self.rng.randrange(1, most), "after": self.rng.random() < 0.5}
        server = self.start(dies, plain)
        pause = self.rng.random() * 0.2
        own = not server.port
        if server.port:
            own = self.send(server, todo, pause if dies is None else 0.6)
        self.seen[dies["at"] if own and dies else "clock"] += 1
        server.end(signal.SIGKILL)
        self.seen["in a snapshot"] += any(path.suffix == ".part" for path in (self.data / "snapshots").glob("*"))
        self.seen["kills"] += 1

    def send(self, server: Server, todo: list[tuple[int, bytes]], seconds: float = 0.0) -> bool:
        """Six clients send their share. After so many seconds (0: never) the server is killed; returns whether it was gone before."""
        kinds = [Single, Single, Batches, Batches, Stream, Stream]
        shares: list[deque[tuple[int, bytes]]] = [deque() for _ in kinds]
        for each in todo:
            self.rng.choice(shares).append(each)
        clients: list[Sender] = [
            kind(server.port, share, self.told, random.Random(self.rng.random())) for kind, share in zip(kinds, shares)
        ]
        for client in clients:
            client.start()
        alive = not seconds or server.alive(seconds)
        if seconds and alive:
            server.end(signal.SIGKILL)
        for client in clients:
            client.join(WAIT_S)
            assert not client.is_alive()
            if client.wrong is not None:
                raise client.wrong
        return not alive

    def look(self, whole: bool = False) -> None:
        """Open copies of the folder, one with its snapshots and one without, and compare. `whole`: everything was told."""
        copies = [self.folder / "whole", self.folder / "bare"]
        for copy in copies:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(
                self.data, copy, ignore=shutil.ignore_patterns("*.part")
            )  # what is left of a snapshot that was cut off
        shutil.rmtree(copies[1] / "snapshots", ignore_errors=True)
        keys = self.masters, None
        found, counted = (
            Live(copy, self.opened, clock="events", release=False, vault_key=key) for copy, key in zip(copies, keys)
        )
        self.seen["from a snapshot"] += found.recovered.snapshot >= 0
        self.seen["while a release warmed"] += found.opened.artifact.hash != self.wanted
        self.seen["segments"] += len(found.log.segments)
        assert counted.recovered.snapshot == -1
        assert state_of(found, self.folder) == state_of(counted, self.folder)
        ids = [
            (int(note.batch.type_index[row]), each)
            for note in (noted(f.payload, "default") for f in found.log.frames() if f.header.kind == EVENTS)
            for row, each in enumerate(note.batch.ids)
        ]
        assert len(ids) == len(set(ids)) == found.engine.accepted
        for number, answer in self.told.items():
            self.require_as_told(found, number, answer)
        self.require_waits(found)
        filed = found.vaulting is not None and found.vaulting.vault.facts()["texts"]
        texts = kept(found)
        told = {answer["position"] for answer in self.told.values() if answer.get("status") in ("decided", "taken")}
        assert told_by_the_log(found, told) <= set(texts) <= told_by_the_log(found)
        assert not whole or set(texts) == told_by_the_log(found)
        self.seen["texts in the vault"] += len(texts)
        self.seen["of them not filed at the kill"] += len(texts) - filed
        for live in (found, counted):
            live.close()
        self.seen["answers checked"] += len(self.told)

    def require_waits(self, live: Live) -> None:
        """Whatever waited went on step by step, each once, and has ended, or waits now."""
        last, seen = dict[int, tuple[int, bool]](), Counter[str]()
        for frame in live.log.frames():
            _, parts = parts_of(frame, "default")
            for part in parts:
                steps = zip(
                    part.decisions.positions.tolist(), part.revision.tolist(), part.waits.tolist(), part.cause.tolist()
                )
                for position, revision, waits, cause in steps:
                    assert revision == last.get(position, (0, True))[0] + 1
                    assert last.get(position, (0, True))[1], "it went on though it waited no more"
                    last[position] = revision, waits
                    seen[CAUSES[cause]] += 1
        assert live.engine.resuming is not None
        holds = live.engine.resuming.holds
        still = {held.position for held in holds}
        assert {position for position, (_, waits) in last.items() if waits} <= still
        assert not still & {position for position, (_, waits) in last.items() if not waits}
        counts = holds.facts()
        assert (counts["answered"], counts["expired"]) == (seen["answered"], seen["expired"])
        self.seen["waits answered"] += seen["answered"]
        self.seen["waits run out"] += seen["expired"]

    def require_as_told(self, live: Live, number: int, answer: dict[str, Any]) -> None:
        """The log says of a record what its sender was told."""
        content = json.loads(self.bodies[number])
        if "card" not in content:
            assert (answer["code"], answer["field"]) == ("missing", "card")
            return
        position = live.position_of(content["id"])
        assert position == answer["position"], (number, answer)
        assert json.loads(live.at(position) or b"{}") == lasting(answer)

    def everything_again(self, server: Server) -> None:
        """Who sends everything again gets the answers of the first time."""
        first, self.told = self.told, {}
        assert len(first) == len(self.bodies)
        self.send(server, list(enumerate(self.bodies)))
        for number, answer in first.items():
            again = self.told[number]
            if "code" in answer:
                assert again["code"] == answer["code"], (again, answer)
            else:
                assert lasting(again) == lasting(answer), (again, answer)
                assert again["repeated"]
        self.told = first


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says of the decision itself, now and later."""
    return {key: value for key, value in answer.items() if key not in ("repeated", *SAID_LATER)}


def answering(rng: random.Random, bodies: list[bytes]) -> list[bytes]:
    """The same records; half of the log-ins are about one of the last payments before them, so that they answer what waits."""
    found, past, about = list[bytes](), list[str](), dict[str, str | None]()
    for body in bodies:
        content = json.loads(body)
        if content.get("type") == "payment":
            past.append(content["id"])
        elif content.get("type") == "login" and past:
            chosen = about.setdefault(content["id"], rng.choice(past[-4:]) if rng.random() < 0.5 else None)
            body = json.dumps(content | {"about": chosen}, ensure_ascii=False).encode() if chosen else body
        found.append(body)
    return found


def state_of(live: Live, folder: Path) -> str:
    """Digest of everything the engine knows, byte for byte, but for where the hands stand that look for idle keys: they depend on how
    events were cut into blocks, and what they free is asked for by nobody. (In this stream no key is idle for long enough.)"""
    live.engine.state.head[:, HAND] = 0
    place = folder / "state"
    shutil.rmtree(place, ignore_errors=True)
    live.engine.snapshot(place, {})
    digest = hashlib.sha256()
    for path in sorted(place.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
