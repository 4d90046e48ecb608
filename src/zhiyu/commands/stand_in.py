"""`zhiyu stand-in`: services that a policy asks, played on this machine.

In: a policy folder, what to say (optional). Out: a server on loopback until Ctrl-C; the file for `zhiyu serve --services`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, require_server, told

if TYPE_CHECKING:
    from zhiyu.outside.stand_in import StandIn
    from zhiyu.policy.declare_services import Service

_FILE = click.Path(path_type=Path)
_ENDS_S = 5.0


@click.command("stand-in")
@click.option("--policy", "-p", required=True, type=_FILE, help="The policy folder whose services are played.")
@click.option(
    "--answers", type=_FILE, default=None, help="What to say when, in YAML; else anything of the declared form."
)
@click.option(
    "--knows",
    type=_FILE,
    default=None,
    help="A folder of `zhiyu simulate --policy`: tell the truth about its people.",
)
@click.option("--port", default=8430, show_default=True, type=click.IntRange(0, 65_535), help="0 takes any free one.")
@click.option("--seed", default=0, show_default=True, help="Other answers to the same questions.")
@click.option("--write", type=_FILE, default=None, help="Write the file for `zhiyu serve --services` here.")
@language_option
def stand_in(
    policy: Path, answers: Path | None, knows: Path | None, port: int, seed: int, write: Path | None, lang: str | None
) -> None:
    """Play the services outside that a policy asks: the same question always gets the same answer."""
    language = language_of(lang)
    with told(language):
        require_server("uvicorn")
        import uvicorn

        from zhiyu.outside.facts import read_facts
        from zhiyu.outside.stand_in import StandIn, read_cases
        from zhiyu.policy.load import load_policy

        services = load_policy(policy).policy.services
        if not services:
            raise InputError(f"the policy in {policy} asks no services", f"{policy} 中的策略不查询外部服务")
        cases = read_cases(answers, services) if answers is not None else None
        app = StandIn(services, cases, seed, read_facts(knows) if knows is not None else None)
        listener = bound(port)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if write is not None:
            write.write_text(services_file(url, services), "utf-8")
        click.echo("\n".join(_started(url, [each.name for each in services], write, language)), err=True)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
        uvicorn.Server(config).run([listener])


@contextmanager
def standing_in(services: Sequence[Service]) -> Iterator[tuple[StandIn, str]]:
    """A stand-in in a thread of this process, on any free port of loopback; gives the app and its address."""
    import uvicorn

    from zhiyu.outside.stand_in import StandIn

    app, listener = StandIn(services), bound(0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],), name="zhiyu-stand-in", daemon=True)
    thread.start()
    try:
        yield app, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_ENDS_S)


def services_file(url: str, services: Sequence[Service]) -> str:
    """What `zhiyu serve --services` reads, for a stand-in at `url`."""
    return "".join(f"{each.name}: {{url: '{url}/{each.name}'}}\n" for each in services)


def bound(port: int) -> socket.socket:
    """A socket on loopback; InputError when the port is taken."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
    except OSError as wrong:
        found.close()
        raise InputError(
            f"cannot listen on port {port}: {wrong.strerror}; choose another --port",
            f"无法监听端口 {port}：{wrong.strerror}；请更换 --port",
        ) from None
    return found


def _started(url: str, names: list[str], write: Path | None, language: str) -> list[str]:
    if language == "zh":
        lines = [
            f"扮演外部服务：{'、'.join(names)}；监听 {url}",
            f'改变行为：PUT {url}/-/{names[0]} {{"mode": "down"}}',
        ]
        return [*lines, f"服务地址已写入 {write}"] if write is not None else lines
    lines = [f"standing in for {', '.join(names)} at {url}", f'to misbehave: PUT {url}/-/{names[0]} {{"mode": "down"}}']
    return [*lines, f"for zhiyu serve --services: {write}"] if write is not None else lines
