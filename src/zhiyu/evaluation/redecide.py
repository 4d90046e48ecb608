"""A policy decided again over a feature tape: rules, tables and flow run, features come from the tape, missing ones are counted once.

In: a tape, an opened policy on the same events. Out: batches of decisions, equal bit for bit to a full replay. Features that the tape
does not have run through the feature kernel over the taped events and are written beside the tape for the next time. Where decisions wait,
all features are counted: when something goes on, and so what they are then, depends on the policy.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.engine.decider import TOLD_LINES
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.ahead import ahead
from zhiyu.evaluation.tape import FeatureFile, Tape, TapeBatch, feature_keys
from zhiyu.events.batch import EventBatch
from zhiyu.policy.compile import Compiled, compile_policy
from zhiyu.policy.layout import F_KEY, L_KEY, M_KEY

NOTHING_TOLD = np.zeros(0, np.int64), np.zeros((len(TOLD_LINES), 0), np.int64)


class Redecision:
    """Iterate `batches()` for outcomes in log order. `counted`: names of features that had to be counted.

    `keys`: name → key of the aggregates that may come from the tape, those of `feature_keys` without. `first`: nothing goes on: a decision
    that waits counts as what it waits with.
    """

    def __init__(
        self, tape: Tape, opened: Opened, texts: bool = False, keys: Mapping[str, str] | None = None, first: bool = False
    ) -> None:  # fmt: skip
        unfit = tape.unfit_for(opened)
        if unfit:
            raise InputError(
                f"the tape in {tape.folder} does not fit this policy: {unfit[0]}; replay the events instead",
                f"{tape.folder} 中的特征带不适用于该策略：{unfit[1]}；请改为回放事件",
            )
        keys = feature_keys(opened) if keys is None else keys
        waits, self.first = bool(opened.compiled.waits) and not first, first
        self.taped = {name: key for name, key in keys.items() if key in tape.features and not waits}
        self.fresh = {name: key for name, key in keys.items() if key not in tape.features}
        every = [c.name for c in opened.compiled.features if c.role == "aggregate"]
        self.counted = tuple(name for name in every if name not in self.taped)
        checked = opened.compiled.checked
        wanted = {column.name for column in opened.compiled.features}
        compiled = compile_policy(checked, opened.codes.one, False, self.taped)
        if {column.name for column in compiled.features} != wanted:
            compiled = compile_policy(checked, opened.codes.one, True, self.taped)
        self.tape, self.texts = tape, texts or waits
        self.opened: Opened = replace(opened, compiled=compiled)
        self.engine = Engine(compiled, opened.codes, opened.tenant)
        self.columns = _columns_read(compiled) if not self.texts else {c.name for c in compiled.schema.columns}

    def batches(self, keep_all: bool = False) -> Iterator[tuple[Outcome, EventBatch]]:
        """Decide everything; new features are kept beside the tape when all events went by. Read, decided and used in three threads."""
        return ahead(self._decided(keep_all))

    def _decided(self, keep_all: bool) -> Generator[tuple[Outcome, EventBatch], None, None]:
        compiled, tape = self.opened.compiled, self.tape
        writer = FeatureFile(tape.folder, tape.feature_files, self.opened, self.fresh) if self.fresh else None
        keys = [self.taped[name] for name in compiled.given]
        snoozes = self.engine.lists.snoozes
        columns = self.columns | {snooze.field for snooze in (*snoozes.held, *snoozes.waiting)}
        for taped in ahead(tape.batches(columns, keys, self.texts)):
            batch, received, late = self._events(taped)
            told = NOTHING_TOLD if self.first else None
            outcome = self.engine.process_accepted(batch, received, late, keep_all or writer is not None, told)
            if writer is not None:
                writer.write(batch.n, outcome.decisions.rows[outcome.decisions.kept], outcome)
            yield outcome, batch
        if writer is not None:
            writer.file.close()
            tape.add_features(writer.catalogue)

    def _events(self, taped: TapeBatch) -> tuple[EventBatch, Array, Array]:
        compiled = self.opened.compiled
        n, columns = taped.events.num_rows, compiled.schema.columns
        values, nulls = np.zeros((compiled.n_columns, n), np.int64), np.ones((compiled.n_columns, n), np.uint8)
        for number, column in enumerate(columns):
            found = taped.registers(column.name)
            if found is not None:
                values[number], nulls[number] = found
        for number, found in enumerate(taped.given(), len(columns)):
            values[number], nulls[number] = found
        numbers = {
            name: taped.numbers(name)
            for name in ("position", "type", "time", "received_at", "late", "label", "known", "money")
        }
        ids = np.column_stack([taped.numbers("id_code_0"), taped.numbers("id_code_1")]).view(np.uint64)
        batch = EventBatch(
            self.opened.tenant, numbers["position"], taped.events.column("id"), ids, ids[:, 0], numbers["type"].astype(np.int16),
            numbers["time"].copy(), values, nulls, numbers["label"].astype(np.int8), int(self.tape.facts["label_delay_ms"]),
            numbers["money"].copy(), taped.texts(), numbers["known"],
        )  # fmt: skip
        return batch, numbers["received_at"].copy(), numbers["late"].astype(np.uint8)


def _columns_read(compiled: Compiled) -> set[str]:
    """Names of the event columns that programs, features, flows and limits read."""
    columns: Any = compiled.schema.columns
    read = {
        int(r) for program in (compiled.before, compiled.early, compiled.after, compiled.late) for r in program.inputs
    }
    if compiled.given != tuple(c.name for c in compiled.features if c.role == "aggregate"):
        return {column.name for column in columns}  # the kernel counts something: keys and values of any column
    read |= {register for model in compiled.models for register in model.inputs}
    read |= {int(line[M_KEY]) for line in compiled.matrix.lines}
    read |= {int(step[F_KEY]) for step in compiled.flow.steps}
    read |= {int(limit[L_KEY]) for limit in compiled.brakes.limits}
    return {column.name for number, column in enumerate(columns) if number in read}
