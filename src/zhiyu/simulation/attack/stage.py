"""Where an attack takes place: honest customers of the simulated lender before it and beside it, and the victims among them.

In: an opened policy, a seed. Out: `Stage`: the state of the engine when the attack begins, the honest events that come meanwhile, and
for each victim what an ordinary event of each type looks like. InputError when the policy lacks what an attack needs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhiyu.base.errors import InputError
from zhiyu.engine.engine import Engine
from zhiyu.engine.holds import shown_of
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.calls import ABOUT
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.answers import answer_table, with_answers
from zhiyu.simulation.lender.render import tables
from zhiyu.simulation.lender.rows import TYPES
from zhiyu.simulation.lender.services import known_outside

WARM_DAYS, ATTACK_DAYS, CUSTOMERS = 20, 30, 1_200
BEGIN_MS = WARM_DAYS * p.DAY_MS
MIN_EVENTS = 4
"""Events that a victim has had in the time before."""
SESSION = (
    "device", "device_model", "os", "app_version", "channel", "ip", "wifi", "place", "place_city", "emulator", "rooted", "proxy",
    "remote_control", "on_call", "duration_s",
)  # fmt: skip
Say = Callable[[float], None]
Record = dict[str, Any]


class Stage:
    """`victims`: customer codes; `plain[type][customer]`: a record; `some[type]`: records of anybody; `session[customer]`: where they
    usually are."""

    def __init__(self, opened: Opened, seed: int, say: Say = lambda done: None) -> None:
        self.opened, self.seed = opened, seed
        self.types = {event.name for event in opened.policy.events}
        self.decided = {event.name for event in opened.policy.events if event.decide}
        honest = self._honest(seed)
        say(0.2)
        early = pc.less(honest["at"], BEGIN_MS)
        before, meanwhile = honest.filter(early), honest.filter(pc.invert(early))
        self._room = tempfile.TemporaryDirectory()
        self.snapshot = Path(self._room.name)
        engine = Engine(opened.compiled, opened.codes, opened.tenant)
        engine.process(self.decoded(before))
        engine.snapshot(self.snapshot, {})
        say(0.7)
        self.meanwhile = self.decoded(meanwhile)
        self._learn(before)
        say(1.0)

    def _honest(self, seed: int) -> pa.Table:
        """Events of honest people of types that the policy has, with `at`: milliseconds since the start."""
        made = make_lender(Wanted(WARM_DAYS + ATTACK_DAYS, CUSTOMERS, seed, 0))
        person = made.events["person"].astype(np.int64)
        good = (made.events["kind"] == 0) & (made.people.kind[np.maximum(person, 0)] == 0)
        good &= np.isin(made.events["type"], [number for number, name in enumerate(TYPES) if name in self.types])
        if not good.any():
            mine, known = ", ".join(sorted(self.types)), ", ".join(TYPES[:12])
            raise InputError(
                f"the policy has no event of the loan vocabulary (it has {mine}; the simulated lender sends {known} …)",
                f"策略中没有贷款词汇表的事件（策略有 {mine}；模拟机构发送 {known} 等）",
            )
        whole = pa.concat_tables(tables(made)).filter(pa.array(good))
        answers = answer_table(made, self.opened.policy, known_outside(made), 0, len(made.events))
        if ABOUT in answers.column_names:
            whole = with_answers(whole, answers.filter(pc.is_in(answers[ABOUT], whole["id"].combine_chunks())))
        moment = whole["time"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
        return whole.append_column("at", pc.subtract(moment, p.START_MS))

    def decoded(self, table: pa.Table) -> EventBatch:
        """Records through the policy's door; what it refuses is left out. InputError when that is most of them."""
        columns = {name: table[name].combine_chunks() for name in table.column_names if name != "at"}
        columns = {name: each.chunk(0) if isinstance(each, pa.ChunkedArray) else each for name, each in columns.items()}
        found = decode(self.opened.compiled.schema, None, RawBatch(columns), self.opened.codes, self.opened.tenant)
        if 2 * len(found.refusals) > len(table):
            first = found.refusals[0]
            raise InputError(
                f"the policy refuses events of the simulated lender ({len(found.refusals):,} of {len(table):,}): {first.en}",
                f"策略拒收模拟机构的事件（{len(table):,} 个中的 {len(found.refusals):,} 个）：{first.zh}",
            )
        # Texts that only explanations need are left out, but for what answers are about.
        found.batch.shown = {name: shown for name, shown in found.batch.shown.items() if name == ABOUT}
        return found.batch

    def _learn(self, before: pa.Table) -> None:
        """Who the victims may be, and what their events look like."""
        kept = [name for name in before.column_names if name not in ("id", "time", "at")]
        self.plain: dict[str, dict[str, Record]] = {}
        self.some: dict[str, list[Record]] = {}
        self.session: dict[str, Record] = {}
        counts: dict[str, int] = {}
        for row in before.select(kept).to_pylist():
            record = {name: value for name, value in row.items() if value is not None}
            if ABOUT in record and record["type"] not in TYPES:
                continue  # an answer of a service
            who = record.get("customer")
            self.some.setdefault(record["type"], []).append(record)
            if who is None:
                continue
            counts[who] = counts.get(who, 0) + 1
            self.plain.setdefault(record["type"], {})[who] = record
            if "device" in record:
                self.session[who] = {name: record[name] for name in SESSION if name in record}
        self.victims = sorted(
            who for who, count in counts.items() if count >= MIN_EVENTS and (who in self.session or not self.session)
        )

    def engine(self) -> Engine:
        """An engine as it stands when the attack begins."""
        found = Engine(self.opened.compiled, self.opened.codes, self.opened.tenant)
        found.restore(self.snapshot)
        return found

    def close(self) -> None:
        """Remove what stands on the disk."""
        self._room.cleanup()


def woven(parts: list[tuple[EventBatch, NDArray[np.int64]]], first_position: int) -> EventBatch:
    """Some rows of several batches as one batch in order of time (ties: in the order of the parts)."""
    batches = [batch for batch, _ in parts]
    rows = [chosen for _, chosen in parts]
    time = np.concatenate([batch.time_ms[chosen] for batch, chosen in parts])
    order = np.argsort(time, kind="stable")

    def line(name: str) -> Any:
        return np.concatenate([getattr(batch, name)[chosen] for batch, chosen in zip(batches, rows)])[order]

    ids = pa.concat_arrays(
        [pa.array(batch.ids, pa.string()).take(pa.array(chosen)) for batch, chosen in zip(batches, rows)]
    )
    about: list[Any] = []
    for batch, chosen in parts:
        texts = batch.shown.get(ABOUT)
        about += [None] * len(chosen) if texts is None else shown_of(texts, chosen.tolist())
    shown = {ABOUT: [about[at] for at in order.tolist()]} if any(ABOUT in batch.shown for batch in batches) else {}
    return EventBatch(
        batches[0].tenant, np.arange(first_position, first_position + len(order)), ids.take(pa.array(order)), line("id_code"),
        line("body_code"), line("type_index"), time[order],
        np.ascontiguousarray(np.concatenate([batch.values[:, chosen] for batch, chosen in parts], axis=1)[:, order]),
        np.ascontiguousarray(np.concatenate([batch.nulls[:, chosen] for batch, chosen in parts], axis=1)[:, order]),
        line("labels"), batches[0].label_delay_ms, line("money"), dict(shown),
    )  # fmt: skip
