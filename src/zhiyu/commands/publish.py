"""`zhiyu publish`: a policy to a running server, or the one before back again; and which one decides there.

In: a policy folder, the address of a server. Out: what the server says of it: in force at once, or counting first, and then how far it is.
The folder is checked here before anything is sent; the server checks again. Exit code 1 when it is refused, or is not in force in time.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.send import require_server
from zhiyu.commands.terminal import language_of, language_option, progress, told

if TYPE_CHECKING:
    from zhiyu.client import Client

_SHOWN = 12
_LOOK_S = 0.5


@click.command()
@click.argument("policy", type=click.Path(path_type=Path), required=False)
@click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where the server listens.")
@click.option(
    "--key", default="", envvar="ZHIYU_API_KEY", help="A key for `policy`; better in ZHIYU_API_KEY, which no list of processes shows."
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would become of it.")
@click.option("--roll-back", is_flag=True, help="Let the policy decide again that decided before.")
@click.option(
    "--stage", type=click.Choice(["shadow", "percentage", "live"]), default="live", show_default=True,
    help="How far: beside the live one, for a share of the keys, or for all.",
)  # fmt: skip
@click.option(
    "--percent", type=click.FloatRange(0, 100, min_open=True, max_open=True), help="With --stage percentage: how many."
)
@click.option(
    "--by", default="", help="With --stage percentage: the field whose values are divided, e.g. the customer."
)
@click.option("--stop", is_flag=True, help="Back from shadow or a share: the live version is alone again.")
@click.option(
    "--wait", "wait_s", default=3_600.0, show_default=True, type=click.FloatRange(0),
    help="Seconds to wait while the policy counts; 0 does not wait.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What the server answered, as one JSON object.")
@language_option
def publish(
    policy: Path | None, url: str, key: str, dry_run: bool, roll_back: bool, stage: str, percent: float | None, by: str, stop: bool,
    wait_s: float, as_json: bool, lang: str | None,
) -> None:  # fmt: skip
    """Publish the POLICY folder on a server; without one, say which policy decides there."""
    from zhiyu.client import Client

    language = language_of(lang)
    with told(language):
        _check(policy, dry_run, roll_back or stop)
        body = _artifact(policy) if policy is not None else b""
        require_server(url, key)
        client = Client(url, key, timeout_s=120.0, tries=1)  # a roll back that is sent twice goes back and forth
        if roll_back:
            answer = _asked(client, "POST", "/v1/policy:rollback", b"", language)
        elif stop:
            answer = _asked(client, "POST", "/v1/policy:stop", b"", language)
        elif policy is not None:
            answer = _asked(client, "POST", f"/v1/policy{_query(dry_run, stage, percent, by)}", body, language)
        else:
            answer = _asked(client, "GET", "/v1/policy", b"", language)
        if answer.get("status") == "warming" and wait_s and stage == "live":
            answer |= _awaited(client, answer["policy"], wait_s, language)
        _print(answer, as_json, language == "zh")


def _check(policy: Path | None, dry_run: bool, roll_back: bool) -> None:
    if roll_back and (policy is not None or dry_run):
        raise InputError(
            "--roll-back takes neither a POLICY nor --dry-run; --stop neither",
            "--roll-back 与 --stop 不能与 POLICY 或 --dry-run 同时使用",
        )
    if dry_run and policy is None:
        raise InputError("--dry-run needs a POLICY folder", "--dry-run 需要给出策略目录")


def _query(dry_run: bool, stage: str, percent: float | None, by: str) -> str:
    given = {
        "dry_run": "true" if dry_run else "", "stage": stage if stage != "live" else "", "by": by,
        "percent": f"{percent:g}" if percent else "",
    }  # fmt: skip
    query = urlencode({name: value for name, value in given.items() if value})
    return f"?{query}" if query else ""


def _artifact(policy: Path) -> bytes:
    from zhiyu.engine.opened import open_policy

    return open_policy(policy).artifact.to_json()


def _asked(client: Client, method: str, path: str, body: bytes, language: str) -> dict[str, Any]:
    """The server's answer. Refused when it says no."""
    from zhiyu.client import Refused

    headers = {"accept-language": language} | ({"content-type": "application/json"} if body else {})
    reply = client.ask(method, path, body, headers)
    found = reply.json()
    if reply.status >= 400 or not isinstance(found, dict):
        problem = found if isinstance(found, dict) else {}
        for each in problem.get("problems", ()):
            click.echo(f"{each.get('file', '')}:{each.get('line', '')}: {each.get('detail', '')}", err=True)
        raise Refused(reply.status, problem)
    return found


def _awaited(client: Client, policy: str, wait_s: float, language: str) -> dict[str, Any]:
    """Wait until the policy is in force. InputError when it is not in time, or was replaced."""
    until = time.monotonic() + wait_s
    with progress() as bar:
        task = bar.add_task("计数" if language == "zh" else "counting", total=1.0)
        while True:
            standing = _asked(client, "GET", "/v1/policy", b"", language)
            if (standing["in_force"] or {}).get("policy") == policy:
                return {"status": "in_force", "release": standing["in_force"]}
            warming = standing["warming"] or {}
            if warming.get("policy") != policy:
                raise InputError("another policy was published meanwhile", "期间已发布了另一策略")
            bar.update(task, completed=warming["progress"])
            if time.monotonic() >= until:
                done = f"{warming['progress']:.0%}"
                raise InputError(
                    f"the policy is still counting ({done}); it comes into force by itself, `zhiyu publish` says how far it is",
                    f"策略仍在计数（{done}）；完成后自动生效，可用 `zhiyu publish` 查看进度",
                )
            time.sleep(_LOOK_S)


def _print(answer: dict[str, Any], as_json: bool, zh: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for warning in answer.get("warnings", ()):
        click.echo(f"{'提示' if zh else 'warning'}: {warning.get('detail', '')}", err=True)
    click.echo("\n".join(_standing(answer, zh) if "in_force" in answer else [became(answer, zh)]))


def became(answer: dict[str, Any], zh: bool) -> str:
    """What became of a policy, in one line."""
    named = f"{answer['name']} {answer['policy'][:_SHOWN]}"
    if answer["status"] == "checked":
        if answer["at_once"]:
            return f"{named}：检查通过；发布后立即生效" if zh else f"{named}: checked; it would be in force at once"
        why = answer["why"]
        return (
            f"{named}：检查通过；发布后需先计数（{why}）" if zh else f"{named}: checked; it would count first, as {why}"
        )
    if answer["status"] == "warming":
        return f"{named}：正在计数（{answer['why']}）" if zh else f"{named}: counting first, as {answer['why']}"
    if answer["status"] == "shadow":
        position = f"{answer['position']:,}"
        return (
            f"{named}：自位置 {position} 起影子运行，不影响决策"
            if zh
            else f"{named}: in shadow from position {position} on; it changes nothing"
        )
    if answer["status"] == "draft":
        number = answer["proposal"]
        return (
            f"{named}：已存为提案 {number}（草稿）；提交后由他人审批"
            if zh
            else f"{named}: kept as proposal {number}, a draft; submit it, and somebody else approves it"
        )
    release = answer["release"]
    number, position = release["number"], f"{release['position']:,}"
    if "percent" in answer:
        share, field = answer["percent"], answer["by"]
        return (
            f"{named}：自位置 {position} 起对 {field} 的 {share}% 生效（第 {number} 次发布）"
            if zh
            else f"{named}: in force for {share}% of {field} from position {position} on, release {number}"
        )
    return (
        f"{named}：自位置 {position} 起生效（第 {number} 次发布）"
        if zh
        else f"{named}: in force from position {position} on, release {number}"
    )


def _standing(answer: dict[str, Any], zh: bool) -> list[str]:
    """Which policy decides, which did before, which counts."""
    words = {"in_force": ("in force", "生效"), "previous": ("before", "此前"), "warming": ("counting", "计数中")}
    lines = []
    for key, (en, chinese) in words.items():
        each = answer[key]
        if each is None:
            continue
        told = f"{each.get('name', '')} {each['policy'][:_SHOWN]}".strip()
        more = (
            f"{each['progress']:.0%}"
            if key == "warming"
            else f"@ {each['position']:,} {each.get('at', '')} {each['by']}"
        )
        lines.append(f"{chinese if zh else en}: {told} {more}".rstrip())
    beside = answer.get("beside")
    if beside is not None:
        lines += _beside(beside, zh)
    return lines


def _beside(beside: dict[str, Any], zh: bool) -> list[str]:
    """The version in shadow, or with a share, and what both came to since."""
    stage = {"shadow": ("in shadow", "影子"), "percentage": ("for a share", "按比例")}[beside["stage"]][zh]
    share = f" {beside['percent']}% / {beside['by']}" if beside["stage"] == "percentage" else ""
    lines = [f"{stage}: {beside['name']} {beside['policy'][:_SHOWN]}{share} @ {beside['since']:,}"]
    for side, en, chinese in (("live", "live", "现行"), ("next", "next", "新版")):
        told = beside[side]
        outcomes = ", ".join(
            f"{name} {each['share']:.1%}" for name, each in told["outcomes"].items() if each["decisions"]
        )
        count, alerts = f"{told['decisions']:,}", f"{told['alerts']:,}"
        lines.append(
            f"  {chinese}：{count} 个决策，{alerts} 个非通过（{outcomes}）"
            if zh
            else f"  {en}: {count} decisions, {alerts} not passed ({outcomes})"
        )
    return lines
