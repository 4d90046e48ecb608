"""The server that is measured, as a process of its own: what `zhiyu serve` runs, with the benchmark policy, and the trivial route in front.

In: a data folder as the one argument. Out: one line of JSON when requests are taken: port, and what was recovered.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from zhiyu.access.gate import OpenGate
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.trivial import LANE_PATH, Durable, Trivial, TrivialLane
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.warm import compile_kernels
from zhiyu.server.log_lines import LogLines
from zhiyu.server.running import Plan, bound, run
from zhiyu.server.site import Site


def host(data: Path) -> None:
    """Serve until a signal comes."""
    compile_kernels()
    data.mkdir(parents=True, exist_ok=True)
    opened, sock = open_policy(benchmark_policy()), bound("127.0.0.1", 0)
    durable = Durable(data / "trivial")

    def ready(site: Site) -> None:
        live = site.desks["default"].live
        told = {"port": sock.getsockname()[1], "snapshot": live.recovered.snapshot, "replayed": live.recovered.events,
                "seconds": live.recovered.seconds, "position": live.position}  # fmt: skip
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # a line per refusal is written, and nobody wants to read it here
    plan = Plan(
        {"default": lambda: Live(data / "default", opened, clock="events")}, OpenGate("default"), ready=ready,
        front=lambda app: Trivial(app, durable), express={LANE_PATH: TrivialLane(durable)}, lines=LogLines(nowhere), metrics=True,
    )  # fmt: skip
    run(plan, [sock])


if __name__ == "__main__":
    host(Path(sys.argv[1]))
