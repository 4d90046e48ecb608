"""`zhiyu forget`: erase a person from the network of a running server, or un-link a thing that was wrongly shared.

In: the address of a server, whom or what. Out: how many events of the window mention them no more. Without --yes it only counts.
"""

from __future__ import annotations

import json

import click

from zhiyu.commands.terminal import language_of, language_option, told


@click.command()
@click.argument("what", metavar="WHAT")
@click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where the server listens.")
@click.option("--key", default="", envvar="ZHIYU_API_KEY", help="The key (permission lists); better in ZHIYU_API_KEY.")
@click.option("--reason", default="", help="Why; it stands in the log.")
@click.option("--yes", is_flag=True, help="Do it; without, it is only counted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@language_option
def forget(what: str, url: str, key: str, reason: str, yes: bool, as_json: bool, lang: str | None) -> None:
    """Erase WHAT from the network from the next event on: person:ID, or a thing such as phone:13800138000 that changed hands.

    A person's events leave the components, cores and gangs; a thing links nobody by what was before, and links anew from now on. Decisions
    that were made stay as they are, and can be decided again as they were.
    """
    from zhiyu.base.errors import InputError
    from zhiyu.client import Client
    from zhiyu.commands.send import require_server

    language = language_of(lang)
    with told(language):
        require_server(url, key)
        body = json.dumps({"what": what, "reason": reason, "dry_run": not yes}, ensure_ascii=False).encode()
        reply = Client(url, key, timeout_s=30.0).ask("POST", "/v1/network:forget", body, {"accept-language": language})
        found = reply.json()
        if reply.status != 200:
            raise InputError(found["detail_en"], found["detail_zh"])
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            return
        events, zh = found["events"], language == "zh"
        if yes:
            click.echo(
                f"已从关系网络移除：{events:,} 个事件不再提及"
                if zh
                else f"forgotten: {events:,} events mention it no more"
            )
        else:
            said = f"窗口内有 {events:,} 个事件提及；加 --yes 执行"
            click.echo(said if zh else f"{events:,} events of the window mention it; add --yes to forget it")
