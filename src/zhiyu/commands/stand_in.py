"""`zhiyu stand-in`: services that a policy asks, played on this machine.

In: a policy folder, what to say (optional). Out: a server on loopback until Ctrl-C; the file for `zhiyu serve --services`.
"""

from __future__ import annotations

import socket
from pathlib import Path

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, require_server, told

_FILE = click.Path(path_type=Path)


@click.command("stand-in")
@click.option("--policy", "-p", required=True, type=_FILE, help="The policy folder whose services are played.")
@click.option(
    "--answers", type=_FILE, default=None, help="What to say when, in YAML; else anything of the declared form."
)
@click.option("--port", default=8430, show_default=True, type=click.IntRange(0, 65_535), help="0 takes any free one.")
@click.option("--seed", default=0, show_default=True, help="Other answers to the same questions.")
@click.option("--write", type=_FILE, default=None, help="Write the file for `zhiyu serve --services` here.")
@language_option
def stand_in(policy: Path, answers: Path | None, port: int, seed: int, write: Path | None, lang: str | None) -> None:
    """Play the services outside that a policy asks: the same question always gets the same answer."""
    language = language_of(lang)
    with told(language):
        require_server("uvicorn")
        import uvicorn

        from zhiyu.outside.stand_in import StandIn, read_cases
        from zhiyu.policy.load import load_policy

        services = load_policy(policy).policy.services
        if not services:
            raise InputError(f"the policy in {policy} asks no services", f"{policy} 中的策略不查询外部服务")
        app = StandIn(services, read_cases(answers, services) if answers is not None else None, seed)
        listener = _bound(port)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if write is not None:
            write.write_text("".join(f"{each.name}: {{url: '{url}/{each.name}'}}\n" for each in services), "utf-8")
        click.echo("\n".join(_started(url, [each.name for each in services], write, language)), err=True)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
        uvicorn.Server(config).run([listener])


def _bound(port: int) -> socket.socket:
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
