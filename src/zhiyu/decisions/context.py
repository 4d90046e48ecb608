"""What the decision kernel needs besides the events: addresses of a policy's tables, register files, scratch, the state of the brakes.

In: a compiled policy. Out: one context of 64-bit words per register file (one event, a block). The arrays live as long as this object.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions import layout as at
from zhiyu.decisions.acts import Acts
from zhiyu.expressions import load_constants
from zhiyu.policy.compile import Compiled

NO_ROWS = np.zeros(0, np.int64)


class RegisterFile:
    """`values` int64[R, B], `nulls` uint8[R, B] with the constants of all programs in place, and the kernel's context `x` for them."""

    def __init__(self, compiled: Compiled, width: int, shared: dict[int, Array]) -> None:
        self.values = np.zeros((compiled.n_registers, width), np.int64)
        self.nulls = np.ones((compiled.n_registers, width), np.uint8)
        for program in (compiled.before, compiled.early, compiled.after, compiled.late):
            load_constants(program, self.values, self.nulls)
        own: dict[int, Array] = {
            at.D_VALUES: self.values, at.D_NULLS: self.nulls, at.D_MASKS: np.zeros(len(compiled.flow.steps), np.int64),
            at.D_LAST: np.zeros(width, np.int64), at.D_TIMES: np.zeros(width, np.int64), at.D_NOWS: np.zeros(width, np.int64),
            at.D_KINDS: np.zeros(width, np.int64), at.D_ASKS: np.zeros(width, np.uint8), at.D_SUMS: np.zeros(width, np.int64),
            at.D_TAKEN: np.zeros(max(len(compiled.columns), 1), np.int64),
        }  # fmt: skip
        self.held = shared | own
        self.x = np.zeros(at.CONTEXT_WORDS, np.int64)
        for word, array in self.held.items():
            self.point(word, array)
        self.x[at.D_WIDTH] = width
        self.x[at.D_HIT_WORDS], self.x[at.D_PATH_WORDS] = hit_words(compiled), path_words(compiled)

    def point(self, word: int, array: Array) -> None:
        """Let a word of the context lead to this array, which is held."""
        self.held[word] = array
        self.x[word] = array.ctypes.data
        self.x[at.D_SIZES + word] = len(array)


class Deciding:
    """The decision kernel's side of an engine: register files for one event and for blocks, and the brakes' state."""

    def __init__(self, compiled: Compiled, block: int) -> None:
        brakes, flow = compiled.brakes, compiled.flow
        programs = {"before": compiled.before, "early": compiled.early, "after": compiled.after, "late": compiled.late}
        self.sets = {name: program.sets.copy() for name, program in programs.items()}
        self._asked = [
            (self.sets[name], [offset for _, offset in program.list_offsets]) for name, program in programs.items()
        ]
        self.acts = Acts(brakes)
        self.spent = np.zeros(2, np.int64)
        self.models = [model.prepared() for model in compiled.models]
        plans = [[model.plan.ctypes.data, by.types] for model, by in zip(self.models, compiled.models)]
        shared: dict[int, Array] = {
            at.D_EARLY: compiled.early.code, at.D_EARLY_SETS: self.sets["early"],
            at.D_MATRIX: compiled.matrix.lines, at.D_MATRIX_ARMS: compiled.matrix.arms, at.D_RECORDED: compiled.matrix.recorded,
            at.D_MODELS: np.array(plans, np.int64).reshape(-1, 2), at.D_MODEL_ROWS: np.zeros(block, np.int64),
            at.D_BEFORE: compiled.before.code, at.D_BEFORE_SETS: self.sets["before"], at.D_AFTER: compiled.after.code,
            at.D_AFTER_SETS: self.sets["after"], at.D_LATE: compiled.late.code, at.D_LATE_SETS: self.sets["late"],
            at.D_RULES: compiled.rules, at.D_SETS: compiled.sets, at.D_MARKS: compiled.thresholds, at.D_CARDS: compiled.cards,
            at.D_BANDS: compiled.bands, at.D_TABLES: compiled.tables, at.D_LINES: compiled.table_lines, at.D_COLUMNS: compiled.columns,
            at.D_POINTS: compiled.points, at.D_CELLS: compiled.cells, at.D_STEPS: flow.steps, at.D_CASES: flow.cases, at.D_ARMS: flow.arms,
            at.D_STARTS: flow.starts, at.D_DROPS: compiled.drops, at.D_WATCHED: compiled.watched, at.D_RESULTS: compiled.results,
            at.D_BRAKES: brakes.settings, at.D_LIMITS: self.acts.limits, at.D_ACTS: self.acts.words, at.D_SPENT: self.spent,
            at.D_FROZEN: NO_ROWS, at.D_FROZEN_VALUES: NO_ROWS, at.D_FROZEN_NULLS: np.zeros(0, np.uint8),
            at.D_COUNTED: compiled.watched[compiled.counted], at.D_SNOOZES: np.zeros((0, 4), np.int64),
            at.D_SNOOZED: np.zeros(len(compiled.rules) + 1, np.int64),
        }  # fmt: skip
        self.words = hit_words(compiled), path_words(compiled)
        self.files = tuple(RegisterFile(compiled, width, shared) for width in (1, block))

    def file(self, events: int) -> RegisterFile:
        """The register file for a batch of so many events."""
        return self.files[0 if events == 1 else 1]

    def point(self, word: int, array: Array) -> None:
        """Let a word of all contexts lead to this array."""
        for file in self.files:
            file.point(word, array)

    def watch_lists(self, address: int) -> None:
        """Let `in` ask the table of list members at this address."""
        for sets, offsets in self._asked:
            sets[offsets] = address

    def freeze(self, file: RegisterFile, rows: Array, values: Array, nulls: Array) -> None:
        """In the next batch the features of these rows (ascending) are these: int64[k, A], uint8[k, A] of `Compiled.counted`."""
        if len(rows) or file.x[at.D_SIZES + at.D_FROZEN]:
            file.point(at.D_FROZEN, rows)
            file.point(at.D_FROZEN_VALUES, values)
            file.point(at.D_FROZEN_NULLS, nulls)

    def snooze(self, lines: Array, starts: Array) -> None:
        """Rules that are quiet, int64[k, 4] by rule, and where each rule's lines begin."""
        self.point(at.D_SNOOZES, lines)
        self.point(at.D_SNOOZED, starts)

    def facts(self) -> dict[str, Any]:
        """The brakes' state, for a snapshot."""
        return {"acts": self.acts.facts(), "spent": self.spent.tolist()}

    def restore(self, facts: dict[str, Any]) -> None:
        """Take up the brakes' state of a snapshot of the same policy."""
        self.acts.restore(facts["acts"])
        self.spent[:] = facts["spent"]


def hit_words(compiled: Compiled) -> int:
    """64-bit words of rule bits per row, at least one."""
    return max(-(-len(compiled.rules) // at.HIT_BITS), 1)


def path_words(compiled: Compiled) -> int:
    """64-bit words of path bits per row; none without flows."""
    return -(-len(compiled.flow.visited) // at.HIT_BITS)
