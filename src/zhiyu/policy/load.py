"""A policy folder becomes one `Policy`.

In: a folder with any number of *.yaml files, each a mapping with any of the sections of `Policy`. Lists (events,
features, grids, rule_sets, reasons, sources) are put together over all files in the order of their names; name, en,
zh, clock and feedback may be given once. Out: the policy and the `Places` of everything in it. Every fault that can
be seen at once is reported at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect as shapes

from zhiyu.base.errors import DeclarationError, Hint, InputError, Place, Problem
from zhiyu.base.limits import (
    MAX_FIELDS,
    MAX_MODEL_BYTES,
    MAX_POLICY_FILE_BYTES,
    MAX_POLICY_FILES,
    MAX_RULES,
    MAX_TABLE_FILE_BYTES,
)
from zhiyu.policy.convert import MISSING, Converter, shape_of
from zhiyu.policy.csv_rows import rows_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.places import Places
from zhiyu.policy.use_vocabulary import events_used, says_use
from zhiyu.policy.yaml_nodes import List, Map, Scalar, read_nodes

SUFFIXES = (".yaml", ".yml")
MODEL_SUFFIX = ".json"


_MADE = ("versions",)
"""What a release makes of two policies, and no file says."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder declares, and where each part of it was written."""

    policy: Policy
    places: Places


def load_policy(folder: Path) -> Loaded:
    """Read every *.yaml of `folder` (not of folders inside it; names that begin with a dot are left out).

    Raises `InputError` when there is no such folder, `DeclarationError` with every finding otherwise.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no policy folder at '{folder}'", f"没有策略目录“{folder}”")
    names = sorted(p.name for p in folder.iterdir() if p.suffix in SUFFIXES and not p.name.startswith("."))
    if not names:
        en, zh = (
            f"no *.yaml file in '{folder}'; `zhiyu init DIR` makes a small policy",
            f"目录“{folder}”里没有 *.yaml 文件",
        )
        raise InputError(en, zh)
    if len(names) > MAX_POLICY_FILES:
        en, zh = (
            f"{len(names)} policy files; at most {MAX_POLICY_FILES}",
            f"策略文件 {len(names)} 个，上限 {MAX_POLICY_FILES}",
        )
        raise DeclarationError([Problem("limit.files", en, zh, Place(str(folder)))])
    texts: dict[str, bytes] = {}
    problems: list[Problem] = []

    def beside(name: str) -> tuple[str, bytes]:
        limit = MAX_MODEL_BYTES if name.endswith(MODEL_SUFFIX) else MAX_TABLE_FILE_BYTES
        return str(folder / name), _read_file(folder, name, limit)

    for name in names:
        try:
            texts[str(folder / name)] = _read_file(folder, name)
        except DeclarationError as error:
            problems += error.problems
    return _load(texts, problems, beside)


def load_texts(texts: Mapping[str, bytes]) -> Loaded:
    """The same from file name → content, in the order given, rows of tables (*.csv) and models (*.json) among them; touches no disk.

    >>> content = b"name: demo\\nevents: [{name: login, fields: {who: {type: string}}}]"
    >>> load_texts({"policy.yaml": content}).policy.events[0].name
    'login'
    """

    def beside(name: str) -> tuple[str, bytes]:
        if name not in texts:
            raise _unreadable(name, "file.unreadable", "there is no such file", "没有这个文件")
        return name, texts[name]

    return _load(
        {name: content for name, content in texts.items() if not name.endswith((".csv", MODEL_SUFFIX))}, [], beside
    )


Beside = Callable[[str], tuple[str, bytes]]
"""Name of a file beside the policy → the name to show and its content; raises `DeclarationError`."""


def _load(texts: Mapping[str, bytes], problems: list[Problem], beside: Beside) -> Loaded:
    converter = Converter(Places())
    converter.problems += problems
    gathered = _Gathered(converter, whole=not problems)
    for name, content in texts.items():
        try:
            gathered.add(read_nodes(content, name), name)
        except DeclarationError as error:
            converter.problems += error.problems
            gathered.whole = False
    gathered.table_files(beside)
    gathered.model_files(beside)
    policy = gathered.finish()
    return Loaded(policy, converter.places)


def _read_file(folder: Path, name: str, limit: int = MAX_POLICY_FILE_BYTES) -> bytes:
    shown = str(folder / name)
    try:
        real = (folder / name).resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            raise _unreadable(shown, "file.outside", "a link that leaves the policy folder", "链接指向策略目录之外")
        if not real.is_file():
            raise _unreadable(shown, "file.kind", "not a regular file", "不是普通文件")
        with real.open("rb") as stream:
            return stream.read(limit + 1)
    except (OSError, RuntimeError) as fault:
        reason = getattr(fault, "strerror", None) or "a loop of links"
        raise _unreadable(shown, "file.unreadable", f"cannot be read: {reason}", f"无法读取：{reason}") from None


def _unreadable(shown: str, code: str, en: str, zh: str) -> DeclarationError:
    return DeclarationError([Problem(code, en, zh, Place(shown))])


class _Gathered:
    """Sections of all files, put together."""

    def __init__(self, converter: Converter, whole: bool) -> None:
        self.whole = whole  # false: a file could not be read, so what seems missing may stand in it
        self.converter = converter
        self.fields = {f.encode_name: f for f in shape_of(Policy).fields if f.encode_name not in _MADE}
        self.data: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.first: dict[str, Scalar] = {}

    def add(self, root: Any, file: str) -> None:
        if not isinstance(root, Map):
            en, zh = "a policy file is a mapping of sections", "策略文件应为若干小节的映射"
            self.converter.problem(
                "declare.type",
                root,
                en,
                zh,
                Hint(f"sections: {', '.join(self.fields)}", f"小节：{'、'.join(self.fields)}"),
            )
            return
        for key, node in self.converter.unique_entries(root, ()):
            described = self.fields.get(key.text)
            if described is None:
                self.converter.unknown_key(key, "policy", list(self.fields))
            elif isinstance(described.type, shapes.VarTupleType):
                self._extend(key, node, described.type.item_type)
            else:
                self._once(key, node, described.type)
        if not root.entries:
            self.converter.problem("yaml.empty", root, f"'{file}' declares nothing", f"“{file}”没有声明任何内容")

    def _extend(self, key: Scalar, node: Any, item_type: shapes.Type) -> None:
        section = key.text
        self.first.setdefault(section, key)
        if isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null"):
            return
        if section == "events" and isinstance(node, Map):
            node = List(node.place, [node])  # `events: {use: loan}`, one entry without the dash
        if not isinstance(node, List):
            en, zh = f"'{section}' is a list", f"“{section}”应为列表"
            self.converter.problem(
                "declare.type", node, en, zh, Hint("begin each item with `- `", "每一项以 `- ` 开头")
            )
            return
        items = self.data.setdefault(section, [])
        for item in node.items:
            index = self.counts.get(section, 0)
            if section == "events" and says_use(item):
                taken = events_used(self.converter, item, index)
                self.counts[section] = index + len(taken)
                items += taken
                continue
            self.counts[section] = index + 1
            items.append(self.converter.read(item, item_type, (section, index)))

    def _once(self, key: Scalar, node: Any, shape: shapes.Type) -> None:
        earlier = self.first.get(key.text)
        if earlier is not None:
            en, zh = f"'{key.text}' is already given at {earlier.place}", f"“{key.text}”已在 {earlier.place} 给出"
            self.converter.problem("declare.twice", key, en, zh, Hint("keep one of them", "只保留一处"))
            return
        self.first[key.text] = key
        self.data[key.text] = self.converter.read(node, shape, (key.text,))

    def table_files(self, beside: Beside) -> None:
        """Append the rows of CSV files to their tables."""
        for number, table in enumerate(self.data.get("tables", ())):
            if table is MISSING or not table.get("file"):
                continue
            path = ("tables", number)
            try:
                if not table["file"].endswith(".csv"):
                    raise _unreadable("", "file.kind", "rows stand in a *.csv file", "行数据须放在 *.csv 文件中")
                shown, content = beside(table["file"])
            except DeclarationError as error:
                place = self.converter.places.at((*path, "file"))
                for problem in error.problems:
                    en, zh = f"'{table['file']}': {problem.en}", f"“{table['file']}”：{problem.zh}"
                    self.converter.problems.append(Problem(problem.code, en, zh, place))
                continue
            inputs = [each["name"] for each in table["inputs"]]
            rows = table.setdefault("rows", [])
            rows += rows_of(content, shown, inputs, self.converter.places, path, len(rows), self.converter.problems)
            table["file"] = ""

    def model_files(self, beside: Beside) -> None:
        """Take the packages of models into the policy."""
        for number, model in enumerate(self.data.get("models", ())):
            if model is MISSING or not model.get("file"):
                continue
            try:
                if not model["file"].endswith(MODEL_SUFFIX):
                    raise _unreadable("", "file.kind", "a model package is a *.json file", "模型包须是 *.json 文件")
                model["package"] = beside(model["file"])[1].decode("utf-8")
                model["file"] = ""
            except (DeclarationError, UnicodeDecodeError) as error:
                place = self.converter.places.at(("models", number, "file"))
                for problem in (
                    error.problems
                    if isinstance(error, DeclarationError)
                    else [Problem("file.text", "not a text", "不是文本")]
                ):
                    en, zh = f"'{model['file']}': {problem.en}", f"“{model['file']}”：{problem.zh}"
                    self.converter.problems.append(Problem(problem.code, en, zh, place))

    def finish(self) -> Policy:
        problems = self.converter.problems
        anchor = next(iter(self.first.values()), None)
        for name, described in self.fields.items() if self.whole else ():
            if described.required and name not in self.data:
                place = Place(anchor.place.file) if anchor else Place()
                en, zh = f"the policy needs '{name}'", f"策略缺少“{name}”"
                problems.append(Problem("declare.missing_key", en, zh, place))
        self._limits()
        if problems:
            raise DeclarationError(problems)
        assert all(MISSING is not item for items in self.data.values() if isinstance(items, list) for item in items)
        return msgspec.convert(self.data, Policy)

    def _limits(self) -> None:
        rules = sum(len(s.get("rules", ())) for s in self.data.get("rule_sets", ()) if s is not MISSING)
        if rules > MAX_RULES:
            en, zh = f"{rules} rules; at most {MAX_RULES}", f"规则 {rules} 条，上限 {MAX_RULES}"
            self.converter.problem("limit.rules", self.first["rule_sets"], en, zh)
        for index, event in enumerate(self.data.get("events", ())):
            if event is not MISSING and len(event.get("fields", ())) > MAX_FIELDS:
                count = len(event["fields"])
                en, zh = f"{count} fields; at most {MAX_FIELDS}", f"字段 {count} 个，上限 {MAX_FIELDS}"
                place = self.converter.places.at(("events", index, "fields"))
                self.converter.problems.append(Problem("limit.fields", en, zh, place))
