"""`zhiyu serve`: decide over HTTP, durably, on one machine.

In: a policy folder, a data folder, where to listen, how it is protected. Out: a few lines on standard error about what runs, then log
lines in JSON; ends with exit code 0 after SIGTERM or Ctrl-C, when everything taken is on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, require_server, told, warm_kernels

if TYPE_CHECKING:
    from zhiyu.access.gate import Gate, OpenGate, SignInGate
    from zhiyu.access.sign_on_file import Provider
    from zhiyu.engine.live import Live
    from zhiyu.engine.opened import Opened
    from zhiyu.outside.endpoints import Endpoint
    from zhiyu.server.running import Plan
    from zhiyu.server.site import Site
    from zhiyu.server.staff import Staff

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--policy", "-p", required=True, type=_FILE, help="The policy folder.")
@click.option("--data", "-d", required=True, type=_FILE, help="Where logs and snapshots are, a folder per tenant.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; anything but loopback needs --keys and TLS.",
)
@click.option("--port", default=8420, show_default=True, type=click.IntRange(0, 65_535), help="0 takes any free one.")
@click.option(
    "--clock",
    default="wall",
    show_default=True,
    type=click.Choice(["wall", "events"]),
    help="events: time is that of the events, as in a replay.",
)
@click.option(
    "--tenant",
    "tenants",
    multiple=True,
    default=("default",),
    show_default=True,
    help="Whose events are taken; may be repeated.",
)
@click.option("--keys", type=_FILE, default=None, help="The file of keys (see `zhiyu keys`).")
@click.option("--people", is_flag=True, help="People may sign in (see `zhiyu people`); everybody else needs a key.")
@click.option(
    "--records",
    default=None,
    envvar="ZHIYU_RECORDS",
    help="Database of people and their work: postgresql://… (default: ZHIYU_RECORDS, else records.db in the data folder).",
)
@click.option(
    "--sign-on",
    type=_FILE,
    default=None,
    help="Identity providers, with --people (OpenID Connect; see docs/people.md).",
)
@click.option("--queues", type=_FILE, default=None, help="The queues of cases, with --people (see docs/cases.md).")
@click.option(
    "--vault-key",
    type=_FILE,
    default=None,
    help="Keep personal values in a vault, under the master keys of this file (see `zhiyu vault`).",
)
@click.option("--tls-cert", type=_FILE, default=None, help="Certificate chain, PEM.")
@click.option("--tls-key", type=_FILE, default=None, help="Its private key, PEM.")
@click.option("--insecure-no-tls", is_flag=True, help="Not on loopback without TLS: something in front of it ends TLS.")
@click.option(
    "--services", type=_FILE, default=None, help="Where the services are that the policy asks (see docs/calls.md)."
)
@click.option(
    "--hourly",
    type=click.IntRange(0, 168),
    default=0,
    metavar="HOURS",
    help="Report on the live variables every hour, that many hours in full (24 is a day); 0 makes no reports.",
)
@click.option(
    "--metrics/--no-metrics",
    default=True,
    help="Count metrics by minute and dimension, for GET /v1/metrics/query (default: yes).",
)
@click.option(
    "--monitoring",
    type=_FILE,
    default=None,
    help="Reports on the metrics, each made when its hour, day, week or month has ended (see docs/metrics.md).",
)
@click.option(
    "--max-wait-ms",
    default=100,
    show_default=True,
    type=click.IntRange(1, 60_000),
    help="Expected wait from which on requests get 429.",
)
@click.option(
    "--segment-bytes", default=64 << 20, hidden=True, type=click.IntRange(4_096), help="Size of one file of the log."
)
@click.option(
    "--snapshot-events", default=1_000_000, hidden=True, type=click.IntRange(1), help="Events between snapshots."
)
@click.option(
    "--watch-models",
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="How often drift of the models is looked at, where the policy declares the event type model_drift; 0s: never.",
)
@click.option(
    "--require-backtest",
    is_flag=True,
    help="Policies that people propose need a backtest before they can be submitted.",
)
@click.option(
    "--private-webhooks", is_flag=True, help="Webhooks may lead to private addresses, where they say so themselves."
)
@click.option("--log-all", is_flag=True, help="A log line for every request, not only for those that fail.")
@language_option
def serve(
    policy: Path, data: Path, host: str, port: int, clock: Literal["wall", "events"], tenants: tuple[str, ...], keys: Path | None,
    tls_cert: Path | None, tls_key: Path | None, insecure_no_tls: bool, max_wait_ms: int, log_all: bool, lang: str | None,
    segment_bytes: int, snapshot_events: int, people: bool, records: str | None, services: Path | None,
    queues: Path | None, vault_key: Path | None, hourly: int, metrics: bool, monitoring: Path | None, watch_models: str,
    require_backtest: bool, private_webhooks: bool, sign_on: Path | None,
) -> None:  # fmt: skip
    """Serve decisions over HTTP: everything in one process, on disk before it is answered."""
    language = language_of(lang)
    with told(language):
        require_server("fastapi", "uvicorn", "uvloop")
        from zhiyu.access.exposure import check_exposure
        from zhiyu.base.errors import InputError
        from zhiyu.engine.opened import open_policy
        from zhiyu.evaluation.cube.declared import read_declared
        from zhiyu.evaluation.replay import parse_delay
        from zhiyu.outside.asking import Asker
        from zhiyu.outside.endpoints import NOWHERE, read_endpoints
        from zhiyu.server.running import Plan, bound, run
        from zhiyu.server.settings import Settings
        from zhiyu.server.tracing import exporting, require

        require(os.environ)
        watch_s = parse_delay(watch_models) / 1000
        if monitoring is not None and not metrics:
            raise InputError(
                "--monitoring needs the metrics; leave out --no-metrics",
                "--monitoring 需要指标统计；请去掉 --no-metrics",
            )
        check_exposure(host, keys is not None or people, tls_cert, tls_key, insecure_no_tls)
        gate = _gate(keys, tenants, people)
        opened = {tenant: open_policy(policy, tenant) for tenant in tenants}
        if vault_key is not None:
            _check_vault(vault_key)
        opens = {
            tenant: _opener(each, data, clock, segment_bytes, snapshot_events, vault_key)
            for tenant, each in opened.items()
        }
        declared = [service.name for service in opened[tenants[0]].policy.services]
        endpoints = read_endpoints(services, declared) if services is not None else NOWHERE
        sock = bound(host, port)
        warm_kernels(language)
        tls = (tls_cert, tls_key) if tls_cert and tls_key else None

        def ready(site: Site) -> None:
            lines = _started(site, plan, sock.getsockname(), host, language)
            click.echo("\n".join([*lines, *_unreachable(declared, endpoints, language)]), err=True)

        plan = Plan(
            opens,
            gate,
            Settings(
                max_wait_s=max_wait_ms / 1000, require_backtest=require_backtest, private_webhooks=private_webhooks
            ),
            tls,
            log_all,
            ready=ready,
            watch_s=watch_s,
            asker=lambda: Asker(endpoints),
            hourly=hourly or None,
            metrics=metrics,
            monitored=read_declared(monitoring) if monitoring is not None else None,
            tls_in_front=insecure_no_tls,
            providers=_providers(sign_on, people, tenants),
            staff=_staff(data, records, tenants, queues) if people else None,
            tracing=lambda lines: exporting(os.environ, lines),
        )
        run(plan, [sock])


def _staff(data: Path, records: str | None, tenants: tuple[str, ...], queues: Path | None) -> Callable[[], Staff]:
    require_server("sqlalchemy", "argon2", "jwt", "cryptography")
    from zhiyu.cases.queues import read_queues
    from zhiyu.engine.opened import tenant_key
    from zhiyu.records.store import Records, url_of
    from zhiyu.server.staff import Staff

    declared = read_queues(queues)
    opened = Records(url_of(data, records), patient=True)
    return lambda: Staff(opened, {tenant: tenant_key(tenant) for tenant in tenants}, declared=declared)


def _providers(path: Path | None, people: bool, tenants: tuple[str, ...]) -> tuple[Provider, ...]:
    if path is None:
        return ()
    if not people:
        raise InputError("--sign-on goes with --people", "--sign-on 须与 --people 一起使用")
    from zhiyu.access.sign_on_file import read_providers

    return read_providers(path, tenants)


def _gate(keys: Path | None, tenants: tuple[str, ...], people: bool) -> Gate | OpenGate | SignInGate:
    from zhiyu.access.gate import Gate, OpenGate, SignInGate

    if keys is not None:
        return Gate(keys)
    if people:
        return SignInGate()
    if len(tenants) > 1:
        raise InputError(
            "without --keys nothing tells the tenants apart; give --keys, or one --tenant",
            "未启用密钥时无法区分租户；请指定 --keys，或只指定一个 --tenant",
        )
    return OpenGate(tenants[0])


def _unreachable(declared: list[str], endpoints: Mapping[str, Endpoint], language: str) -> list[str]:
    """Services that the policy asks and nobody said where they are."""
    missing = [name for name in declared if name not in endpoints]
    if not missing:
        return []
    if language == "zh":
        return [f"未配置的外部服务（每次查询都按失败处理）：{'、'.join(missing)}；见 --services"]
    return [f"services without an address, every call of them fails: {', '.join(missing)}; see --services"]


def _check_vault(masters: Path) -> None:
    """InputError when the file of master keys cannot be used, before anything is opened."""
    require_server("cryptography")
    from zhiyu.access.vault_keys import read_masters

    read_masters(masters)


def _opener(
    opened: Opened, data: Path, clock: Literal["wall", "events"], segment_bytes: int, snapshot_events: int, vault_key: Path | None
) -> Callable[[], Live]:  # fmt: skip
    from zhiyu.engine.live import Live

    return lambda: Live(
        data / opened.tenant, opened, clock=clock, segment_bytes=segment_bytes, snapshot_events=snapshot_events, vault_key=vault_key
    )  # fmt: skip


def _started(site: Site, plan: Plan, address: Any, host: str, language: str) -> list[str]:
    """What runs, in a few lines."""
    zh = language == "zh"
    shown = "localhost" if host == "localhost" else f"[{address[0]}]" if ":" in address[0] else address[0]
    url = f"{'https' if plan.tls else 'http'}://{shown}:{address[1]}"
    lines = [f"{'监听' if zh else 'listening on'} {url}  ({'接口文档' if zh else 'API docs'} {url}/docs)"]
    for tenant, desk in site.desks.items():
        lines.append(
            f"{tenant}: {'策略版本' if zh else 'policy'} {desk.live.opened.artifact.hash[:12]}; {_recovered(desk.live, zh)}"
        )
    return [*lines, _protection(plan, zh)]


def _recovered(live: Live, zh: bool) -> str:
    if not live.position:
        return "新建，尚无事件" if zh else "new, no events yet"
    found = live.recovered
    cut = ""
    if found.cut_off:
        cut = (
            f"，截去未写完的 {found.cut_off:,} 字节"
            if zh
            else f", {found.cut_off:,} bytes of an unfinished write cut off"
        )
    if zh:
        return f"已恢复至位置 {live.position:,}（快照 {found.snapshot:,}，回放 {found.events:,} 个事件，{found.seconds:.1f} 秒{cut}）"
    took = f"snapshot {found.snapshot:,}, {found.events:,} events replayed, {found.seconds:.1f} s{cut}"
    return f"recovered to position {live.position:,} ({took})"


def _protection(plan: Plan, zh: bool) -> str:
    from zhiyu.access.gate import OpenGate, SignInGate

    if isinstance(plan.gate, OpenGate):
        return (
            "保护：仅限本机，未启用密钥"
            if zh
            else "protected by: loopback only, no keys; anyone on this machine may use it"
        )
    tls = ("，TLS" if plan.tls else "，无 TLS") if zh else (", TLS" if plan.tls else ", no TLS here")
    signs_in = ("登录" if zh else "sign-in") if plan.staff is not None else ""
    keys = ("密钥" if zh else "keys") if not isinstance(plan.gate, SignInGate) else ""
    by = ("与" if zh else " and ").join(each for each in (keys, signs_in) if each)
    return f"{'保护：' if zh else 'protected by: '}{by}{tls}"
