"""Writes the parts of docs/reference that are facts of the code: functions.md, cli.md, vocabulary.md.

In: `zhiyu.expressions.functions`, `zhiyu.cli`, `zhiyu.events.vocabulary`. Out: three Markdown files;
`--check` only says which are out of date. `make docs` runs it, and tests/docs fails while a page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from vocabulary_page import vocabulary_page

from zhiyu.cli import main
from zhiyu.expressions.functions import FUNCTIONS

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- written by docs/write_reference.py; `make docs` renews it -->\n"
GROUPS = {
    "Numbers": "abs min max clip round floor ceil sqrt exp log log10 pow ratio zscore",
    "Missing values": "coalesce",
    "Times and durations": "hour weekday day_of_month is_weekend duration seconds minutes hours days",
    "Places": "distance_km",
    "Texts": "lower upper trim length starts_with ends_with contains prefix suffix before after digits_share",
    "Lists": "items has",
}


def functions_page() -> str:
    """Every function with its signature and its wording in sentences."""
    left = set(FUNCTIONS) - set(" ".join(GROUPS.values()).split())
    if left:
        raise SystemExit(f"docs/write_reference.py: put these functions into a group: {', '.join(sorted(left))}")
    lines = [
        "# Functions",
        "",
        NOTE,
        "How a function reads in a sentence stands beside it; {0} is its first argument.",
        "",
    ]
    for group, names in GROUPS.items():
        lines += [f"## {group}", "", "| function | in English | 中文 |", "|---|---|---|"]
        for name in names.split():
            known = FUNCTIONS[name]
            lines.append(f"| `{known.signature}` | {known.en} | {known.zh} |")
        lines.append("")
    return "\n".join(lines)


def cli_page() -> str:
    """Every command with its usage, arguments and options."""
    lines = ["# The command line", "", NOTE]
    lines += ["Exit codes: 0 done; 1 the policy or the input is wrong, the message says where; 2 wrong usage.", ""]
    lines += command_lines(main, "zhiyu", 2)
    return "\n".join(lines) + "\n"


def command_lines(group: click.Group, path: str, level: int) -> list[str]:
    """The pages of all commands of a group, groups inside it included."""
    lines: list[str] = []
    for name, command in sorted(group.commands.items()):
        called = f"{path} {name}"
        usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=called)))
        lines += [f"{'#' * level} {called}", "", f"`{called} {usage}`", "", " ".join((command.help or "").split()), ""]
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        if options:
            lines += ["| option | meaning |", "|---|---|", *map(option_line, options), ""]
        if isinstance(command, click.Group):
            lines += command_lines(command, called, level + 1)
    return lines


def option_line(option: click.Option) -> str:
    """One row of an options table."""
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    shown = option.default if option.show_default and option.default not in (None, False) else None
    words = [
        option.help or "",
        f"Default: `{shown}`." if shown is not None else "",
        "Required." if option.required else "",
    ]
    kind = f" {'·'.join(option.type.choices)}" if isinstance(option.type, click.Choice) else ""
    return f"| {names}{kind} | {' '.join(word for word in words if word)} |"


def pages() -> dict[Path, str]:
    """Path and content of every page that is written here."""
    return {
        FOLDER / "functions.md": functions_page(),
        FOLDER / "cli.md": cli_page(),
        FOLDER / "vocabulary.md": vocabulary_page(NOTE),
    }


def run(arguments: list[str]) -> int:
    """Write the pages, or with --check only compare; returns the exit code."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{'out of date' if '--check' in arguments else 'wrote'}: docs/reference/{path.name}")
        if "--check" not in arguments:
            path.write_text(pages()[path], encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
