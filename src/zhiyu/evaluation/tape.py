"""The feature tape: every accepted event of a replay with the features it saw, as columns on disk, to be decided again without counting.

In: batches with their outcomes while a replay runs. Out: a folder: `tape.json` (what was recorded, under which policy), `events.arrow`
(envelope, event columns, texts), `features-N.arrow` (aggregates; one more file whenever features were added). Values are register bits
(int64), so what is read back is what was computed, to the bit; texts are their keyed codes beside the masked text. Arrow IPC with LZ4: a
column that nobody asks for is not read.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.base.places_on_disk import require_folder
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.register_columns import as_registers, registers_of, texts_of
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import WAIT_CHANGE, WAIT_END
from zhiyu.expressions.types import Kind
from zhiyu.features.declare import Feature
from zhiyu.network.declare import NetworkFeature
from zhiyu.network.layout import R_GANG, R_GANG_PERSONS
from zhiyu.policy.artifact import feature_key, ground_key
from zhiyu.policy.builtin import DECISION, GANG
from zhiyu.policy.expand import all_features

FORMAT = "zhiyu-tape/2"
FACTS, EVENTS = "tape.json", "events.arrow"
COLUMN, TEXT = "= ", "text "
"""Event columns are named by COLUMN + name, their texts by TEXT + name: no field can be mistaken for the envelope."""


def feature_keys(opened: Opened) -> dict[str, str]:
    """Name → key of every aggregate that is computed and may be taped: not those that count our own decisions or alerts, which change with
    the rules, nor those that ask lists, which change with the lists; nor the network where gangs are asked for: their gate is a condition
    of the policy, so the network has to run."""
    used = {column.name for column in opened.compiled.features if column.role == "aggregate"}
    asking = {name for name, each in opened.compiled.checked.features.items() if each.where and each.where.lists}
    own = [each.feature for each in all_features(opened.compiled.policy) if each.feature.name in used]
    gated = any(GANG in each.on or _is_of_gangs(each) for each in own)
    kept = (each for each in own if each.name not in asking and not {DECISION, GANG} & set(each.on))
    return {each.name: feature_key(each) for each in kept if not (gated and isinstance(each, NetworkFeature))}


def _is_of_gangs(feature: Feature) -> bool:
    return isinstance(feature, NetworkFeature) and feature.result in (R_GANG, R_GANG_PERSONS)


def key_mark(opened: Opened) -> int:
    """A number that tells one tenant key from another, without telling the key."""
    return opened.codes.one("zhiyu-tape")


class ArrowFile:
    """One Arrow IPC file, its schema taken from the first batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: Any = None

    def write(self, columns: Mapping[str, pa.Array]) -> None:
        """Append a batch."""
        batch = pa.record_batch(dict(columns))
        if self._writer is None:
            options = ipc.IpcWriteOptions(compression="lz4")
            self._writer = ipc.new_file(self.path, batch.schema, options=options)
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Complete the file; a file without batches is not there."""
        if self._writer is not None:
            self._writer.close()


class FeatureFile:
    """The values of some aggregates, batch by batch beside the events. `keys`: name → key."""

    def __init__(self, folder: Path, number: int, opened: Opened, keys: Mapping[str, str]) -> None:
        self.file = ArrowFile(folder / f"features-{number}.arrow")
        order = [column.name for column in opened.compiled.features]
        self.places = {key: order.index(name) for name, key in keys.items()}
        self.catalogue = {key: [self.file.path.name, str(i)] for i, key in enumerate(self.places)}

    def write(self, events: int, rows: Array, outcome: Outcome) -> None:
        """Values of the decisions in `outcome` for a batch of so many events; `rows`: the event of each kept decision."""
        if not self.places:
            return
        d = outcome.decisions
        columns = {}
        for number, place in enumerate(self.places.values()):
            values, nulls = np.zeros(events, np.int64), np.ones(events, np.uint8)
            values[rows], nulls[rows] = d.kept_values[:, place], d.kept_nulls[:, place]
            columns[str(number)] = as_registers(values, nulls)
        self.file.write(columns)


class TapeWriter:
    """Writes a tape while a replay runs: `write` batch by batch, then `finish`, or `abandon`. `keys`: name → key of the aggregates that are
    taped, those of `feature_keys` without; `texts`: with masked texts."""

    def __init__(
        self, folder: Path, opened: Opened, facts: Mapping[str, Any], keys: Mapping[str, str] | None = None, texts: bool = True
    ) -> None:  # fmt: skip
        require_own_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for old in (folder / FACTS, *folder.glob("features-*.arrow")):
            old.unlink(missing_ok=True)
        self.folder, self.opened, self.written = folder, opened, 0
        self.columns = opened.compiled.schema.columns
        self.events = ArrowFile(folder / EVENTS)
        self.features = FeatureFile(folder, 0, opened, feature_keys(opened) if keys is None else keys)
        self.facts, self.texts = dict(facts), texts

    def write(self, outcome: Outcome, batch: EventBatch) -> None:
        """Append the accepted events of a batch, in order. Every decision must have kept its values."""
        judged = outcome.judged
        assert judged is not None
        rows = np.flatnonzero(judged.status == 0)
        if not len(rows):
            return
        numbers: dict[str, Array] = {
            "position": batch.positions, "id_code_0": batch.id_code[:, 0].view(np.int64), "id_code_1": batch.id_code[:, 1].view(np.int64),
            "type": batch.type_index, "time": batch.time_ms, "received_at": judged.received, "late": judged.late, "label": batch.labels,
            "known": batch.labels_known_ms, "money": batch.money,
        }  # fmt: skip
        columns = {name: pa.array(array[rows]) for name, array in numbers.items()} | {"id": texts_of(batch.ids, rows)}
        for number, column in enumerate(self.columns):
            columns[COLUMN + column.name] = as_registers(batch.values[number, rows], batch.nulls[number, rows])
            if self.texts and column.type.kind is Kind.STRING and column.role in ("field", "signal"):
                columns[TEXT + column.name] = texts_of(batch.shown.get(column.name), rows)
        self.events.write(columns)
        place = np.full(batch.n, -1)
        place[rows] = np.arange(len(rows))
        self.features.write(len(rows), place[outcome.decisions.rows[outcome.decisions.kept]], outcome)
        self.written += len(rows)

    def finish(self) -> None:
        """Complete the files and write `tape.json`; without it nobody takes the folder for a tape."""
        self.events.close()
        self.features.file.close()
        opened = self.opened
        facts = self.facts | {
            "format": FORMAT, "policy_hash": opened.artifact.hash, "ground": ground_key(opened.artifact.policy), "tenant": opened.tenant,
            "key": key_mark(opened), "events": self.written, "columns": [column.name for column in self.columns],
            "types": types_of(opened), "features": self.features.catalogue,
        }  # fmt: skip
        write_facts(self.folder, facts)

    def abandon(self) -> None:
        """Close what is open after a failure."""
        for file in (self.events, self.features.file):
            with suppress(OSError, pa.ArrowException):
                file.close()


def require_own_folder(folder: Path) -> None:
    """InputError when the folder holds anything but a tape: recording would clear it away, or lie between a policy's files."""
    require_folder(folder)
    own = {FACTS, FACTS + ".part", EVENTS}
    others = [each.name for each in sorted(folder.iterdir()) if each.name not in own] if folder.exists() else []
    others = [name for name in others if not name.startswith("features-")]
    if others:
        raise InputError(
            f"'{folder}' holds other files ({others[0]}); a tape needs a folder of its own",
            f"“{folder}”中有其他文件（{others[0]}）；特征带需要单独的目录",
        )


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write `tape.json`, whole or not at all."""
    part = folder / (FACTS + ".part")
    part.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / FACTS)


@dataclass
class Tape:
    """A finished tape. `features`: key of an aggregate → (file, column)."""

    folder: Path
    facts: dict[str, Any]
    features: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Tape:
        """Open a folder; InputError when it is no (finished) tape of this format."""
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as wrong:
            raise InputError(
                f"no feature tape in {folder} ({wrong}); record one with `zhiyu replay … --tape {folder}`",
                f"{folder} 中没有特征带（{wrong}）；请用 `zhiyu replay … --tape {folder}` 录制",
            ) from None
        if facts.get("format") != FORMAT:
            raise InputError(
                f"the tape in {folder} is of another format ({facts.get('format')}); record it again",
                f"{folder} 中的特征带格式不同（{facts.get('format')}）；请重新录制",
            )
        return cls(folder, facts, {key: (place[0], place[1]) for key, place in facts["features"].items()})

    def unfit_for(self, opened: Opened) -> tuple[str, str] | None:
        """Why this policy cannot be decided on the tape, in English and Chinese; None when it can."""
        facts, schema = self.facts, opened.compiled.schema
        if facts["key"] != key_mark(opened) or facts["tenant"] != opened.tenant:
            return "it was recorded with another key or for another tenant", "录制时的密钥或租户不同"
        if facts["ground"] != ground_key(opened.artifact.policy):
            return "the event types or the clock are declared differently", "事件类型或时钟的声明不同"
        if [name for name in facts["types"] if "@" not in name] != types_of(opened):
            return (
                "it needs facts (labels, decisions) as event types that were not recorded",
                "需要录制时没有的内置事件类型",
            )
        own = {*facts["columns"], WAIT_END, WAIT_CHANGE}
        missing = [column.name for column in schema.columns if column.name not in own]
        if missing:
            return f"it reads {', '.join(missing)}, which was not recorded", f"需要未录制的 {'、'.join(missing)}"
        return None

    def is_of(self, recording: Mapping[str, Any]) -> bool:
        """Whether it was recorded from these events, labels and source. InputError when it is of another file: whoever names both has mixed
        something up, and the tape of that file shall not be lost."""
        held, asked = (Path(str(facts.get("input", ""))) for facts in (self.facts, recording))
        if held.resolve() != asked.resolve() and held.name != asked.name:
            raise InputError(
                f"the tape in {self.folder} was recorded from {held}, not from {asked}; give another --tape folder, or the events it is of",
                f"{self.folder} 中的特征带录自 {held}，而不是 {asked}；请换一个 --tape 目录，或给出对应的事件文件",
            )
        return all(self.facts.get(name) == value for name, value in recording.items() if name != "input")

    def add_features(self, catalogue: Mapping[str, list[str]]) -> None:
        """Note features that were computed beside the tape, and written in full."""
        self.features |= {key: (place[0], place[1]) for key, place in catalogue.items()}
        self.facts["features"] = {key: list(place) for key, place in self.features.items()}
        write_facts(self.folder, self.facts)

    @property
    def feature_files(self) -> int:
        """How many files of features there are."""
        return len({file for file, _ in self.features.values()})

    def batches(self, columns: Iterable[str], features: Iterable[str], texts: bool) -> Generator[TapeBatch, None, None]:
        """The events in order, with these event columns (by name) and features (by key); with their texts when asked for."""
        if not self.facts["events"]:
            return
        wanted = {*columns}
        keys = list(features)
        envelope = [
            "position",
            "id",
            "id_code_0",
            "id_code_1",
            "type",
            "time",
            "received_at",
            "late",
            "label",
            "known",
            "money",
        ]
        names = envelope + [COLUMN + name for name in self.facts["columns"] if name in wanted]
        with _Reader(self.folder / EVENTS, names, TEXT if texts else None) as events:
            files = {file for file, _ in (self.features[key] for key in keys)}
            readers = {
                file: _Reader(self.folder / file, [c for f, c in (self.features[k] for k in keys) if f == file])
                for file in sorted(files)
            }
            for number in range(events.count):
                parts = {file: reader.batch(number) for file, reader in readers.items()}
                taped = [parts[self.features[key][0]].column(self.features[key][1]) for key in keys]
                yield TapeBatch(events.batch(number), taped)


def types_of(opened: Opened) -> list[str]:
    """Event types that a tape may hold: not those as which decisions go on after a wait, which are made again."""
    return [event.name for event in opened.compiled.schema.types if WAIT_END not in event.fields]


def is_tape(path: Path) -> bool:
    """Whether a finished tape lies there."""
    return (path / FACTS).is_file()


def usable(folder: Path, policies: Iterable[Opened], recording: Mapping[str, Any]) -> bool:
    """Whether there is a tape of this recording in the folder that all these policies can be decided on."""
    if not (folder / FACTS).is_file():
        return False
    tape = Tape.open(folder)
    return tape.is_of(recording) and all(tape.unfit_for(opened) is None for opened in policies)


@dataclass(frozen=True, slots=True)
class TapeBatch:
    """Events as they were recorded, and the asked-for features in their order."""

    events: pa.RecordBatch
    features: list[pa.Array]

    def numbers(self, name: str) -> Array:
        """A column of the envelope."""
        return np.asarray(self.events.column(name))

    def registers(self, name: str) -> tuple[Array, Array] | None:
        """(int64[n] bits, uint8[n] null marks) of an event column; None when it was not asked for."""
        at = self.events.schema.get_field_index(COLUMN + name)
        return registers_of(self.events.column(at)) if at >= 0 else None

    def given(self) -> list[tuple[Array, Array]]:
        """(bits, null marks) of the asked-for features, in their order."""
        return [registers_of(column) for column in self.features]

    def texts(self) -> dict[str, pa.Array]:
        """Masked texts by column name."""
        names = [name for name in self.events.schema.names if name.startswith(TEXT)]
        return {name.removeprefix(TEXT): self.events.column(name) for name in names}


class _Reader:
    """Batches of one file, some columns of it."""

    def __init__(self, path: Path, names: list[str], prefix: str | None = None) -> None:
        try:
            self._map = pa.memory_map(str(path))
            whole = ipc.open_file(self._map).schema
            chosen = {*names, *(n for n in whole.names if prefix is not None and n.startswith(prefix))}
            fields = [i for i, name in enumerate(whole.names) if name in chosen]
            self._file = ipc.open_file(self._map, options=ipc.IpcReadOptions(included_fields=fields))
        except (OSError, pa.ArrowException) as wrong:
            raise InputError(
                f"{path} cannot be read: {wrong}; record the tape again", f"无法读取 {path}：{wrong}；请重新录制"
            ) from None
        self.count = self._file.num_record_batches

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def batch(self, number: int) -> pa.RecordBatch:
        """One batch; damaged files are named."""
        try:
            return self._file.get_batch(number)
        except (OSError, pa.ArrowException) as wrong:
            raise InputError(
                f"the tape is damaged: {wrong}; record it again", f"特征带已损坏：{wrong}；请重新录制"
            ) from None
