"""`zhiyu send`: a file of events to a server, in order, with back-pressure; sending it again changes nothing.

In: NDJSON, CSV or Parquet, the address of a server. Out: how many were decided how, what was refused and where that is written. Exit code 1
when the server cannot be reached, takes nothing, or refuses everything.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.commands.terminal import language_of, language_option, progress, told

if TYPE_CHECKING:
    from zhiyu.commands.sending import Sending, Sent

_MAX_BATCH = 1_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where the server listens.")
@click.option(
    "--key",
    default="",
    envvar="ZHIYU_API_KEY",
    help="The key; better in ZHIYU_API_KEY, which no list of processes shows.",
)
@click.option("--source", default="", help="The source of the policy in whose form the records are.")
@click.option("--facts", is_flag=True, help="Only count them; nobody waits for decisions.")
@click.option(
    "--batch", default=500, show_default=True, type=click.IntRange(1, _MAX_BATCH), help="Records of one request."
)
@click.option("--skip", default=0, show_default=True, type=click.IntRange(0), help="Records to leave out at the begin.")
@click.option(
    "--dead-letters",
    type=click.Path(path_type=Path),
    default=None,
    help="What was refused (default: FILE.refused.ndjson).",
)
@click.option(
    "--wait",
    "wait_s",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="Seconds to go on trying a batch.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@language_option
def send(
    file: Path, url: str, key: str, source: str, facts: bool, batch: int, skip: int, dead_letters: Path | None, wait_s: float,
    as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Send the events of FILE (.ndjson, .csv, .parquet; also .gz) to a server, in their order."""
    from zhiyu.client import Client
    from zhiyu.commands.sending import Sending
    from zhiyu.log.files import open_events

    language = language_of(lang)
    with told(language):
        events = open_events(file, None, batch)
        client = Client(url, key, timeout_s=wait_s, tries=1_000_000)
        require_server(url, key)
        letters = dead_letters or file.with_name(f"{file.name}.refused.ndjson")
        sending = Sending(client, events, letters, source, skip, facts)
        try:
            with progress() as bar:
                task = bar.add_task(file.name, total=1.0)
                sent = sending.run(lambda done: bar.update(task, completed=done))
        except (ZhiyuError, KeyboardInterrupt) as stopped:
            _stopped(sending, skip, language)
            if isinstance(stopped, KeyboardInterrupt):
                sys.exit(130)
            raise
        report(sent, as_json, language)
        sys.exit(int(bool(sent.refused) and sent.refused.total() == sent.records))


def require_server(url: str, key: str) -> None:
    """InputError when no Zhiyu server answers at `url`."""
    from zhiyu.client import Client, Unavailable

    try:
        reply = Client(url, key, timeout_s=5.0, tries=1).ask("GET", "/healthz")
    except Unavailable as gone:
        raise InputError(
            f"no server at {url} ({gone.en.rpartition(': ')[2]}); start one with `zhiyu serve`, or give its --url",
            f"{url} 没有服务（{gone.en.rpartition(': ')[2]}）；请用 `zhiyu serve` 启动，或指定 --url",
        ) from None
    if reply.status != 200 or reply.json() != {"status": "alive"}:
        raise InputError(f"what answers at {url} is no Zhiyu server", f"{url} 上的服务不是 Zhiyu")


def _stopped(sending: Sending, skip: int, language: str) -> None:
    done = skip + sending.sent.records
    if language == "zh":
        click.echo(f"已有应答的记录 {done:,} 条；继续请用 --skip {done}（从头再发也不会重复计入）", err=True)
    else:
        click.echo(
            f"{done:,} records are answered; go on with --skip {done} (sending all again counts nothing twice)",
            err=True,
        )


def report(sent: Sent, as_json: bool, language: str) -> None:
    """Print what became of the records."""
    if as_json:
        click.echo(json.dumps(sent.to_dict(), ensure_ascii=False))
        return
    zh = language == "zh"
    rate = f"{sent.records:,} 条记录，{sent.seconds:.1f} 秒：每秒 {sent.per_s:,.0f} 条" if zh else (
        f"{sent.records:,} records in {sent.seconds:.1f} s: {sent.per_s:,.0f} a second"
    )  # fmt: skip
    click.echo(rate)
    decided = sent.decided.total()
    if decided:
        mix = ", ".join(f"{name} {count:,}" for name, count in sent.decided.most_common())
        click.echo(f"{'已决策' if zh else 'decided'} {decided:,}: {mix}")
    for words, count in ((("只计入", "counted only"), sent.taken), (("此前已知", "known already"), sent.repeated)):
        if count:
            click.echo(f"{words[not zh]} {count:,}")
    if sent.refused:
        codes = ", ".join(f"{code} {count:,}" for code, count in sent.refused.most_common())
        click.echo(f"{'未接收' if zh else 'refused'} {sent.refused.total():,} ({codes}): {sent.dead_letters}")
    if sent.ids_by_position:
        click.echo(
            "注意：该来源未声明 id，重复发送会重复计入"
            if zh
            else "note: the source declares no id, so sending again would count again",
            err=True,
        )
