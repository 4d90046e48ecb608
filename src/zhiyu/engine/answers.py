"""What a caller is told about a decision, as JSON: one shape for a fresh decision, a repeated one and one read back from the log.

In: decisions of a batch, the policy they were made under. Out: bytes of one JSON object each.
Why by hand: most decisions of a policy differ in id, position and score only; the rest of the object is made once and kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.explain import Brief, Told
from zhiyu.decisions.layout import FELL_BACK, O_APPROXIMATE, O_KEPT, O_PRINT, O_SCORE
from zhiyu.engine.opened import Opened
from zhiyu.events.refusals import Refusal
from zhiyu.policy.two_versions import version_of

_json = msgspec.json.Encoder().encode
REMEMBERED = 10_000
"""Different middles of answers that are kept made."""
_APART = (O_SCORE, O_PRINT, O_KEPT, O_APPROXIMATE)


DECIDED, TAKEN, REPEATED, REFUSED, CONFLICT = range(5)
"""What became of a record: decided; counted without a decision; known already; not taken; its id is known with other content."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """`body`: a JSON object, b"" when refused; `refusal` says why then. `asked`: the position of the event while a service is asked about
    it, and what it comes to is still to be told; else -1."""

    kind: int
    body: bytes
    refusal: Refusal | None = None
    asked: int = -1


class Answers:
    """Answers under one policy."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._policy = opened.artifact.hash
        names = [event.name for event in opened.compiled.schema.types]
        for plan in opened.compiled.waits.plans:
            names[plan.resumed] = plan.wait.of  # what went on is the same event to whoever sent it
        self.type_names = names
        self._types = list(map(_json, names))
        self._recorded = opened.recorded
        self.needs_values = opened.compiled.n_results > 0
        self._middles: dict[bytes, bytes] = {}

    def bodies(self, d: DecisionBatch, chain: bytes, repeated: bool = False) -> list[bytes]:
        """One JSON object per decision of the batch, in order."""
        again = ',"repeated":true' if repeated else ""
        receipt = f"zr1.{d.tenant}.%d.{self._policy[:32]}.{chain.hex()[:32]}"
        tail = f',"policy":"{self._policy}","receipt":"{receipt}"{again}}}'.encode()
        keys = self.keys(d)
        found = []
        kept = {int(at): line for line, at in enumerate(d.kept)} if self.needs_values else {}
        scores, marks, approximate = d.score.tolist(), d.mark.tolist(), d.approximate.tolist()
        told = self._recorded.told(d)
        positions, late, kinds = d.positions.tolist(), d.late.tolist(), d.type_index.tolist()
        for at, event_id in enumerate(d.ids.to_pylist() if hasattr(d.ids, "to_pylist") else d.ids):
            middle = self._middle(d, at, kept.get(at, -1), keys[at])
            found.append(
                b'{"id":%b,"type":%b,"position":%d,"status":"decided",%b,"score":%d%b,"late":%b,"approximate":%b,"fallback":%b'
                % (
                    _json(event_id), self._types[kinds[at]], positions[at], middle, scores[at], told[at], _bool(late[at]),
                    _bool(approximate[at]), _bool(marks[at] == FELL_BACK),
                )
                + tail % positions[at]
            )  # fmt: skip
        return found

    def keys(self, d: DecisionBatch) -> list[bytes]:
        """Per decision what its outcome, rules, reasons and actions depend on, but for the values that tables and scorecards saw."""
        lines = d.block.copy()
        lines[list(_APART)] = 0
        lines[d.first_recorded :] = 0
        joined, width = lines.T.tobytes(), lines.shape[0] * 8
        return [joined[at * width : (at + 1) * width] for at in range(d.n)]

    def spoken(self, d: DecisionBatch, at: int, line: int) -> tuple[Told, Brief]:
        """What spoke in decision number `at`; `line`: of its kept values, -1 where they are not needed or not kept."""
        if line >= 0:
            return self.opened.brief(d, line)
        told = self.opened.told(d, at, False)
        return told, self.opened.explainer.brief(told, {})

    def taken(self, event_id: str, kind: int, position: int, repeated: bool = False) -> bytes:
        """The answer for an event that is not decided: a fact, or one that the policy drops as noise."""
        status = b"noise" if self.opened.compiled.schema.types[kind].decide else b"taken"
        return b'{"id":%b,"type":%b,"position":%d,"status":"%b"%b}' % (
            _json(event_id), self._types[kind], position, status, b',"repeated":true' if repeated else b"",
        )  # fmt: skip

    def _middle(self, d: DecisionBatch, at: int, line: int, key: bytes) -> bytes:
        """Outcome, rules, reasons and actions."""
        if not self.needs_values and key in self._middles:
            return self._middles[key]
        told, brief = self.spoken(d, at, line)
        content: dict[str, Any] = {
            "outcome": told.outcome, "enforced": told.enforced, "mark": told.mark, "limit": told.limit,
            "rules": [rule.rule.name for rule in brief.rules],
            "reasons": brief.reasons, "shadow": told.quiet, "actions": [action.to_dict() for action in brief.actions],
        }  # fmt: skip
        versions = self.opened.policy.versions
        if versions is not None:
            content["version"] = version_of(told.path, versions)
        made = _json(content)[1:-1]
        if not self.needs_values and len(self._middles) < REMEMBERED:
            self._middles[key] = made
        return made


def _bool(value: Any) -> bytes:
    return b"true" if value else b"false"
