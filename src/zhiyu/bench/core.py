"""The core benchmark: whole decisions on one core, with 200 exact features and 150 rules, at two sizes of state.

In: sizes. Out: one flat dict (`run_core`), figures first, then peers, ratios and the conditions. What is timed is `Engine.process`,
the call that users' events go through, with events decoded beforehand; the generator and the cutting of batches are outside the clock.
Wall clock decides; processor time is reported beside it, because other people's work on the machine shows in the one and not the other.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.bench.conditions import conditions, peak_bytes
from zhiyu.bench.peers import run_peers
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.stream import CHUNK, Encoder, Stream, batches, renumbered, rows_of
from zhiyu.engine.engine import Engine
from zhiyu.policy.check import check_policy
from zhiyu.policy.compile import Compiled, compile_policy

FEATURES = 200
RULES = 150
SMALL, LARGE = 2_000_000, 20_000_000
MEASURED = 200_000
PEER_SAMPLE = 200_000
FILL_BATCH = 4096
ROUNDS = 3
"""Each figure (single events excepted) is taken this often, in turns with the others; the median round counts, because a shared machine
has slow moments and a ratio of two figures would inherit either's."""
KEY = b"zhiyu-benchmark!"
Say = Callable[[str, float], None]
"""Progress: what is going on, and how much of the whole run is done (0..1)."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much to run: events of state small and large, events timed per figure, events of the peers' sample."""

    small: int = SMALL
    large: int = LARGE
    measured: int = MEASURED
    sample: int = PEER_SAMPLE
    same_keys: bool = True

    @classmethod
    def scaled(cls, events: int, quick: bool = False) -> Sizes:
        """`events` of small state, ten times that of large state; everything else in proportion, at most the defaults."""
        measured = min(MEASURED, max(events // 2, 200))
        return cls(events, 10 * events, measured, min(PEER_SAMPLE, max(events // 10, 200)), not quick)


@dataclass(slots=True)
class Timed:
    """One figure: events, wall seconds, processor seconds, and for single events each one's microseconds."""

    events: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    each_us: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Events per second of wall clock."""
        return self.events / self.wall_s

    @property
    def us(self) -> float:
        """Microseconds of wall clock per event."""
        return self.wall_s / self.events * 1e6


def compiled_policy(rules: bool = True) -> tuple[Compiled, Codes]:
    """The benchmark policy, compiled with all of its features."""
    codes = Codes(KEY)
    checked = check_policy(benchmark_policy(rules)).require()
    return compile_policy(checked, codes.one, all_features=True), codes


class Bench:
    """Two engines on one state: `decides` runs the rules, `counts` only the features. They take turns, the stream goes on."""

    def __init__(self, stream: Stream) -> None:
        whole, codes = compiled_policy()
        bare, _ = compiled_policy(rules=False)
        if not np.array_equal(whole.plan.cells, bare.plan.cells):
            raise AssertionError("both policies must have the same feature plan to share a state")
        self.stream = stream
        self.encoder = Encoder(whole.schema, codes)
        self.decides, self.counts = Engine(whole, codes), Engine(bare, codes)
        self.counts.state, self.counts.door = self.decides.state, self.decides.door
        self.next_chunk = 0

    def warm(self) -> float:
        """Compile all kernels (blocks and single events); returns seconds."""
        begun = time.perf_counter()
        for engine in (self.decides, self.counts):
            self._lead_in(engine, 1)
        return time.perf_counter() - begun

    def fill(self, events: int, say: Callable[[float], None]) -> Timed:
        """Bring the state to `events`, features only."""
        return self.run(self.counts, events, FILL_BATCH, say=say)

    def run(
        self,
        engine: Engine,
        events: int,
        batch: int,
        latencies: bool = False,
        say: Callable[[float], None] = lambda done: None,
    ) -> Timed:
        """Put the next `events` events through `engine` in batches, timing nothing but `process`."""
        timed, clock = Timed(), time.perf_counter
        self._lead_in(engine, batch)
        for group in batches(self.stream, self.encoder, self.next_chunk, events, batch):
            before = time.process_time()
            if latencies:
                _one_by_one(engine, group, timed)
            else:
                begun = clock()
                for each in group:
                    engine.process(each)
                timed.wall_s += clock() - begun
            timed.cpu_s += time.process_time() - before
            timed.events += sum(each.n for each in group)
            self.next_chunk += 1
            say(timed.events / events)
        return timed

    def _lead_in(self, engine: Engine, batch: int) -> None:
        """Three untimed events, the last in the shape of what follows, so that the engine is set up for it."""
        first = rows_of(self.encoder.batch(self.stream.chunk(self.next_chunk), self.next_chunk * CHUNK), 0, 3)
        lone, pair = rows_of(first, 0, 1), rows_of(first, 1, 3)
        for each in (lone, pair) if batch > 1 else (pair, lone):
            engine.process(renumbered(each))


def _one_by_one(engine: Engine, group: list[Any], timed: Timed) -> None:
    clock = time.perf_counter
    for each in group:
        begun = clock()
        engine.process(each)
        spent = clock() - begun
        timed.each_us.append(spent * 1e6)
        timed.wall_s += spent


def run_core(sizes: Sizes | None = None, say: Say = lambda what, done: None) -> dict[str, Any]:
    """The whole benchmark; the dict goes to `--json` as it is."""
    sizes = sizes or Sizes()
    say("peers", 0.0)
    peers = run_peers(sizes.sample)
    small, facts = _at_size(Stream(sizes.small, sizes.small), sizes, say, 0.1, 0.3)
    large, large_facts = _at_size(Stream(sizes.large, sizes.large), sizes, say, 0.3, 0.65)
    same: dict[str, Timed] = {}
    if sizes.same_keys:
        same, _ = _at_size(Stream(sizes.large, sizes.small), sizes, say, 0.65, 1.0, brief=True)
    return _figures(sizes, peers, small, large, same) | {
        "bytes_per_event": round(large_facts["bytes"] / sizes.large, 1),
        "bytes_per_event_small": round(facts["bytes"] / sizes.small, 1),
        "compile_s": round(facts["compile_s"], 2),
        "conditions": conditions() | {
            "keys": 8, "features": FEATURES, "rules": RULES, "state_events": [sizes.small, sizes.large],
            "measured_events": sizes.measured, "rounds": ROUNDS, "state_keys": [facts["keys"], large_facts["keys"]],
            "peak_bytes_of_process": peak_bytes(), "timed": "Engine.process on decoded events, one thread",
        },
    }  # fmt: skip


def _at_size(
    stream: Stream, sizes: Sizes, say: Say, start: float, stop: float, brief: bool = False
) -> tuple[dict[str, Timed], dict[str, Any]]:
    """All figures at one size of state, and the state's facts when it is just full. `brief`: the large batch only."""
    bench = Bench(stream)
    say(f"compiling kernels, {stream.events_30d:,} events of state", start)
    compile_s = bench.warm()
    share = (stop - start) * 0.6
    bench.fill(stream.events_30d, lambda done: say(f"filling {stream.events_30d:,} events", start + share * done))
    facts = bench.decides.facts() | {"compile_s": compile_s}
    rounds: dict[str, list[Timed]] = {}
    for number in range(ROUNDS):
        for size in (1000,) if brief else (1000, 64, 1):
            if size == 1 and number:
                continue
            for name, engine in (("rules", bench.decides), ("features", bench.counts)):
                say(f"batch {size}, {name}, {stream.events_30d:,} events of state", start + share)
                timed = bench.run(engine, sizes.measured, size, latencies=size == 1)
                rounds.setdefault(f"{name}_{size}", []).append(timed)
    made = {name: sorted(each, key=lambda timed: timed.us)[len(each) // 2] for name, each in rounds.items()}
    del bench
    gc.collect()
    return made, facts


def _figures(
    sizes: Sizes,
    peers: dict[str, dict[str, Any]],
    small: dict[str, Timed],
    large: dict[str, Timed],
    same: dict[str, Timed],
) -> dict[str, Any]:
    alone = small["features_1000"].per_s
    ratio = {name: round(alone / peer["events_per_s"], 1) for name, peer in peers.items()}
    singles = small["rules_1"].each_us
    return {
        "events_per_s": round(small["rules_1000"].per_s),
        "features_only_events_per_s": round(alone),
        "batch1_events_per_s": round(small["rules_1"].per_s),
        "growth": round(large["rules_1000"].us / small["rules_1000"].us, 3),
        "growth_features_only": round(large["features_1000"].us / small["features_1000"].us, 3),
        "growth_same_keys": round(same["rules_1000"].us / small["rules_1000"].us, 3) if same else None,
        "features_per_s": round(alone * FEATURES),
        "p50_us": round(float(np.percentile(singles, 50)), 1),
        "p99_us": round(float(np.percentile(singles, 99)), 1),
        "peers": peers,
        "ratio": ratio | {"fastest_peer": min(ratio.values())},
        "all": {
            f"{name}_{events}": {
                "events_per_s": round(timed.per_s), "us_per_event": round(timed.us, 3),
                "cpu_us_per_event": round(timed.cpu_s / timed.events * 1e6, 3),
            }
            for events, figures in ((sizes.small, small), (sizes.large, large), (f"{sizes.large}_same_keys", same))
            for name, timed in figures.items()
        },
    }  # fmt: skip
