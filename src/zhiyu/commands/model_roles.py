"""`zhiyu models add | promote | challenge | shadow | retire`: who speaks in the matrix, in a policy folder or on a server that runs.

In: a model, its cell; `--policy FOLDER` or `--url SERVER`. Out: what changed, in sentences, or what the server answered. A server releases
the changed policy: it decides from a position of the log on, and can be rolled back like any release.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, told

_PATH = click.Path(path_type=Path)


def _where(command: Any) -> Any:
    for option in (
        click.option("--cell", default="", help="The cell (default: the one the model stands in)."),
        click.option(
            "--policy", "-p", type=_PATH, default=None, help="A policy folder; its matrix stands in a file of its own."
        ),
        click.option("--url", default="", help="A server that runs, e.g. http://127.0.0.1:8420."),
        click.option("--key", envvar="ZHIYU_API_KEY", default="", help="The key; better in ZHIYU_API_KEY."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        language_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("package", type=_PATH)
@click.option("--name", default="", help="Name in the policy (default: that of the file).")
@_where
def add(package: Path, name: str, cell: str, lang: str | None, **where: Any) -> None:
    """A new PACKAGE, in shadow in a cell: it scores and is recorded, and does not speak."""
    from zhiyu.policy.declare_models import Model
    from zhiyu.policy.model_roles import added

    with told(language_of(lang)):
        if not package.is_file():
            raise InputError(f"no model package at '{package}'", f"没有模型包“{package}”")
        content = package.read_bytes()
        name = name or package.stem
        body = {"name": name, "cell": cell, "package": _as_json(content)}
        model = Model(name=name, package=content.decode())
        _do(
            lambda policy: added(policy, model, cell),
            ("POST", "/v1/models", body),
            lang,
            packages={name: content},
            **where,
        )


@click.command()
@click.argument("model")
@_where
def promote(model: str, cell: str, lang: str | None, **where: Any) -> None:
    """MODEL speaks in its cell from now on; the champion so far goes on in shadow."""
    from zhiyu.policy.model_roles import promoted

    with told(language_of(lang)):
        _do(lambda policy: promoted(policy, model, cell), _asks(model, "promote", cell=cell), lang, **where)


@click.command()
@click.argument("model")
@click.option("--percent", required=True, help="Of the values of `by`, e.g. 10 or 2.5.")
@click.option("--by", default="", help="The field whose value decides who speaks (default: the cell's).")
@_where
def challenge(model: str, percent: str, by: str, cell: str, lang: str | None, **where: Any) -> None:
    """MODEL speaks in place of the champion for a stable share of the values."""
    from zhiyu.policy.model_roles import challenging

    with told(language_of(lang)):
        request = _asks(model, "challenge", cell=cell, percent=percent, by=by)
        _do(lambda policy: challenging(policy, model, percent, cell, by), request, lang, **where)


@click.command()
@click.argument("model")
@_where
def shadow(model: str, cell: str, lang: str | None, **where: Any) -> None:
    """MODEL scores and is recorded, and no longer speaks."""
    from zhiyu.policy.model_roles import shadowed

    with told(language_of(lang)):
        _do(lambda policy: shadowed(policy, model, cell), _asks(model, "shadow", cell=cell), lang, **where)


@click.command()
@click.argument("model")
@_where
def retire(model: str, cell: str, lang: str | None, **where: Any) -> None:
    """MODEL leaves all cells and the policy; a champion cannot."""
    from zhiyu.policy.model_roles import retired

    with told(language_of(lang)):
        if cell:
            raise InputError(
                "a model is retired from all cells; leave --cell out", "模型将从所有单元退役；请去掉 --cell"
            )
        _do(lambda policy: retired(policy, model), _asks(model, "retire"), lang, **where)


COMMANDS = (add, promote, challenge, shadow, retire)


def _asks(model: str, action: str, **body: str) -> tuple[str, str, dict[str, Any]]:
    return (
        "POST",
        f"/v1/models/{quote(model, safe='')}:{action}",
        {name: value for name, value in body.items() if value},
    )


def _do(
    change: Callable[[Any], Any], request: tuple[str, str, dict[str, Any]], lang: str | None, *, policy: Path | None, url: str, key: str,
    as_json: bool, packages: dict[str, bytes] | None = None,
) -> None:  # fmt: skip
    language = language_of(lang)
    if (policy is None) == (not url):
        raise InputError(
            "give --policy FOLDER or --url SERVER, one of them", "请给出 --policy 目录 或 --url 服务地址，二选一"
        )
    if policy is None:
        said = of_server(url, key, request)
        words = {"in_force": ("in force", "已生效"), "warming": ("counting from the log first", "先从日志补算")}
        line = f"{words.get(said['status'], ('', ''))[language == 'zh']}: {said['policy'][:12]}"
    else:
        said = _in_folder(policy, change, packages)
        line = "\n".join(each[language] for each in said["changes"])
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else line)


def _in_folder(folder: Path, change: Callable[[Any], Any], packages: dict[str, bytes] | None) -> dict[str, Any]:
    from zhiyu.evaluation.model_folder import write_matrix
    from zhiyu.policy.artifact import artifact_of
    from zhiyu.policy.diff import diff_policies
    from zhiyu.policy.load import load_policy

    loaded = load_policy(folder)
    wanted = change(loaded.policy)
    difference = diff_policies(loaded.policy, wanted)
    path = write_matrix(folder, loaded, wanted, packages)
    changes = [{"en": each.en, "zh": each.zh} for each in difference.changes]
    return {"file": str(path), "policy": artifact_of(wanted).hash, "changes": changes}


def of_server(url: str, key: str, request: tuple[str, str, dict[str, Any] | None]) -> dict[str, Any]:
    """What a server answers to (method, path, JSON body or None); InputError with what it says when it refuses."""
    from zhiyu.client import Client, Unavailable
    from zhiyu.commands.send import require_server

    require_server(url, key)
    method, path, body = request
    try:
        reply = Client(url, key, timeout_s=60.0).ask(method, path, b"" if body is None else json.dumps(body).encode())
    except Unavailable as gone:
        raise InputError(gone.en, gone.zh) from None
    answer: dict[str, Any] = reply.json()
    if reply.status != 200:
        raise InputError(
            answer.get("detail_en", f"the server answered {reply.status}"),
            answer.get("detail_zh", f"服务返回 {reply.status}"),
        )
    return answer


def _as_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise InputError("not a model package: it is no JSON", "不是可用的模型包：不是 JSON") from None
