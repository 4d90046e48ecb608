"""A proposed rule set is put into the flow that decides its event type: before every end that is milder than what the rule asks for.

In: a folder that is a copy of the live one, where things stand in it, a flow. Out: edited files. An end keeps its name for the node that
asks the new rules and gets another one, so every edge that led to it now leads through the new rules and nothing else moves: what the
flow decides becomes the severer of the two, and what it decides severely by itself is never asked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.policy.declare import OUTCOMES, Policy
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.flow_graph import reachable
from zhiyu.policy.load import Loaded
from zhiyu.policy.places import Path as Spot

_BARE = re.compile(r"[A-Za-z_][\w-]*")
_NOT_TEXT = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_ITEM = re.compile(r"\s*-\s+")


def flow_of(policy: Policy, event_type: str) -> int | None:
    """Number of the flow that decides this event type, None without one."""
    return next((number for number, flow in enumerate(policy.flows) if event_type in flow.on), None)


def cannot_take(policy: Policy, number: int, outcome: str) -> tuple[str, str] | None:
    """Why a rule that asks for `outcome` cannot be put into this flow (en, zh); None when it can."""
    flow = policy.flows[number]
    if any(node.flow == flow.name for other in policy.flows for node in other.nodes):
        return "another flow uses it, and would change with it", "它还被其他流程使用，会一并改变"
    if not list(_milder(flow, outcome)):
        return f"all its ends are at least '{outcome}'", f"它的所有终点都不轻于“{outcome}”"
    return None


def _milder(flow: Flow, outcome: str) -> Iterator[tuple[int, Node]]:
    """The ends that a rule asking for `outcome` may make severer."""
    reached = reachable(flow)
    for number, node in enumerate(flow.nodes):
        if node.name not in reached:
            continue
        if node.severest or (node.outcome is not None and OUTCOMES.index(node.outcome) < OUTCOMES.index(outcome)):
            yield number, node


@dataclass(frozen=True)
class _Edit:
    """At (line, column), both from 1: `text` in place of `old`; with `item` as list items of their own before what stands there."""

    file: str
    line: int
    column: int
    text: str
    old: str = ""
    item: bool = False


def put_before_ends(target: Path, live: Loaded, number: int, rule_set: str, outcome: str) -> list[str]:
    """Edit the flow in the folder `target`; returns the places that changed. InputError when the text cannot be edited."""
    flow = live.policy.flows[number]
    taken = {node.name for node in flow.nodes}
    stop = _free("proposed_stop", taken)
    edits, needs_stop = list[_Edit](), False
    for at, node in _milder(flow, outcome):
        end = _free(f"{node.name}_end", taken | {stop})
        taken.add(end)
        path: Spot = ("flows", number, "nodes", at)
        then = "" if node.severest else f", then: {{{outcome}: {stop}}}"
        new = f"{{name: {_word(node.name)}, rule_set: {rule_set}{then}, next: {_word(end)}}}"
        if not node.severest and not needs_stop:
            needs_stop = True
            new += f"\n{{name: {stop}, outcome: {outcome}}}"
        start, name = live.places.at(path), live.places.marks.get((*path, "name"))
        assert name is not None, "a policy folder has marks"
        edits.append(_Edit(Path(name.place.file).name, name.place.line, name.place.column, _word(end), name.raw))
        edits.append(_Edit(Path(start.file).name, start.line, start.column, new, item=True))
    for edit in sorted(edits, key=lambda e: (e.file, e.line, e.column, not e.item), reverse=True):
        _apply(target / edit.file, edit)
    return [f"{edit.file}:{edit.line}:{edit.column}" for edit in edits if edit.item]


def _apply(path: Path, edit: _Edit) -> None:
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    bom = edit.line == 1 and lines[0].startswith("\ufeff")
    line, at = lines[edit.line - 1], edit.column - 1 + bom
    before, rest = line[:at], line[at:]
    ending = "\r\n" if line.endswith("\r\n") else "\n"
    if not edit.item:
        if not rest.startswith(edit.old):
            raise InputError(
                f"{path.name}:{edit.line}:{edit.column}: the name of the node cannot be edited in place",
                f"{path.name}:{edit.line}:{edit.column}：节点名称无法就地修改",
            )
        lines[edit.line - 1] = before + edit.text + rest[len(edit.old) :]
    elif _ITEM.fullmatch(before):  # an item of a block list: lines of its own
        lines[edit.line - 1] = "".join(f"{before}{each}{ending}" for each in edit.text.split("\n")) + line
    else:
        lines[edit.line - 1] = before + "".join(f"{each}, " for each in edit.text.split("\n")) + rest
    path.write_bytes("".join(lines).encode("utf-8"))


def _word(name: str) -> str:
    plain = _BARE.fullmatch(name) and name.lower() not in _NOT_TEXT
    return name if plain else json.dumps(name, ensure_ascii=False)


def _free(name: str, taken: set[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
