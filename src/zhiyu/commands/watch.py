"""Run something again whenever a file of a folder changes.

In: folders, what to run. Out: nothing; Ctrl-C ends it. Times and sizes of files are looked at once a second: it works on every file system,
also on those that tell nobody about changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from zhiyu.policy.load import SUFFIXES

EVERY_S = 1.0
MAX_WATCHED = 10_000
"""Files looked at; a policy has at most 200."""

State = tuple[tuple[str, int, int], ...]


def watch_folders(
    folders: Sequence[Path], run: Callable[[], None], language: str, wait: Callable[[float], None] = time.sleep
) -> None:
    """Run now and after every change. A run that ends with an error (it has printed why) waits for the next change like any other."""
    try:
        while True:
            before = state_of(folders)
            with_exit_caught(run)
            click.echo(
                "等待策略文件变化（Ctrl-C 结束）…"
                if language == "zh"
                else "waiting for a change of a policy file (Ctrl-C ends) …",
                err=True,
            )
            while state_of(folders) == before:
                wait(EVERY_S)
    except KeyboardInterrupt:
        click.echo(err=True)


def with_exit_caught(run: Callable[[], None]) -> None:
    """Run; exit code 1 (a mistake that was told) does not end the program, anything else does."""
    try:
        run()
    except SystemExit as ended:
        if ended.code != 1:
            raise


def state_of(folders: Sequence[Path]) -> State:
    """(path, time of change in ns, size) of the YAML files and tables (CSV) of the folders, by path; a file that vanishes is left out."""
    found: list[tuple[str, int, int]] = []
    for folder in folders:
        for path in sorted(folder.iterdir() if folder.is_dir() else ()):
            if path.suffix not in (*SUFFIXES, ".csv") or len(found) >= MAX_WATCHED:
                continue
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
