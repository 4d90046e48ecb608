"""`zhiyu init`: a policy to begin with: the small starter, or one for a data file of one's own.

In: a folder; a file to look at and what is known of it. Out: a policy folder, and a table of what was guessed.
"""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhiyu.base.errors import InputError
from zhiyu.commands.terminal import language_of, language_option, told

if TYPE_CHECKING:
    from zhiyu.evaluation.first_look.look import Looked

_PATH = click.Path(path_type=Path)
FEW_LABELS = 20_000
"""Fewer labelled records than this are worth trying several kinds of models on."""


@click.command()
@click.argument("folder", type=_PATH)
@click.option(
    "--from",
    "file",
    type=_PATH,
    default=None,
    help="A data file (.csv, .tsv, .txt, .json, .ndjson, .parquet) to write the policy for.",
)
@click.option(
    "--label", default="", metavar="COLUMN", help="The column that says what turned out to be fraud (default: guessed)."
)
@click.option("--labels", type=_PATH, default=None, help="Labels in a file of their own, with columns id and fraud.")
@click.option("--fraud", multiple=True, metavar="VALUE", help="What stands there for fraud (default: guessed).")
@click.option(
    "--label-delay",
    default="",
    metavar="TIME",
    help="How long a label takes to arrive (default: 7d, less in a short file, 0s without a time).",
)
@click.option(
    "--time",
    default="",
    metavar="COLUMN",
    help="When it happened; `none` for a table without a time (default: guessed).",
)
@click.option("--id", "event_id", default="", metavar="COLUMN", help="What tells records apart (default: guessed).")
@click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="COLUMN",
    help="Who or what is involved: a customer, a card (default: guessed).",
)
@click.option("--money", default="", metavar="COLUMN", help="How much is at stake (default: guessed).")
@click.option(
    "--without", multiple=True, metavar="COLUMN", help="A column to leave out, such as one written after the outcome."
)
@click.option("--event", default="event", show_default=True, help="What an event is called.")
@click.option("--currency", default="CNY", show_default=True, help="Currency of the money.")
@click.option(
    "--timezone", default="UTC", show_default=True, help="Zone of times without an offset, e.g. Asia/Shanghai."
)
@click.option("--encoding", default="", help="Encoding of a CSV file (default: guessed).")
@click.option("--delimiter", default="", help="Delimiter of a CSV file (default: guessed).")
@language_option
def init(folder: Path, file: Path | None, lang: str | None, **known: Any) -> None:
    """Write a small working policy, with sample events, into FOLDER (new or empty); or one for your own data with --from FILE.

    With --from, the file is looked at: encoding, delimiter, kinds of its columns, time, id, label, entities. The folder then reads it,
    counts what is worth counting, and is yours to change.
    """
    language = language_of(lang)
    with told(language):
        if file is None:
            _starter(folder, language)
            return
        from zhiyu.evaluation.first_look.draft import Wanted
        from zhiyu.evaluation.first_look.look import look_at, write
        from zhiyu.evaluation.first_look.roles import Said
        from zhiyu.evaluation.labels import LabelFile

        name = re.sub(r"\W+", "_", folder.resolve().name).strip("_").lower() or "policy"
        if known["labels"] is not None:
            LabelFile(known["labels"])  # says what is wrong with it now, not at the first replay
        said = Said(
            known["label"],
            known["fraud"],
            known["time"],
            known["event_id"],
            known["entities"],
            known["money"],
            known["without"],
            known["labels"] is not None,
        )
        wanted = Wanted(name, known["event"], known["currency"].upper(), known["timezone"], known["label_delay"])
        looked = look_at(file, said, wanted, known["encoding"], known["delimiter"])
        write(looked, folder)
        click.echo("\n".join(_said(looked, file, folder, known["labels"], language == "zh")))


def _starter(folder: Path, language: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' is not empty; choose a new folder", f"“{folder}”不是空目录；请选择新目录")
    starter = resources.files("zhiyu.policy") / "starter"
    with resources.as_file(starter) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))
    made = ", ".join(sorted(path.name for path in folder.iterdir()))
    if language == "zh":
        click.echo(
            f"已写入 {folder}：{made}\n下一步：zhiyu check {folder} && zhiyu replay {folder}/events.ndjson --policy {folder}"
        )
    else:
        click.echo(
            f"wrote {folder}: {made}\nnext: zhiyu check {folder} && zhiyu replay {folder}/events.ndjson --policy {folder}"
        )


def _said(looked: Looked, file: Path, folder: Path, labels: Path | None, zh: bool) -> list[str]:
    """What was guessed, column by column, and what to do next."""
    sample, roles, draft = looked.sample, looked.roles, looked.draft
    rows = f"{sample.rows:,}"
    written = ", ".join(f"{key} {value!r}" for key, value in sample.written.items() if key != "columns")
    part = "" if sample.whole else ("（只看了开头）" if zh else " (its beginning)")
    lines = [
        f"{file}：{rows} 条记录{part}，{len(looked.shapes)} 列 {written}"
        if zh
        else f"{file}: {rows} records{part}, {len(looked.shapes)} columns {written}",
        "",
    ]
    table = [("列", "是", "字段", "例", "缺失") if zh else ("column", "is", "field", "for example", "missing")]
    for name, shape in looked.shapes.items():
        table.append(
            (
                _cut(name, 28),
                _role(looked, name, zh),
                draft.names.get(name, ""),
                _cut(shape.example, 24),
                f"{shape.missing:.1%}" if shape.missing > 0 else "",
            )
        )
    widths = [max(_width(row[n]) for row in table) for n in range(5)]
    lines += [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths)).rstrip() for row in table
    ]
    lines += ["", *_doubts(looked, zh)]
    made = ", ".join(draft.files)
    lines.append(f"已写入 {folder}：{made}" if zh else f"wrote {folder}: {made}")
    more = f" --labels {labels}" if labels is not None else ""
    step = f"zhiyu check {folder} && zhiyu replay {file} --policy {folder}{more}"
    lines.append(f"下一步：{step}" if zh else f"next: {step}")
    if labels is not None:
        train = f"zhiyu train --policy {folder} --events {file}{more} --install"
        lines.append(f"然后：{train}" if zh else f"then: {train}")
    if roles.label:
        counts = looked.shapes[roles.label].counts
        few = sample.whole and sum(counts[word] for word in (*roles.fraud, *roles.legit)) < FEW_LABELS
        train = f"zhiyu train --policy {folder} --events {file} --install{' --kind best' if few else ''}"
        lines.append(f"然后：{train}" if zh else f"then: {train}")
    return lines


def _role(looked: Looked, name: str, zh: bool) -> str:
    roles, kinds = looked.roles, looked.draft.kinds
    if name == roles.label:
        bad = "/".join(roles.fraud)
        return f"标签（欺诈={bad}）" if zh else f"label, fraud = {bad}"
    for role, en, chinese in (
        (roles.id, "id", "编号"),
        (roles.time, "time", "时间"),
        (roles.clock, "time of day", "时刻"),
    ):
        if name and name == role:
            return chinese if zh else en
    if name in roles.left_out:
        return "未采用" if zh else "left out"
    if name in roles.places.values():
        return "geo"
    marks = [
        *(
            [f"以 {roles.money_unit} 计" if zh else f"in {roles.money_unit}"]
            if roles.money_unit and name == roles.money
            else []
        ),
        *(["主体" if zh else "entity"] if name in roles.entities else []),
        *(["个人信息" if zh else "personal"] if name in roles.personal else []),
    ]
    return ("，" if zh else ", ").join([kinds.get(name, ""), *marks])


def _doubts(looked: Looked, zh: bool) -> list[str]:
    """What a person should look at."""
    from zhiyu.evaluation.first_look.doubts import doubts_of

    found = [f"? {chinese if zh else english}" for english, chinese in doubts_of(looked)]
    return [*found, ""] if found else []


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
