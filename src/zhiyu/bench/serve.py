"""The serving benchmark: decisions over HTTP, durable, with 200 features and 150 rules, beside the least a durable route can do.

In: sizes. Out: one flat dict (`run_serve`): latencies at fixed rates, saturation beside the trivial route in turns, batches, streams,
overload, flatness, recovery after SIGKILL, and a single decision in this process. Server and client are processes of their own; the
processor time of both, and the share of the wall clock that the server spent deciding and the disk syncing, stand beside every figure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from zhiyu.bench.conditions import conditions
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.serve_records import Records
from zhiyu.bench.trivial import LANE_PATH, PATH
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy

Say = Callable[[str, float], None]
ONE, BATCH = "/v1/decisions", "/v1/decisions:batch"
RATES = (250, 1_000, 3_000)
SLICES = 10
OVERLOAD_CONNECTIONS = 4_000
"""So many that requests which are due find one that is free: what waits then waits in the server."""
BATCH_SIZE = 100
_STAGE = re.compile(r'zhiyu_stage_seconds_sum\{stage="(\w+)",tenant="default"\} (\S+)')


@dataclass(frozen=True, slots=True)
class ServeSizes:
    """Events of state before anything is measured; seconds per rate; seconds and rounds of saturation and its connections; events of a
    stream; batches; requests of the flat run; events of the single decisions; where the data is."""

    state: int = 200_000
    rate_s: float = 10.0
    saturated_s: float = 6.0
    rounds: int = 5
    connections: int = 256
    stream: int = 100_000
    batches: int = 400
    flat: int = 1_000_000
    singles: int = 20_000
    folder: Path | None = None

    @classmethod
    def quick(cls) -> ServeSizes:
        """About a minute."""
        return cls(20_000, 2.0, 1.5, 2, 64, 20_000, 50, 20_000, 3_000)

    @classmethod
    def tiny(cls) -> ServeSizes:
        """For a test."""
        return cls(600, 0.2, 0.2, 1, 4, 600, 3, 400, 50)


def run_serve(sizes: ServeSizes | None = None, say: Say = lambda what, done: None) -> dict[str, Any]:
    """The whole benchmark; the dict goes to `--json` as it is."""
    sizes = sizes or ServeSizes()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=sizes.folder) as folder:
        run = _Run(Path(folder), sizes, say)
        try:
            told = run.all()
        finally:
            run.end()
        say("one decision in this process", 0.97)
        told |= single_decisions(Path(folder) / "single", sizes.singles)
    return told | {
        "conditions": conditions() | {
            "features": 200, "rules": 150, "state_events": sizes.state, "seconds_per_rate": sizes.rate_s, "connections": sizes.connections,
            "requests_flat": sizes.flat, "batch": BATCH_SIZE, "seconds": round(time.perf_counter() - begun, 1),
            "timed": "open loop, from the moment a request is due (overload: is sent); client, server and disk share the machine",
        },
    }  # fmt: skip


class _Process:
    """A process of ours that speaks JSON, a line at a time."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self, order: dict[str, Any] | None = None) -> dict[str, Any]:
        """What it says, after an order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if order is not None:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def cpu_s(self) -> float:
        """Processor time so far, where the system tells."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


class _Run:
    """One server, one client, one phase after the other."""

    def __init__(self, folder: Path, sizes: ServeSizes, say: Say) -> None:
        self.folder, self.sizes, self.say = folder, sizes, say
        say("starting", 0.0)
        self.client = _Process("zhiyu.bench.serve_load", "a")
        self.host = _Process("zhiyu.bench.serve_host", str(folder))
        self.port = self.host.answer()["port"]

    def all(self) -> dict[str, Any]:
        """Every figure of the server."""
        sizes = self.sizes
        self.say("filling the state", 0.02)
        self.phase({"kind": "stream", "count": sizes.state})
        self.say("streams and batches", 0.1)
        streams = [self.phase({"kind": "stream", "count": sizes.stream}) for _ in range(3)]
        batch = {"kind": "closed", "path": BATCH, "size": BATCH_SIZE, "count": sizes.batches, "connections": 2}
        batches = [self.phase(batch) for _ in range(3)]
        told: dict[str, Any] = {
            "stream_events_per_s": round(median(each["answers"] / each["seconds"] for each in streams)),
            "batch_events_per_s": round(median(BATCH_SIZE * sizes.batches / each["seconds"] for each in batches)),
            "http": {str(rate): self._rate(rate) for rate in RATES},
        }
        told |= self._saturation()
        told["overload"] = self._overload(2 * told["saturation_rps"])
        told |= self._flat()
        told |= self._recovery()
        shares = {"stream": streams[-1], "batch": batches[-1]}
        return told | {"shares": told["shares"] | {name: _shares(phase) for name, phase in shares.items()}}

    def phase(self, order: dict[str, Any]) -> dict[str, Any]:
        """One order to the client; what the server spent meanwhile stands beside it."""
        cpu, stages = self.host.cpu_s(), self.stages()
        told = self.client.answer(order | {"port": self.port})
        told["server_cpu_s"] = self.host.cpu_s() - cpu
        told |= {f"{name}_s": seconds - stages.get(name, 0.0) for name, seconds in self.stages().items()}
        return told

    def stages(self) -> dict[str, float]:
        """Seconds that the server has spent deciding, and waiting for the disk."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as found:
            return {name: float(seconds) for name, seconds in _STAGE.findall(found.read().decode())}

    def _rate(self, rate: int) -> dict[str, Any]:
        self.say(f"{rate:,} requests/s", 0.2)
        order = {"kind": "open", "path": ONE, "rate": rate, "count": int(rate * self.sizes.rate_s), "connections": 256}
        found = self.phase(order)
        return _latencies(found["latencies"]) | {
            "refused": sum(found["statuses"].values()) - len(found["latencies"]), "client_lag_ms": round(max(found["lags"]) * 1000, 2),
            **_shares(found),
        }  # fmt: skip

    def _saturation(self) -> dict[str, Any]:
        """All routes in turns, so that a slow moment of the machine falls on all."""
        self.say("saturation", 0.4)
        sizes = self.sizes
        names = {ONE: "saturation", PATH.decode(): "trivial", LANE_PATH.decode(): "trivial_lane"}
        rates: dict[str, list[float]] = {path: [] for path in names}
        shares: dict[str, Any] = {}
        for _ in range(sizes.rounds):
            for path, found in rates.items():
                order = {"kind": "closed", "path": path, "count": int(30_000 * sizes.saturated_s) + sizes.connections,
                         "connections": sizes.connections, "seconds": sizes.saturated_s}  # fmt: skip
                phase = self.phase(order)
                found.append(len(phase["latencies"]) / phase["seconds"])
                shares[names[path]] = _shares(phase)
        ours, trivial, in_lane = rates.values()
        return {
            "saturation_rps": round(median(ours)), "trivial_rps": round(median(trivial)), "trivial_lane_rps": round(median(in_lane)),
            "ratio": round(median(a / b for a, b in zip(ours, trivial)), 3),
            "ratio_lane": round(median(a / b for a, b in zip(ours, in_lane)), 3), "shares": shares,
            "rounds": {name: [round(each) for each in rates[path]] for path, name in names.items()},
        }  # fmt: skip

    def _overload(self, rate: int) -> dict[str, Any]:
        self.say("twice that", 0.6)
        order = {"kind": "open", "path": ONE, "rate": rate, "count": int(rate * self.sizes.rate_s),
                 "connections": OVERLOAD_CONNECTIONS}  # fmt: skip
        found = self.phase(order)
        good = len(found["latencies"])
        refused, lags, due = (_latencies(found[name]) for name in ("refused_since_sent", "lags", "latencies"))
        return _latencies(found["since_sent"]) | {
            "offered_rps": rate, "sent_rps": round(order["count"] / found["sending_s"]), "goodput_rps": round(good / found["seconds"]),
            "statuses": found["statuses"], "refused_p50_ms": refused["p50_ms"], "refused_p99_ms": refused["p99_ms"],
            "client_lag_p50_ms": lags["p50_ms"], "client_lag_ms": round(max(found["lags"]) * 1000, 2), "due_p50_ms": due["p50_ms"],
            "due_p99_ms": due["p99_ms"], **_shares(found),
        }  # fmt: skip

    def _flat(self) -> dict[str, Any]:
        """Ten slices of one long run: the last ones beside the first ones."""
        slices = []
        for number in range(SLICES):
            self.say("many requests", 0.65 + 0.25 * number / SLICES)
            order = {"kind": "closed", "path": ONE, "count": self.sizes.flat // SLICES, "connections": 64}
            found = self.phase(order)
            slices.append(
                _latencies(found["latencies"]) | {"rps": round(len(found["latencies"]) / found["seconds"]), **_shares(found)}
            )  # fmt: skip
        cost = [each["server_cpu_us"] for each in slices]
        return {"flatness": round(median(cost[-3:]) / max(median(cost[:3]), 1e-9), 3), "flat": slices}

    def _recovery(self) -> dict[str, Any]:
        self.say("recovery", 0.92)
        self.host.kill()
        began = time.perf_counter()
        self.host = _Process("zhiyu.bench.serve_host", str(self.folder))
        found = self.host.answer()
        return {
            "recovery_s": round(found["seconds"], 3),
            "restart_s": round(time.perf_counter() - began, 3),
            "recovered": found,
        }

    def end(self) -> None:
        """Both processes are gone."""
        for each in (self.client, self.host):
            each.kill()


def single_decisions(folder: Path, count: int) -> dict[str, Any]:
    """One record after the other through `Live.take` in this process: read, decide, write, answer; no sync."""
    live = Live(folder / "default", open_policy(benchmark_policy()), clock="events")
    records = Records("s")
    for _ in range(max(count // 1_000, 1)):
        live.take(records.take(1_000))
    times = []
    for record in records.take(count):
        began = time.perf_counter()
        live.take([record])
        times.append(time.perf_counter() - began)
    live.close()
    p50, p99 = (float(each) * 1e6 for each in np.percentile(times, (50, 99)))
    return {"inprocess_p50_us": round(p50, 1), "inprocess_p99_us": round(p99, 1)}


def _latencies(seconds: list[float]) -> dict[str, float]:
    found = np.percentile(seconds, (50, 95, 99, 99.9)) * 1000 if seconds else np.zeros(4)
    names = ("p50_ms", "p95_ms", "p99_ms", "p999_ms")
    return {name: round(float(each), 3) for name, each in zip(names, found)}


def _shares(phase: dict[str, Any]) -> dict[str, float]:
    """Of the wall clock: the server's processor time (in cores), the client's, deciding, syncing. `server_cpu_us`: per answer."""
    wall, answers = phase["seconds"], phase.get("answers") or sum(phase["statuses"].values())
    return {
        "server_cores": round(phase["server_cpu_s"] / wall, 3), "client_cores": round(phase["client_cpu_s"] / wall, 3),
        "deciding": round(phase.get("decide_s", 0.0) / wall, 3), "syncing": round(phase.get("sync_s", 0.0) / wall, 3),
        "server_cpu_us": round(phase["server_cpu_s"] / max(answers, 1) * 1e6, 1),
    }  # fmt: skip
