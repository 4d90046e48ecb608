"""Everything held about one person as a page to read or print, in English or Chinese; it loads nothing and runs nothing.

In: what POST /v1/persons:export tells. Out: HTML. Every text is escaped: it comes from whoever sent events.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from zhiyu.access.reveals import PURPOSES

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}td,th{border-bottom:1px solid #d8dee4;padding:.35rem .5rem;"
    "text-align:left;vertical-align:top}th{font-weight:600}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}"
)
_WORDS = {
    "en": {
        "title": "What is held about one person", "made": "Made", "purpose": "For", "personal": "Personal values", "field": "Field",
        "value": "Value", "none": "The vault holds nothing about this person.",
        "no_vault": "No vault is kept: texts are not held anywhere.",
        "happened": "What happened", "time": "Time", "what": "What", "outcome": "Decided", "detail": "More",
        "older": "There is more, older than this.", "kept": "Kept for", "records": "records", "values": "personal values after last seen",
        "masked": "Values are masked.",
    },
    "zh": {
        "title": "所持有的某人信息", "made": "生成时间", "purpose": "用途", "personal": "个人信息", "field": "字段", "value": "取值",
        "none": "保险库中没有此人的信息。", "no_vault": "未启用保险库：不保存明文。", "happened": "发生的事件", "time": "时间",
        "what": "事项",        "outcome": "决策", "detail": "其他", "older": "更早的记录未列出。", "kept": "保存期限", "records": "记录",
        "values": "个人信息（自最后一次出现起）", "masked": "取值已脱敏。",
    },
}  # fmt: skip
_APART = ("kind", "time", "type", "outcome", "received_at", "policy", "receipt")


def held_page(held: dict[str, Any], language: str) -> bytes:
    """The page."""
    words = _WORDS["zh" if language == "zh" else "en"]
    purpose = PURPOSES.get(held["purpose"], ("", ""))[language == "zh"]
    keep = held["retention"]
    parts = [
        f"<!doctype html><html lang='{'zh-CN' if language == 'zh' else 'en'}'><meta charset='utf-8'><title>{words['title']}</title>",
        f"<style>{_STYLE}</style><h1>{words['title']}</h1>",
        f"<p><code>{escape(held['type'])} {escape(held['code'])}</code><br>{words['made']}: {escape(held['made'])}<br>",
        f"{words['purpose']}: {escape(purpose)}<br>{words['kept']}: {words['records']} {escape(keep['keep'])}, ",
        f"{words['values']} {escape(keep['personal'])}</p><h2>{words['personal']}</h2>",
        _personal(held, words),
        f"<h2>{words['happened']}</h2>",
        _table(
            [words["time"], words["what"], words["outcome"], words["detail"]],
            [_line(each) for each in held["timeline"]],
        ),
        f"<p>{words['older']}</p>" if held["older_before"] is not None else "",
        "</html>",
    ]
    return "".join(parts).encode()


def _personal(held: dict[str, Any], words: dict[str, str]) -> str:
    if not held["personal"]:
        return f"<p>{words['none'] if held['vault'] else words['no_vault']}</p>"
    rows = [[each["field"], each.get("value", each["shown"])] for each in held["personal"]]
    note = "" if held["revealed"] else f"<p>{words['masked']}</p>"
    return note + _table([words["field"], words["value"]], rows)


def _line(entry: dict[str, Any]) -> list[str]:
    what = (
        entry.get("type")
        or entry.get("list")
        or entry.get("rule")
        or ("fraud" if entry.get("fraud") else entry["kind"])
    )
    more = {name: value for name, value in entry.items() if name not in _APART and value not in ("", [], None)}
    return [entry["time"], f"{entry['kind']} {what}", entry.get("outcome", ""), json.dumps(more, ensure_ascii=False)]


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
