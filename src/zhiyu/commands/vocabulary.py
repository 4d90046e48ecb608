"""`zhiyu vocabulary`: the words of a loan's life, all types, one type, or as JSON Schema.

In: a type, or none. Out: a table; with `--schema` one schema on standard output, or a file per type with `--out`.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.commands.terminal import language_of, language_option, told
from zhiyu.events.vocabulary import FIELDS, TYPES, Term, Word, event_type, json_schema
from zhiyu.events.vocabulary.types import STAGES
from zhiyu.events.vocabulary.words import about_field


@click.command()
@click.argument("type_name", metavar="[TYPE]", required=False)
@click.option("--schema", is_flag=True, help="A JSON Schema: of TYPE, or of every type.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=None, help="With --schema: a folder, one file per type."
)
@language_option
def vocabulary(type_name: str | None, schema: bool, out: Path | None, lang: str | None) -> None:
    """Show the event types of a loan's life, or the fields of TYPE. A policy uses them with `events: {use: loan}`."""
    language = language_of(lang)
    with told(language):
        if type_name is not None and type_name not in TYPES:
            hint = did_you_mean(type_name, TYPES) or Hint(f"types: {', '.join(TYPES)}", f"类型：{'、'.join(TYPES)}")
            raise InputError(
                f"the vocabulary has no type '{type_name}'; {hint.en}", f"词汇表没有类型“{type_name}”；{hint.zh}"
            )
        chosen = [type_name] if type_name else list(TYPES)
        if schema:
            _schemas(chosen, out, whole=type_name is None, zh=language == "zh")
        elif out is not None:
            raise InputError("--out writes schemas; add --schema", "--out 用于写出 schema；请加 --schema")
        elif type_name:
            _one(TYPES[type_name], language == "zh")
        else:
            _all(language == "zh")


def _schemas(names: list[str], out: Path | None, whole: bool, zh: bool) -> None:
    made = {name: json_schema(event_type(name)) for name in names}
    if out is None:
        click.echo(json.dumps(made if whole else made[names[0]], ensure_ascii=False, indent=2))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, found in made.items():
        (out / f"{name}.schema.json").write_text(
            json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    click.echo(f"已写入 {len(made)} 个 schema 到 {out}" if zh else f"wrote {len(made)} schemas to {out}")


def _all(zh: bool) -> None:
    heads = (
        ("类型", "名称", "阶段", "决策", "风险金额", "含义")
        if zh
        else ("type", "name", "stage", "decided", "money", "meaning")
    )
    table = Table(box=None)
    for head in heads:
        table.add_column(head, no_wrap=head in ("type", "类型", "阶段", "stage"))
    for word in TYPES.values():
        decided = ("是" if zh else "yes") if word.decide else ""
        table.add_row(
            word.name,
            word.zh if zh else word.en,
            STAGES[word.stage][zh],
            decided,
            word.money,
            word.says_zh if zh else word.says_en,
        )
    Console().print(table)


def _one(word: Word, zh: bool) -> None:
    console = Console()
    console.print(
        f"[bold]{word.name}[/] {escape(word.zh if zh else word.en)}: {escape(word.says_zh if zh else word.says_en)}"
    )
    table = Table(
        *(("字段", "名称", "类型", "必填", "含义") if zh else ("field", "name", "type", "required", "meaning")),
        box=None,
    )
    for name in word.fields:
        term: Term = FIELDS[name]
        needed = ("是" if zh else "yes") if name in word.required else ""
        kind = escape(about_field(term, zh))
        table.add_row(name, term.field.zh if zh else term.field.en, kind, needed, escape(term.zh if zh else term.en))
    console.print(table)
