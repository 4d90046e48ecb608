"""The smallest parts of the page: a text in both languages, a row, a table.

In: texts and cells. Out: escaped HTML. A cell is HTML already: plain texts go through `both` or `plain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from zhiyu.evaluation.backtest_style import STYLE
from zhiyu.evaluation.backtest_words import Said


def both(said: Said) -> str:
    """One text in both languages; once when they are the same."""
    if said.en == said.zh:
        return escape(said.en)
    return f'<span class="en" lang="en">{escape(said.en)}</span><span class="zh" lang="zh">{escape(said.zh)}</span>'


def plain(text: object) -> str:
    """One text that is the same in both."""
    return escape(str(text))


def row(cells: Sequence[str], kind: str = "", start: bool = False) -> str:
    """One line; `kind` is the class of its cells."""
    mark = f' class="{kind}"' if kind else ""
    first = ' class="start"' if start else ""
    return f"<tr{first}>" + "".join(f"<td{mark}>{cell}</td>" for cell in cells) + "</tr>"


def table(heads: Sequence[Said], rows: Sequence[str], kind: str = "") -> str:
    """A table; `rows` from `row`."""
    top = "".join(f"<th>{both(each)}</th>" for each in heads)
    mark = f' class="{kind}"' if kind else ""
    return f"<table{mark}><thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def whole(title: str, body: Sequence[str], language: str) -> str:
    """A page of these parts, in both languages; `language` is the one it opens in. Needs nothing else: no script, no network."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>"
        + tongues(language) + "<main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )  # fmt: skip


def tongues(language: str) -> str:
    """The switch between the languages: two radio buttons."""
    parts = []
    for each, name in (("en", "English"), ("zh", "中文")):
        checked = ' checked="checked"' if each == language else ""
        parts.append(f'<input class="tongue" type="radio" name="tongue" id="tongue-{each}"{checked}/>')
        parts.append(f'<label class="tongue" for="tongue-{each}">{name}</label>')
    return "".join(parts)
