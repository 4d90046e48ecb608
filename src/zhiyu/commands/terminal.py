"""What every command shares: the language of its output, errors in one line, a progress bar, kernels compiled before work begins.

In: `--lang`, exceptions of the house. Out: messages on stderr, exit code 1 for what the user can put right.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from zhiyu.base.errors import DeclarationError, InputError, ZhiyuError

LANGUAGES = click.Choice(["en", "zh"])


def language_of(given: str | None) -> str:
    """The language asked for, else that of ZHIYU_LANG or LANG: "en" or "zh"."""
    return given or ("zh" if os.environ.get("ZHIYU_LANG", os.environ.get("LANG", "")).startswith("zh") else "en")


def language_option(command: Any) -> Any:
    """Adds `--lang` to a command."""
    return click.option(
        "--lang", type=LANGUAGES, default=None, help="Language of the output (default: ZHIYU_LANG or LANG)."
    )(command)


@contextmanager
def told(language: str) -> Iterator[None]:
    """Turn the house's errors into one clear message on stderr and exit code 1."""
    try:
        yield
    except DeclarationError as wrong:
        for problem in wrong.problems:
            click.echo(problem.text(language), err=True)
        sys.exit(1)
    except ZhiyuError as wrong:
        click.echo(f"error[{wrong.code}]: {wrong.text(language)}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as wrong:
        click.echo(f"error[disk]: {wrong}", err=True)
        sys.exit(1)


def progress() -> Progress:
    """A progress bar on stderr that leaves nothing behind."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip


def warm_kernels(language: str) -> float:
    """Compile what the cache does not hold, saying so; returns seconds."""
    from zhiyu.engine.warm import compile_kernels, is_warm

    if is_warm():
        return compile_kernels()
    with Console(stderr=True).status(
        "正在编译计算内核（仅首次）…" if language == "zh" else "compiling kernels … (first run only)"
    ):
        return compile_kernels()


def require_server(*packages: str) -> None:
    """InputError when a package that comes with `zhiyu[serve]` is not installed."""
    try:
        for each in packages:
            importlib.import_module(each)
    except ImportError:
        raise InputError(
            "the server's packages are missing; install them with pip install 'zhiyu[serve]'",
            "缺少服务所需的软件包；请执行 pip install 'zhiyu[serve]'",
        ) from None


def print_json(found: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    click.echo(json.dumps(found, ensure_ascii=False, default=str))


def print_table(console: Console, table: Table) -> None:
    """A table as wide as the terminal; into a pipe or a file as wide as it wants to be, so that no name is cut."""
    if not console.is_terminal:
        console.width = max(
            console.width, console.measure(table, options=console.options.update(max_width=10_000)).maximum
        )
    console.print(table)
