"""`zhiyu demo`: a server on an example policy, events sent to it over HTTP, what it decided and how good that was.

In: nothing; a day of the simulated lender, or with `--cards` card payments: the real file where ZHIYU_DATA has it, else a generated
one with the same columns. Out: the day beside the truth, or the report from the server's own log. At a terminal the console opens then,
on a server that goes on until Ctrl-C; otherwise everything stops when it is printed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from zhiyu.base.errors import InputError
from zhiyu.commands.report import served_report
from zhiyu.commands.send import require_server
from zhiyu.commands.terminal import language_of, language_option, progress, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.commands.sending import Sent
    from zhiyu.evaluation.tally import Replayed
    from zhiyu.outside.stand_in import StandIn

FOLDER = Path(".zhiyu") / "demo"
SERVICES = "services.yaml"
PORT = 8420
_BATCH = 1_000
_START_S = 120.0


@click.command()
@click.option(
    "--policy",
    "-p",
    type=click.Path(path_type=Path),
    default=None,
    help="Policy folder (default examples/consumer_credit, with --cards examples/card_payments).",
)
@click.option("--cards", is_flag=True, help="Card payments instead of the lender: the report of a server's log.")
@click.option("--once", is_flag=True, help="Stop the server when the report is printed, also at a terminal.")
@language_option
def demo(policy: Path | None, cards: bool, once: bool, lang: str | None) -> None:
    """A day of the simulated lender, sent to a server: what was stopped, held and let through, why, beside the truth."""
    language = language_of(lang)
    with told(language):
        folder = policy or _example("card_payments" if cards else "consumer_credit")
        events = _events(language) if cards else None
        warm_kernels(language)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        stays = sys.stdout.isatty() and not once
        with _outside(folder) as outside:
            with _server(folder, 0, outside) as url:
                event = (
                    _card_payments(events, folder, url, language)
                    if events is not None
                    else _lender(folder, url, language, outside)
                )
            if stays:
                from zhiyu.commands.demo_console import stay

                stay(_server(folder, PORT, outside, "--people"), FOLDER / "data", event, language)


def _card_payments(events: Path, policy: Path, url: str, language: str) -> str:
    sent = _sent(events, policy, url, language)
    found = served_report(FOLDER / "data", "default", language)
    found.seconds = sent.seconds
    return _print(found, language)


def _lender(folder: Path, url: str, language: str, outside: StandIn | None) -> str:
    from zhiyu.commands.demo_lender import a_day
    from zhiyu.engine.opened import open_policy

    _, event = a_day(open_policy(folder).policy, url, FOLDER, language, outside=outside)
    _tell_where(event, language)
    return event


def _example(name: str) -> Path:
    folder = Path.cwd() / "examples" / name
    if not folder.is_dir():
        raise InputError(
            f"no examples/{name} here; run it in the project's folder, or give --policy",
            f"此处没有 examples/{name}；请在项目目录运行或指定 --policy",
        )
    return folder


def _events(language: str) -> Path:
    """The real file, or a generated one."""
    from zhiyu.simulation.card_payments import write_card_payments

    data = Path(os.environ.get("ZHIYU_DATA", Path.cwd() / ".." / "shared" / "data")) / "card_transactions"
    files = sorted(data.glob("*.parquet"))
    if files:
        click.echo(f"{'数据' if language == 'zh' else 'events'}: {files[0].name} (ZHIYU_DATA)")
        return files[0]
    click.echo(
        "未找到真实数据，改用生成的数据"
        if language == "zh"
        else "no card_transactions in ZHIYU_DATA: generating a stream with the same schema"
    )
    made = Path(".zhiyu") / "card_payments.parquet"
    made.parent.mkdir(parents=True, exist_ok=True)
    write_card_payments(made)
    return made


@contextmanager
def _outside(policy: Path) -> Iterator[StandIn | None]:
    """A stand-in for the services that the policy asks, its address in `SERVICES`; None where it asks none."""
    from zhiyu.commands.stand_in import services_file, standing_in
    from zhiyu.policy.load import load_policy

    services = load_policy(policy).policy.services
    if not services:
        yield None
        return
    with standing_in(services) as (app, url):
        (FOLDER / SERVICES).write_text(services_file(url, services), "utf-8")
        yield app


@contextmanager
def _server(policy: Path, wanted: int, outside: StandIn | None = None, *more: str) -> Iterator[str]:
    """A server of its own on loopback, at the wanted port or any free one; its lines go to a file. `more`: further options. InputError
    when it does not start."""
    port, log = _port(wanted), FOLDER / "server.log"
    command = [sys.executable, "-m", "zhiyu.cli", "serve", "--policy", str(policy), "--data", str(FOLDER / "data")]
    command += ["--services", str(FOLDER / SERVICES)] if outside is not None else []
    command += more
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--clock", "events", "--lang", "en"], stdout=lines, stderr=lines,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _await(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait()


def _port(wanted: int) -> int:
    """The wanted port, or any free one when something listens there (0: any)."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise InputError("no free port on 127.0.0.1", "127.0.0.1 上没有空闲端口")


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            require_server(url, "")
        except InputError:
            time.sleep(0.1)
            continue
        return
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    raise InputError(f"the server did not start: {said[0]}", f"服务未能启动：{said[0]}")


def _sent(events: Path, policy: Path, url: str, language: str) -> Sent:
    from zhiyu.client import Client
    from zhiyu.commands.sending import Sending
    from zhiyu.engine.opened import open_policy
    from zhiyu.evaluation.replay import choose_source
    from zhiyu.log.files import open_events

    source = choose_source(open_policy(policy), None)
    client = Client(url, "", timeout_s=60.0, tries=1_000_000)
    letters = FOLDER / "refused.ndjson"
    sending = Sending(client, open_events(events, None, _BATCH), letters, source.name if source else "")
    with progress() as bar:
        task = bar.add_task("经 HTTP 发送" if language == "zh" else "sending over HTTP", total=1.0)
        return sending.run(lambda done: bar.update(task, completed=done))


def _print(found: Replayed, language: str) -> str:
    from zhiyu.evaluation.report import ReportPrinter

    ReportPrinter(Console(), language).print(found)
    event = found.examples[0].event_id if found.examples else ""
    _tell_where(event, language)
    return event


def _tell_where(event: str, language: str) -> None:
    """Where to read on: the data, and one decision in full."""
    zh = language == "zh"
    click.echo(
        f"\n服务数据在 {FOLDER / 'data'}；`zhiyu report --data {FOLDER / 'data'}` 可查看规则报告"
        if zh
        else f"\nthe server's data is in {FOLDER / 'data'}; `zhiyu report --data {FOLDER / 'data'}` reports on its rules"
    )
    if event:
        click.echo(f"{'查看原因' if zh else 'why, in full'}: GET /v1/decisions/{event}/explanation")
