"""A process that has everything loaded and compiled forks one `zhiyu serve` per line that it reads, which saves the two seconds of a start.

In: one JSON order per line, `{"arguments": [...], "said": file for standard error, "dies": {...} or null}`. Out: the process id of each
server, one per line. What is forked runs the whole command, in a process of its own.

`dies` names a function of the program (`module:Class.method`) and how often it is called before the server kills itself with SIGKILL,
right before or right after that call: a moment inside a snapshot or a release that a clock would seldom hit.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from typing import Any


def armed(dies: dict[str, Any]) -> None:
    """Let the server kill itself at the call that `dies` tells of, also when a forked child of it (a snapshot) makes the call."""
    module, _, path = dies["at"].partition(":")
    owner = importlib.import_module(module)
    *outer, name = path.split(".")
    for each in outer:
        owner = getattr(owner, each)
    real, server, left = getattr(owner, name), os.getpid(), [dies["count"]]

    @functools.wraps(real)
    def counted(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and not dies["after"]:
            os.kill(server, signal.SIGKILL)
        found = real(*given, **named)
        if left[0] == 0:
            os.kill(server, signal.SIGKILL)
        return found

    setattr(owner, name, counted)


def serve(order: dict[str, Any]) -> None:
    """Never returns: the command, with its own standard error."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 2)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    if order["dies"]:
        armed(order["dies"])
    from zhiyu.cli import main

    try:
        main(["serve", *order["arguments"]])
    finally:
        os._exit(1)


def ready() -> None:
    """Load and compile all that a server needs."""
    import fastapi  # noqa: F401
    import uvloop  # noqa: F401

    import zhiyu.server.running  # noqa: F401
    from zhiyu.engine.warm import compile_kernels

    compile_kernels()


def run() -> None:
    """Fork a server for each line, until the input ends."""
    ready()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        order = json.loads(line)
        server = os.fork()
        if server == 0:
            serve(order)
        sys.stdout.write(f"{server}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run()
