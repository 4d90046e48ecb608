"""Reads a run folder back: find a decision by id, with the values it saw.

In: `DIR/<tenant>/` as `decision_files` writes it. Out: `Explanation`. Only the row groups that can hold the id are read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.decisions.explain import Explanation, Told
from zhiyu.decisions.values import seen_form
from zhiyu.engine.decision_files import DECISIONS, POLICY, RESUMED, RESUMED_VALUES, RUN, VALUES
from zhiyu.engine.opened import Opened, open_artifact
from zhiyu.policy.artifact import Artifact


class RunReader:
    """One finished run. InputError when the folder is not one."""

    def __init__(self, root: Path, tenant: str = "default") -> None:
        self.folder = root / tenant
        if not (self.folder / RUN).is_file():
            tenants = [p.name for p in root.iterdir() if (p / RUN).is_file()] if root.is_dir() else []
            hint = did_you_mean(tenant, tenants) or (
                Hint(f"tenants there: {', '.join(tenants)}", f"已有租户：{'、'.join(tenants)}")
                if tenants
                else Hint("run `zhiyu replay` first", "请先运行 `zhiyu replay`")
            )
            raise InputError(
                f"no finished run of tenant '{tenant}' in {root}; {hint.en}",
                f"{root} 中没有租户“{tenant}”的完整运行；{hint.zh}",
            )
        self.facts: dict[str, Any] = json.loads((self.folder / RUN).read_text(encoding="utf-8"))
        self.opened: Opened = open_artifact(Artifact.from_json((self.folder / POLICY).read_bytes()), tenant)

    def find(self, event_id: str) -> dict[str, Any]:
        """The line of a decision; InputError with a close id when there is none."""
        table = self._filtered(DECISIONS, pc.field("event_id") == event_id)
        if not table.num_rows:
            sample = (
                pq.ParquetFile(self.folder / DECISIONS).read_row_group(0, ["event_id"])["event_id"].to_pylist()[:5000]
            )
            hint = (
                did_you_mean(event_id, sample) or Hint(f"ids look like '{sample[0]}'", f"编号形如“{sample[0]}”")
                if sample
                else Hint("the run has no decisions", "这次运行没有决策")
            )
            raise InputError(
                f"no decision '{event_id}' in {self.folder}; {hint.en}",
                f"{self.folder} 中没有决策“{event_id}”；{hint.zh}",
            )
        line: dict[str, Any] = table.to_pylist()[0]
        return line

    def _filtered(self, name: str, condition: Any) -> pa.Table:
        return pq.read_table(self.folder / name, filters=condition)

    def explain(self, event_id: str) -> Explanation:
        """Explain a decision from what was kept; a pass keeps reasons and position, not the values."""
        line = self.find(event_id)
        return self._explained(line, self._filtered(VALUES, pc.field("position") == line["position"]).to_pylist())

    def went_on(self, event_id: str) -> list[tuple[dict[str, Any], Explanation]]:
        """What the decision became each time a wait of it ended: (how it ended, why it came out so); empty when it never waited."""
        if not (self.folder / RESUMED).is_file():
            return []
        same = pc.field("position") == self.find(event_id)["position"]
        lines = sorted(self._filtered(RESUMED, same).to_pylist(), key=lambda line: line["revision"])
        values = {each["revision"]: [each] for each in self._filtered(RESUMED_VALUES, same).to_pylist()}
        return [
            (
                {"at": line["received_at"].isoformat()}
                | {name: line[name] for name in ("cause", "answer", "waits", "stays", "changes")},
                self._explained(line, values.get(line["revision"], [])),
            )
            for line in lines
        ]

    def asks(self, explained: Explanation) -> str:
        """The service that was asked where this decision was held; "" where it was not held for one."""
        last = explained.path[-1].rpartition("/")[2] if explained.path else ""
        calls = {plan.wait.node: plan.wait.call for plan in self.opened.compiled.waits.plans if plan.call is not None}
        return calls.get(last, "")

    def _explained(self, line: dict[str, Any], values: list[dict[str, Any]]) -> Explanation:
        seen, shown = self._seen(values[0]) if values else ({}, {})
        told = Told(
            line["event_id"], self._declared(line["event_type"]), line["position"], line["time"].isoformat(), line["outcome"],
            line["score"], line["rules"], line["enforced"], line["mark"], line["quiet"], line["path"], line["late"], line["approximate"],
            bool(values),
            line["limit"], {name: line[f"spoke.{name}"] for name in self.opened.compiled.matrix.cells if line.get(f"spoke.{name}")},
        )  # fmt: skip
        return self.opened.explainer.explain(told, seen, shown)

    def _declared(self, kind: str) -> str:
        """An event type as it was declared, where `kind` is what it is called after a call."""
        types = self.opened.compiled.schema.types
        plans = (plan for plan in self.opened.compiled.waits.plans if plan.call is not None)
        return {types[plan.resumed].name: plan.wait.of for plan in plans}.get(kind, kind)

    def _seen(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        compiled = self.opened.compiled
        types = {f"event.{c.name}": (c.name, c.type) for c in compiled.schema.columns if c.role in ("field", "signal")}
        types |= {f.name: (f.name, f.type) for f in compiled.features}
        seen = {name: seen_form(type_, values.get(key)) for key, (name, type_) in types.items()}
        shown = {name: values.get(key) for key, (name, _) in types.items()}
        return seen, shown
