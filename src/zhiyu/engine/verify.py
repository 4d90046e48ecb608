"""Decides decisions again, offline, and says whether they hold: the proof behind a receipt.

In: what a data folder keeps, receipts (or a range of positions). Out: `Findings`.
Three questions, in this order. Does the receipt fit the log: is the chain of its frame the one on the receipt? Is the log whole, from there
to its end: does every frame follow the one before? Does the decision come out again, bit for bit, from the newest snapshot before it and
the events after that, with the policy that decided? Nothing is written, and no clock or chance enters: the answer is the same for everyone.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from zhiyu.base.errors import LimitExceeded, ZhiyuError
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.answers import Answers
from zhiyu.engine.compared import Compared, outcome_name
from zhiyu.engine.event_frames import noted
from zhiyu.engine.finals import calls_in_json
from zhiyu.engine.kept import Kept
from zhiyu.engine.receipts import DIGITS, Receipt
from zhiyu.engine.redo import Redo, Unable
from zhiyu.engine.verdicts import Difference, Findings, Status, Verdict
from zhiyu.engine.wait_answers import SAID_LATER
from zhiyu.engine.went_on import steps_in
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.log.segments import LogDamaged

MAX_RECEIPTS = 10_000
Say = Callable[[str, float], None]
"""Told what is being done ("chain", "decide") and how far it is, 0 to 1."""
Place = tuple[int, int]
"""Position of an event, and which step after waiting (0: the first decision)."""


def place_of(receipt: Receipt) -> Place:
    """Which decision a receipt is of."""
    return receipt.position, receipt.revision


class WrongKey(ZhiyuError):
    """The ids in the log were made under another key."""

    code = "wrong_key"
    status = 400


@dataclass(frozen=True, slots=True)
class _Found:
    """A decision that a receipt asks for, as the log has it. `at`: its number in the frame, -1: nothing was decided at the
    position; `next`: the position after the frame."""

    chain: str
    policy: str
    decisions: DecisionBatch
    at: int
    next: int = 0
    later: Resumed | None = None
    """Where it went on after a wait or a call: what it was decided with."""


class Verifier:
    """Over one tenant's folder. `oldest`: decide again from the oldest snapshot instead of the newest before a decision, so that later
    snapshots need not be trusted."""

    def __init__(self, kept: Kept, say: Say = lambda what, done: None, oldest: bool = False) -> None:
        self.kept, self.say, self.oldest = kept, say, oldest
        log = kept.log
        self.findings = Findings(kept.tenant, log.first, log.position, log.chain.hex())
        self.findings.promise = kept.promise.to_dict()
        self._found: dict[Place, _Found] = {}
        self._later: set[Place] = set()
        self._redo = Redo(kept, lambda done: say("decide", done), oldest, self.findings.notes)
        self._intact_to = log.position

    def receipts(self, receipts: Sequence[Receipt], answers: Mapping[str, Mapping[str, Any]] | None = None) -> Findings:
        """A verdict per receipt, in order. `answers`: what the caller was told, by receipt; then that is compared too. LimitExceeded above
        MAX_RECEIPTS; WrongKey when the log is of another ZHIYU_KEY."""
        if len(receipts) > MAX_RECEIPTS:
            raise LimitExceeded(
                f"more than {MAX_RECEIPTS:,} receipts at once; use --from and --until",
                f"一次超过 {MAX_RECEIPTS:,} 张回执；请使用 --from 与 --until",
            )
        began = time.perf_counter()
        log = self.kept.log
        kept = [r for r in receipts if log.first <= r.position < log.position]
        self._later = {place_of(r) for r in kept if r.revision}
        if kept:
            self._walk(min(r.position for r in kept), sorted({r.position for r in kept if not r.revision}))
        early = {receipt: self._before_deciding(receipt, (answers or {}).get(str(receipt))) for receipt in receipts}
        again = self._again(sorted({place_of(r) for r, verdict in early.items() if verdict is None}))
        for receipt in receipts:
            self.findings.add(early[receipt] or again[place_of(receipt)](receipt))
        self.findings.seconds = time.perf_counter() - began
        return self.findings

    def span(self, first: int, end: int) -> Findings:
        """Every decision at positions [first, end): counts, and a verdict for each that does not hold."""
        began = time.perf_counter()
        log = self.kept.log
        first, end = max(first, log.first), min(end, log.position)
        self._walk(first, ())
        end = min(end, self._intact_to)
        inside = sorted(int(folder.name) for folder in self.kept.snapshots if first < int(folder.name) < end)
        if self.oldest:  # one go, but for what stands before the first snapshot when the log does not begin at 0
            inside = inside[:1] if log.first > 0 and all(int(f.name) > first for f in self.kept.snapshots) else []
        for low, high in pairwise([first, *inside, end]):
            if low < high:
                self._decide_span(low, high, first)
        self.findings.seconds = time.perf_counter() - began
        return self.findings

    def _decide_span(self, low: int, high: int, first: int) -> None:
        """Decisions at positions [low, high), and what went on there of events from `first` on."""
        try:
            compared, snapshot, events = self._redo.run(low, high, lambda position: low <= position < high)
        except Unable as unable:
            status = "gone" if unable.gone else "damaged"
            self.findings.counts[status] += _decisions(self.kept.log.frames(low), low, high)
            self.findings.notes.append(f"{low:,}–{high:,}: {unable.en}")
            return
        for status, count in (("holds", compared.same), ("differs", compared.wrong)):
            if count:
                self.findings.counts[status] += count
        for position, differences in compared.differences.items():
            self.findings.verdicts.append(_differs(str(position), position, None, snapshot, events, differences))
        for place, differences in compared.later.items():
            if place[0] < first or place in self._later:
                continue
            self._later.add(place)  # spans may overlap
            self.findings.counts["differs" if differences else "holds"] += 1
            if differences:
                named = f"{place[0]}~{place[1]}"
                self.findings.verdicts.append(_differs(named, place[0], None, snapshot, events, differences))

    def _walk(self, start: int, wanted: Sequence[int]) -> None:
        """Check the chain from the segment that holds `start` to the end, and pick up what the receipts ask for."""
        log, last, at, keyed = self.kept.log, -1, 0, False
        self.findings.checked_from = start
        span = max(log.position - start, 1)
        try:
            for frame in log.frames(start):
                header = frame.header
                last, self.findings.frames = header.next, self.findings.frames + 1
                if header.kind == EVENTS and not keyed:
                    keyed = self._require_key(frame)
                stop = bisect_left(wanted, header.next, at)
                if stop > at and header.kind == EVENTS:
                    self._pick(frame, wanted[at:stop])
                if self._later:
                    self._pick_later(frame)
                at = stop
                if self.findings.frames % 64 == 0:
                    self.say("chain", (header.next - start) / span)
        except LogDamaged as damaged:
            self._intact_to = max(last, start)
            self.findings.damage, self.findings.damage_zh = damaged.en, damaged.zh

    def _pick(self, frame: Frame, positions: Sequence[int]) -> None:
        note = noted(frame.payload, self.kept.tenant)
        decided = {position: at for at, position in enumerate(note.decisions.positions.tolist())}
        for position in positions:
            at = decided.get(position, -1)
            self._found[position, 0] = _Found(
                frame.header.chain.hex(), note.policy, note.decisions, at, frame.header.next
            )

    def _pick_later(self, frame: Frame) -> None:
        positions = {position for position, _ in self._later}
        for step in steps_in(frame, self.kept.tenant, positions.__contains__):
            place = int(step.part.decisions.positions[step.at]), step.revision
            if place in self._later:
                chain, after = frame.header.chain.hex(), frame.header.next
                self._found[place] = _Found(chain, step.policy, step.part.decisions, step.at, after, step.part)

    def _require_key(self, frame: Frame) -> bool:
        """The ids of a frame must be coded by our key."""
        note = noted(frame.payload, self.kept.tenant)
        if not note.batch.n:
            return False
        try:
            opened = self.kept.policy(note.policy)
        except ZhiyuError:
            return False  # said where it matters
        kind = opened.compiled.schema.types[int(note.batch.type_index[0])].name
        code = opened.codes.derived(f"id {kind}").wide(str(note.batch.ids[0]))
        if tuple(code) != tuple(note.batch.id_code[0].tolist()):
            raise WrongKey(
                f"the log of '{self.kept.tenant}' was written under another ZHIYU_KEY; set the one that the server has, and verify again",
                f"租户“{self.kept.tenant}”的日志是用另一个 ZHIYU_KEY 写的；请设置与服务相同的密钥后重试",
            )
        return True

    def _before_deciding(self, receipt: Receipt, answer: Mapping[str, Any] | None) -> Verdict | None:
        """The verdict, when it is clear without deciding again."""
        log, position = self.kept.log, receipt.position
        if receipt.tenant != self.kept.tenant:
            return _verdict(receipt, "altered", f"it is of tenant '{receipt.tenant}'", f"属于租户“{receipt.tenant}”")
        if position < log.first:
            return _verdict(
                receipt, "gone", f"its record is kept no more: the log begins at position {log.first:,}",
                f"记录已不再留存：日志从位置 {log.first:,} 开始",
            )  # fmt: skip
        if position >= log.position:
            return _verdict(
                receipt, "unknown", f"the log ends at position {log.position:,}: its end was cut off, or the receipt is of another log",
                f"日志止于位置 {log.position:,}：其末尾被截去，或回执属于另一日志",
            )  # fmt: skip
        found = self._found.get(place_of(receipt))
        if found is None and (position >= self._intact_to or (receipt.revision and self.findings.damage)):
            return _verdict(receipt, "damaged", self.findings.damage, self.findings.damage_zh)
        if found is None or found.at < 0:
            return _verdict(receipt, "unknown", "nothing was decided at this position", "该位置没有决策")
        return _unfit(receipt, found) or self._other_answer(receipt, found, answer)

    def _other_answer(self, receipt: Receipt, found: _Found, answer: Mapping[str, Any] | None) -> Verdict | None:
        """Whether the answer, as its holder has it, says what the log says."""
        if answer is None:
            return None
        try:
            answers = Answers(self.kept.policy(found.policy))
        except ZhiyuError as gone:
            return _verdict(receipt, "damaged", gone.en, gone.zh, found)
        chosen = found.decisions.at([found.at])  # type: ignore[arg-type]
        told = msgspec.json.decode(answers.bodies(chosen, bytes.fromhex(found.chain))[0])
        later = set(SAID_LATER)
        if found.later is not None and "calls" in answer:
            told["calls"] = calls_in_json(answers.opened, found.later, found.at)
            later.remove("calls")
        names = [
            name
            for name in dict.fromkeys([*told, *answer])
            if name not in ("repeated", *later)
            and (name != "receipt" or not receipt.revision)
            and told.get(name) != answer.get(name)
        ]
        if not names:
            return None
        unlike = tuple(Difference(name, told.get(name), answer.get(name)) for name in names)
        said = "; ".join(f"{d.what} is {d.noted}, not {d.found}" for d in unlike[:3])
        said_zh = "；".join(f"{d.what} 应为 {d.noted}，而非 {d.found}" for d in unlike[:3])
        return _verdict(
            receipt, "altered", f"the answer was changed: {said}", f"应答被改动：{said_zh}", found, differences=unlike
        )

    def _again(self, places: Sequence[Place]) -> dict[Place, Callable[[Receipt], Verdict]]:
        """Decide these again, those that share a snapshot in one go; how to judge each receipt."""
        found: dict[Place, Callable[[Receipt], Verdict]] = {}
        groups: dict[int, list[Place]] = {}
        for place in places:
            before = [int(folder.name) for folder in self.kept.snapshots if int(folder.name) <= place[0]]
            groups.setdefault(max(before, default=-1) if not self.oldest else -1, []).append(place)
        for group in groups.values():
            found |= self._again_from_one(group)
        return found

    def _again_from_one(self, group: Sequence[Place]) -> dict[Place, Callable[[Receipt], Verdict]]:
        asked = {position for position, revision in group if not revision}
        end = max(self._found[place].next if place[1] else place[0] + 1 for place in group)
        try:
            compared, snapshot, events = self._redo.run(group[0][0], end, asked.__contains__)
        except Unable as unable:
            gone: Status = "gone" if unable.gone else "damaged"
            return {p: lambda r, e=unable: _verdict(r, gone, e.en, e.zh, self._found[place_of(r)]) for p in group}  # type: ignore[misc]
        return {p: lambda r: self._judged(r, compared, snapshot, events) for p in group}

    def _judged(self, receipt: Receipt, compared: Compared, snapshot: int, events: int) -> Verdict:
        found, position = self._found[place_of(receipt)], receipt.position
        if receipt.revision:
            differences = compared.later.get(place_of(receipt), (Difference("decided", "yes", "no"),))
            if differences:
                return _differs(str(receipt), position, found, snapshot, events, differences)
        elif position in compared.differences or position not in compared.seen:
            differences = compared.differences.get(position, (Difference("decided", "yes", "no"),))
            return _differs(str(receipt), position, found, snapshot, events, differences)
        beside, beside_zh = "", ""
        if compared.beside:
            where = f"{compared.first_beside:,}"
            beside = f"; but {compared.beside:,} other decisions on the way come out otherwise, the first at position {where}"
            beside_zh = f"；但途中另有 {compared.beside:,} 个决策结果不同，首个在位置 {where}"
        base = f"snapshot {snapshot:,}" if snapshot >= 0 else "the begin of the log"
        base_zh = f"快照 {snapshot:,}" if snapshot >= 0 else "日志开头"
        en = f"decided again from {base} and {events:,} events after it: outcome, score, rules and every value are as noted{beside}"
        zh = f"从{base_zh}及其后 {events:,} 个事件重新决策：结论、分数、规则与全部取值均与记录一致{beside_zh}"
        return _verdict(receipt, "holds", en, zh, found, snapshot, events)


def _decisions(frames: Iterator[Frame], low: int, high: int) -> int:
    """How many decisions the frames hold at positions [low, high)."""
    count = 0
    for frame in frames:
        if frame.header.first >= high:
            break
        if frame.header.kind == EVENTS:
            positions = noted(frame.payload, "").decisions.positions
            count += int(((positions >= low) & (positions < high)).sum())
    return count


def _unfit(receipt: Receipt, found: _Found) -> Verdict | None:
    if found.chain[:DIGITS] != receipt.chain:
        return _verdict(
            receipt, "altered",
            "its chain is not that of the log at this position: the receipt was altered, is of another log, or the log was written anew",
            "其链值与日志该位置不符：回执被改动、属于另一日志，或日志被重写", found,
        )  # fmt: skip
    if found.policy[:DIGITS] != receipt.policy:
        en = f"it names policy {receipt.policy[:12]}, but {found.policy[:12]} decided"
        return _verdict(
            receipt, "altered", en, f"回执写的策略是 {receipt.policy[:12]}，而决策所用为 {found.policy[:12]}", found
        )
    return None


def _verdict(
    receipt: Receipt, status: Status, en: str, zh: str, found: _Found | None = None, snapshot: int | None = None, events: int = 0,
    differences: tuple[Difference, ...] = (),
) -> Verdict:  # fmt: skip
    event_id = outcome = ""
    if found is not None and found.at >= 0:
        event_id, outcome = str(found.decisions.ids[found.at]), outcome_name(found.decisions, found.at)
    policy = found.policy if found else ""
    return Verdict(
        str(receipt), status, en, zh, receipt.position, event_id, outcome, policy, snapshot, events, differences
    )


def _differs(
    receipt: str, position: int, found: _Found | None, snapshot: int, events: int, differences: tuple[Difference, ...]
) -> Verdict:
    said = "; ".join(map(str, differences[:4]))
    en, zh = f"decided again it comes out otherwise: {said}", f"重新决策结果不同：{said}"
    event_id = outcome = ""
    if found is not None:
        event_id, outcome = str(found.decisions.ids[found.at]), outcome_name(found.decisions, found.at)
    policy = found.policy if found else ""
    return Verdict(receipt, "differs", en, zh, position, event_id, outcome, policy, snapshot, events, differences)
