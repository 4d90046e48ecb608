"""What the adversary sends: a way, a kind of fraud and a victim become records of the loan vocabulary.

In: a stage, a kind, ways, which victims. Out: `Script`: records in order of time, and for each the operation, the victim, whether it
moves money, what it costs. Whatever the way leaves open is what an ordinary event of the victim looks like.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.asked import answers_to, said_of
from zhiyu.simulation.attack.means import Means
from zhiyu.simulation.attack.stage import BEGIN_MS, Record, Stage
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Chance
from zhiyu.simulation.lender.people import hub_ip

KINDS = ("abnormal_use", "takeover", "batch", "scam_victim", "cash_out")
KINDS_ZH = {
    "abnormal_use": "盗刷账户", "takeover": "盗号支用", "batch": "假冒身份申请", "scam_victim": "电信诈骗", "cash_out": "套现",
}  # fmt: skip
NEEDS = {
    "abnormal_use": ("payment",), "takeover": ("draw_down", "transfer"), "batch": ("application",),
    "scam_victim": ("draw_down", "transfer"), "cash_out": ("payment",),
}  # fmt: skip
"""Types of event of which the policy must decide at least one."""
MONEY = {
    "abnormal_use": ("payment",), "takeover": ("draw_down", "transfer"), "batch": ("draw_down",),
    "scam_victim": ("draw_down", "transfer"), "cash_out": ("payment",),
}  # fmt: skip
SEEN_BY = {"device": ("device",), "place": ("place_city", "place", "ip"), "channel": ("channel",), "contact": ("contact_phone",),
           "identity": ("bureau_score", "lenders_30d", "debt_total", "credit_points", "card_is_holders", "phone_is_holders"),
           "coach": ("remote_control", "on_call"), "payee": ("payee",), "hands": ("device",), "fee": ("payee",),
           "face": ("face_likeness",)}  # fmt: skip
"""Fields of events, or of answers of services, by which a policy could notice a knob."""
FEE_PERCENT = 8
"""Of what is turned into cash, for the ring."""
HOURS = (3, 14)
_FIRST_NEW = 700_000_000
_SMALL = 26.4


def lacking(stage: Stage, kind: str) -> tuple[str, str] | None:
    """What the policy lacks for a kind of fraud, in English and Chinese; None when nothing."""
    have = [name for name in NEEDS[kind] if name in stage.decided]
    if not have:
        needs = " or ".join(NEEDS[kind])
        return f"{kind} needs a decided event type {needs}", f"{kind} 需要可决策的事件类型 {needs}"
    for event in stage.opened.policy.events:
        missing = [name for name in ("customer", "amount") if name not in event.fields]
        if event.name in have and missing:
            names = ", ".join(missing)
            return f"{kind} needs the fields {names} of {event.name}", f"{kind} 需要 {event.name} 的字段 {names}"
    return None


def knobs_of(stage: Stage, kind: str) -> tuple[str, ...]:
    """Knobs that the policy could notice."""
    fields = {name for event in stage.opened.policy.events for name in event.fields}
    fields |= {name for service in stage.opened.policy.services for name in service.answer}
    money = [name for name in MONEY[kind] if name in stage.types]
    receiver = {"payment": "merchant", "draw_down": "payee", "transfer": "payee"}
    found = ["hour", "quiet"]
    if b'"challenge"' in msgspec.json.encode(stage.opened.policy):
        found.append("codes")
    if money:
        found += ["parts", "pause"]
    if kind != "batch" and any(
        receiver[name] in event.fields for event in stage.opened.policy.events for name in money if event.name == name
    ):
        found.append("receiver")
    found += [
        name
        for name, by in SEEN_BY.items()
        if fields & set(by)
        and (name not in w.ONLY_WITH_APPLICATION or kind == "batch")
        and kind in w.OWN_KNOBS.get(name, (kind,))
    ]
    if kind == "batch" or kind in w.WILLING:
        found.remove("quiet")
    if kind in w.WILLING:  # the customer acts, at home and on a telephone of his own
        found = [name for name in found if name not in ("device", "place", "channel")]
    if "transfer" not in stage.types:
        found = [name for name in found if name not in ("fee", "payee")]
    return tuple(name for name in w.NAMES if name in found)


@dataclass
class Script:
    """`records` in order of time; per record: `operation` (which of the ways), `victim` (number within the script), `moves` (fen of
    the goal that it moves), `cost` in yuan."""

    records: list[Record] = field(default_factory=list)
    operation: list[int] = field(default_factory=list)
    victim: list[int] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    at_ms: list[int] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    """Yuan that each operation spends per victim before its first event."""
    answers: list[tuple[str, Record]] = field(default_factory=list)
    """What services say: id of the event it is about, answer."""

    def in_order(self) -> Script:
        """The same by time."""
        order = sorted(range(len(self.records)), key=lambda i: (self.at_ms[i], i))
        return Script(
            **{name: [getattr(self, name)[i] for i in order] for name in _PER_RECORD},
            base=self.base,
            answers=self.answers,
        )


_PER_RECORD = ("records", "operation", "victim", "moves", "cost", "at_ms")


class Writer:
    """Writes scripts of one kind. `goal_fen`: what a fraud is after."""

    def __init__(self, stage: Stage, kind: str, means: Means, goal_fen: int, victims: int) -> None:
        self.stage, self.kind, self.means, self.goal_fen, self.each = stage, kind, means, goal_fen, victims
        self.chance = Chance(stage.seed)
        self.money = [name for name in MONEY[kind] if name in stage.types]
        self._number = 0
        if kind != "batch" and len(stage.victims) < victims:
            raise InputError("too few victims with a history in the simulated lender", "模拟机构中有历史的受害者不足")

    def write(self, ways: list[w.Levels], generation: int) -> Script:
        """An operation per way, each against `victims` people of its own."""
        script = Script()
        order = np.argsort(self.chance.bits("victims", np.arange(len(self.stage.victims)), generation), kind="stable")
        for number, way in enumerate(ways):
            script.base.append(self._base(way))
            for one in range(self.each):
                place = number * self.each + one
                who = self.stage.victims[int(order[place % len(order)])] if self.stage.victims else ""
                self._attack(script, way, number, place, who, generation)
        return script.in_order()

    def _base(self, way: w.Levels) -> float:
        """What is spent for each victim before anything is sent: account or identity, device, exit, receiver, contact."""
        m = self.means
        clean = m.clean_identity if w.at(way, "identity") else m.identity
        price = clean if self.kind == "batch" else m.victim_of(self.kind)
        if self.kind not in w.WILLING:
            price += (m.fresh_device / self.each, m.fresh_device, 0.0, m.victims_device)[w.at(way, "device")]
        price += m.false_face * w.at(way, "face")
        if self.kind == "scam_victim":
            price += (0.0, m.on_the_phone, m.talked_round)[w.at(way, "coach")]
        if self.kind == "cash_out" and not w.at(way, "hands"):
            price += m.fresh_device / self.each
        price += (m.receiver / self.each, m.receiver, 0.0)[w.at(way, "receiver")]
        price += (
            m.near_address * w.at(way, "place") + m.by_day * w.at(way, "hour") + m.other_channel * w.at(way, "channel")
        )
        if self.kind == "batch":
            price += m.contact if w.at(way, "contact") else m.contact / self.each
        return price

    def _attack(self, script: Script, way: w.Levels, operation: int, place: int, who: str, generation: int) -> None:
        """Everything against one victim."""
        act = _Act(self, script, way, operation, place, who, generation)
        hour = HOURS[w.at(way, "hour")] * p.HOUR_MS
        time = (
            BEGIN_MS
            + hour
            + place % self.each * 7 * p.MINUTE_MS
            + self._draw("start", 5 * p.MINUTE_MS, place, generation)
        )
        quiet = w.QUIET_DAYS[w.at(way, "quiet")]
        for day in range(quiet):
            when = time - hour + day * p.DAY_MS + 12 * p.HOUR_MS
            act.send("log_in", when, self.means.quiet_day + self.means.day_held, succeeded=True, tries=1)
            if day % 2 == 0:
                act.send("payment", when + 4 * p.MINUTE_MS, 0.0, amount=_SMALL)
        time += quiet * p.DAY_MS
        time = self._apply(act, time) if self.kind == "batch" else time
        if self.kind == "scam_victim" and w.at(way, "payee"):
            cost = self.means.known_payee + w.KNOWN_PAYEE_DAYS * self.means.day_held
            act.send("log_in", time, 0.0, succeeded=True, tries=1)
            act.send("transfer", time + 4 * p.MINUTE_MS, cost, amount=_SMALL)
            time += w.KNOWN_PAYEE_DAYS * p.DAY_MS
        self._move(act, way, time)

    def _draw(self, word: str, limit: int, *numbers: int) -> int:
        """A number below `limit`, always the same for these numbers."""
        return int(self.chance.below(word, limit, *(np.array([number]) for number in numbers))[0])

    def _apply(self, act: _Act, time: int) -> int:
        """Register, prove, apply; returns when money can be drawn."""
        act.send("registration", time, 0.0)
        for number, step in enumerate(("document", "face", "phone", "card_four")):
            act.send("identity_step", time + (number + 1) * 90_000, 0.0, step=step, passed=True, tries=1)
        act.send("application", time + 12 * p.MINUTE_MS, self.means.step, amount=_money(self.goal_fen * 5 // 4))
        return time + 45 * p.MINUTE_MS

    def _move(self, act: _Act, way: w.Levels, time: int) -> None:
        """Take the money, in parts."""
        if not self.money:
            act.finish(self.goal_fen)
            return
        parts, pause = w.PARTS[w.at(way, "parts")], w.PAUSES_MS[w.at(way, "pause")]
        left, m = self.goal_fen, self.means
        for part in range(parts):
            wobble = 97 + self._draw("wobble", 7, act.place, part) if part < parts - 1 else 0
            fen = min(left, self.goal_fen * wobble // (100 * parts)) if wobble else left
            left -= fen
            when = time + 5 * p.MINUTE_MS + part * pause
            cost = m.step + (pause / p.DAY_MS * m.day_held if part else 0.0)
            cost += m.fresh_device if w.at(way, "device") == 2 else 0.0
            cost += m.receiver if w.at(way, "receiver") == 2 else 0.0
            if self.kind == "cash_out":
                cost += m.own_hand * w.at(way, "hands") + m.fee_in_cash * w.at(way, "fee")
            if not part or pause >= 3 * p.HOUR_MS:
                act.send("log_in", when - 5 * p.MINUTE_MS, 0.0 if part else m.step, part=part, succeeded=True, tries=1)
            fee = self.kind == "cash_out" and not w.at(way, "fee") and "transfer" in self.stage.types
            for turn, name in enumerate(self.money):
                last = turn == len(self.money) - 1
                moves = fen if last and not fee else 0
                act.send(
                    name, when + turn * 11 * p.MINUTE_MS, cost if last else 0.0, moves, part, amount=_money(fen),
                    available_limit=_money(left + fen + self.goal_fen // 3),
                )  # fmt: skip
            if fee:  # the ring has its share only when the fee arrives
                act.send("transfer", when + 40 * p.MINUTE_MS, 0.0, fen, part, amount=_money(fen * FEE_PERCENT // 100))


class _Act:
    """One victim of one operation, as records are written."""

    def __init__(
        self, writer: Writer, script: Script, way: w.Levels, operation: int, place: int, who: str, generation: int
    ) -> None:  # fmt: skip
        self.writer, self.script, self.way, self.operation, self.place = writer, script, way, operation, place
        self.number = generation * 100_000 + place
        self.new = writer.kind == "batch"
        self.who = _code("c", writer.stage.seed, "false", self.number) if self.new else who
        self.seen = writer.stage.session.get(who, {})
        self.alike, self.owed = who, 0.0

    def send(self, name: str, time: int, cost: float, moves: int = 0, part: int = 0, **given: Any) -> None:
        """Add one event if the policy knows its type; what an unknown one costs is charged to the next."""
        stage, script = self.writer.stage, self.script
        self.owed += cost
        if name not in stage.types:
            return
        pool = stage.some.get(name, [{"type": name}])
        record = dict(stage.plain.get(name, {}).get(self.alike) or pool[self.number % len(pool)])
        record |= (
            self.seen | self._session(part) | self._receiver(name, part) | (self._person(name) if self.new else {})
        )
        record |= given | {
            "type": name,
            "customer": self.who,
            "id": f"attack-{self.number}-{len(script.records)}",
            "time": _iso(time),
        }
        script.records.append(record)
        script.operation.append(self.operation)
        script.victim.append(self.place)
        script.moves.append(moves)
        script.cost.append(self.owed)
        script.at_ms.append(time)
        answers = answers_to(stage.opened.policy, record, time, said_of(self.writer.kind, self.way), _iso)
        script.answers += [(record["id"], each) for each in answers]
        self.owed = 0.0

    def finish(self, goal_fen: int) -> None:
        """The last event stands for the whole goal: the policy decides no event after it."""
        self.script.moves[-1] = goal_fen

    def _session(self, part: int) -> Record:
        way, seed = self.way, self.writer.stage.seed
        if self.writer.kind in w.WILLING:
            return self._at_home()
        level = w.at(way, "device")
        found: Record = {"channel": w.KNOBS["channel"][w.at(way, "channel")], "emulator": False, "rooted": False, "proxy": False,
                         "remote_control": level == 3, "on_call": False}  # fmt: skip
        if level < 3 or self.new:
            which = (self.operation, self.number, self.number * 100 + part, self.number)[level]
            found["device"] = _code("d", seed, f"device {level} {self.number // 100_000}", which)
            found["wifi"] = None
        if not w.at(way, "place"):
            found |= {
                "place_city": "530100",
                "place": "25.038900,102.718300",
                "ip": _address(self.writer.chance, self.operation),
            }
        else:
            found["ip"] = _address(self.writer.chance, 5_000 + self.number)
        return found

    def _at_home(self) -> Record:
        """The customer acts: where he always is, on his own telephone, or on that of a ring; coached or not."""
        coach = w.at(self.way, "coach")
        scam = self.writer.kind == "scam_victim"
        found: Record = {"emulator": False, "rooted": False, "proxy": False, "remote_control": scam and coach == 0,
                         "on_call": scam and coach <= 1}  # fmt: skip
        if not scam and not w.at(self.way, "hands"):
            word = f"ring {self.number // 100_000}"
            found |= {"device": _code("d", self.writer.stage.seed, word, self.operation), "wifi": None}
        return found

    def _receiver(self, name: str, part: int) -> Record:
        level, seed = w.at(self.way, "receiver"), self.writer.stage.seed
        which = (self.operation, self.number, self.number * 100 + part)[level]
        if self.writer.kind == "cash_out" and name == "transfer":
            which, level = self.operation, 0  # the fee goes to the ring's account
        if name == "payment" and part >= 0:
            return {"merchant": _code("m", seed, f"shop {level} {self.number // 100_000}", which)}
        if name == "transfer":
            return {"payee": _code("y", seed, f"mule {level} {self.number // 100_000}", which)}
        return {}

    def _person(self, name: str) -> Record:
        """Somebody who does not exist: right in form, shared with nobody but what the way says."""
        seed, one = self.writer.stage.seed, np.array([_FIRST_NEW + self.number])
        clean, own = w.at(self.way, "identity"), w.at(self.way, "contact")
        contact = self.number if own else 90_000_000 - self.operation - self.number // 100_000 * 1_000
        found: Record = {
            "phone": _text(texts.phones(seed, one)), "card": _text(texts.cards(seed, one % texts.CARDS)),
            "id_number": _text(texts.identities(seed, one % texts.IDENTITIES, np.array([31]), np.array([0]), 2025)),
            "contact_phone": _text(texts.phones(seed, np.array([_FIRST_NEW + 50_000_000 + contact % 30_000_000]))),
            "address": _code("a", seed, "false home", self.number),
        }  # fmt: skip
        if name == "application":
            found |= {
                "bureau_score": 700 if clean else 548,
                "lenders_30d": 1 if clean else 4,
                "debt_total": 0.0,
                "partner": None,
            }
        return found


def _code(letter: str, seed: int, word: str, number: int) -> str:
    return _text(texts.codes(letter, seed, f"attack {word}", np.array([number])))


def _text(text: Any) -> str:
    return bytes(text[0]).decode()


def _address(chance: Chance, number: int) -> str:
    value = int(np.asarray(hub_ip(chance, "attack ip", np.array([number]))).reshape(-1)[0])
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _money(fen: int) -> float:
    return fen / 100.0


def _iso(time: int) -> str:
    return datetime.fromtimestamp((time + p.START_MS) / 1000, UTC).isoformat(timespec="milliseconds")
