"""A proposal becomes a policy folder: the live folder copied, with the change and nothing else.

In: the live folder as loaded, a change. Out: a folder that passes the checks and whose rules can be said. A changed constant is edited in
the text of its file, so comments and layout stay; what the text says afterwards is compared with what was meant. New rules go to a file
of their own, and where a flow decides, before its milder ends (`into_flow`).
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from zhiyu.base.errors import InputError, Place
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import Change, NewRule, OtherConstant, OtherThreshold, in_quotes
from zhiyu.evaluation.tuning.into_flow import flow_of, put_before_ends
from zhiyu.expressions import canonical, parse
from zhiyu.policy.check import Report, check_policy
from zhiyu.policy.checked import Checked
from zhiyu.policy.load import Loaded, load_policy
from zhiyu.policy.places import Path as Path_
from zhiyu.policy.say import say_rule, say_rule_set

MAX_FOLDER_BYTES = 64 << 20
_LITERAL = re.compile(r"""\d[\d_]*(?:\.\d+)?|''.*?''|(['"]).*?\1""")
_PLAIN = re.compile(r"[A-Za-z(][^\n]*")


@dataclass(frozen=True)
class Written:
    """A candidate on disk: what it declares, what the checks say, sentences of what changed (en, zh), file and line."""

    loaded: Loaded
    report: Report
    sentences: tuple[str, str]
    places: tuple[str, ...]


def write_candidate(live: Path, target: Path, change: Change, again: Again, live_report: Loaded) -> Written:
    """Copy and change; InputError when the text of the live folder cannot be edited where it should be."""
    _copy(live, target)
    if isinstance(change, NewRule):
        name, places = _add_rule(target, change, again, live_report)
        told: tuple[str, ...] = (name,)
    else:
        places = _edit(live, target, change, again, live_report)
        told = change.rules if isinstance(change, OtherConstant) else ()
    loaded = load_policy(target)
    report = check_policy(loaded.policy, loaded.places)
    checked = report.require()
    if not isinstance(change, NewRule):
        _compare(change, again, checked)
    en, zh = (_said(checked, change, told, language) for language in ("en", "zh"))
    return Written(loaded, report, (en, zh), tuple(places))


def _said(checked: Checked, change: Change, rules: tuple[str, ...], language: str) -> str:
    """The rules that changed, one a line; for a threshold, how its set decides."""
    if isinstance(change, OtherThreshold):
        return say_rule_set(checked, change.set_name, language).splitlines()[0]
    return "\n".join(say_rule(checked, rule, language) for rule in checked.rules if rule.rule.name in rules)


def _copy(live: Path, target: Path) -> None:
    size = sum(path.stat().st_size for path in live.rglob("*") if path.is_file())
    if size > MAX_FOLDER_BYTES:
        most = MAX_FOLDER_BYTES >> 20
        raise InputError(
            f"'{live}' holds {size >> 20} MiB; a policy folder that is copied into proposals may hold {most}: keep data elsewhere",
            f"“{live}”有 {size >> 20} MiB，复制到建议中的策略目录上限为 {most} MiB：请把数据放到别处",
        )
    shutil.copytree(live, target)


def _add_rule(target: Path, change: NewRule, again: Again, live: Loaded) -> tuple[str, list[str]]:
    policy = live.policy
    taken = {name for s in policy.rule_sets for name in (s.name, *(r.name for r in s.rules))}
    taken |= {
        item.name for section in (policy.scorecards, policy.tables, policy.flows, policy.lists) for item in section
    }
    taken |= set(again.evaluator.checked.known.names) | set(again.evaluator.checked.features)
    set_name = _free("proposed", taken, "_")
    rule_name = _free("proposed_rule", taken | {set_name}, "_")
    reason = _free("PROPOSED", {r.code for r in policy.reasons}, "_")
    file = _free("proposed", {path.stem for path in target.iterdir()}, "-") + ".yaml"
    (target / file).write_text(
        _RULE_FILE.format(
            set_name=set_name, rule_name=rule_name, reason=reason, on=change.event_type, when=_yaml(change.when), outcome=change.outcome,
        ), encoding="utf-8",
    )  # fmt: skip
    flow = flow_of(policy, change.event_type)
    places = [f"{file}:8"]
    if flow is not None:
        places += put_before_ends(target, live, flow, set_name, change.outcome)
    return rule_name, places


_RULE_FILE = """\
# Proposed by `zhiyu tune`; see proposal.md. Give the rule, its set and its reason names of your own before it goes live.
rule_sets:
  - name: {set_name}
    en: proposed rules
    zh: 建议规则
    on: [{on}]
    rules:
      - name: {rule_name}
        when: {when}
        outcome: {outcome}
        reason: {reason}

reasons:
  - code: {reason}
    en: the pattern of past frauds
    zh: 符合历史欺诈的特征
    consumer_en: We would like to check this with you before it goes ahead.
    consumer_zh: 为保障您的安全，我们想与您再确认一次。
"""


def _free(name: str, taken: set[str], joint: str) -> str:
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}{joint}{number}", number + 1
    return found


def _yaml(text: str) -> str:
    """Plain where YAML reads it back as it is, else in single quotes."""
    plain = _PLAIN.fullmatch(text) and ": " not in text and " #" not in text and not text.endswith((":", " "))
    return text if plain else "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class _Edit:
    """Line and column (1-based) in a file, and what stands there from now on."""

    file: str
    line: int
    column: int
    literal: str


def _edit(live: Path, target: Path, change: OtherConstant | OtherThreshold, again: Again, loaded: Loaded) -> list[str]:
    edits = []
    if isinstance(change, OtherThreshold):
        place = loaded.places.at(change.path)
        edits.append(_Edit(Path(place.file).name, place.line, place.column, str(change.score)))
    else:
        for spot in change.spots:
            rule = again.rules[spot.rule]
            place = _place_of(again, loaded, (*rule.path, "when"), rule.rule.when, spot.column)
            edits.append(_Edit(Path(place.file).name, place.line, place.column, change.literal))
    for edit in sorted(edits, key=lambda e: (e.file, e.line, -e.column)):
        _apply(live, target, edit)
    return [f"{edit.file}:{edit.line}:{edit.column}" for edit in edits]


def _place_of(again: Again, loaded: Loaded, path: Path_, when: str, column: int) -> Place:
    """Where a literal of a condition stands. That of a threshold of the model matrix is the whole value that was declared."""
    declared = again.evaluator.checked.places.declared(path)
    if declared != path and declared[0] == "matrix":
        return loaded.places.at(declared)
    return loaded.places.inside(path, when, column)


def _apply(live: Path, target: Path, edit: _Edit) -> None:
    path = target / edit.file
    text = path.read_bytes().decode("utf-8")
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    lines = text.splitlines(keepends=True)
    line, at = lines[edit.line - 1], edit.column - 1
    found = _LITERAL.match(line, at)
    if not found:
        place = f"{live / edit.file}:{edit.line}:{edit.column}"
        raise InputError(
            f"{place}: the constant is written in a way that cannot be edited in place",
            f"{place}：该常量的写法无法就地修改",
        )
    doubled = found[0].startswith("''")
    literal = f"''{edit.literal[1:-1]}''" if doubled else in_quotes(found[0], edit.literal)
    lines[edit.line - 1] = line[:at] + literal + line[found.end() :]
    path.write_bytes((mark + "".join(lines)).encode("utf-8"))


def _compare(change: OtherConstant | OtherThreshold, again: Again, candidate: Checked) -> None:
    """What the edited text says is what was meant."""
    rule_set = candidate.policy.rule_sets[change.rule_set]
    if isinstance(change, OtherThreshold):
        good = list(rule_set.thresholds) == change.thresholds(again)
    else:
        meant = {again.rules[n].rule.name: text for n, text in change.conditions(again).items()}
        said = {rule.name: rule.when for rule in rule_set.rules}
        good = all(canonical(parse(said[name])) == canonical(parse(text)) for name, text in meant.items())
    if not good:
        raise InputError(
            f"{change.text}: the edited text does not say what was meant", f"{change.text}：修改后的文本与预期不符"
        )
