"""Requests made to hurt, one after the other from a seed: real events mutated, and bytes that never were any.

In: a seed. Out: `Record`s: the bytes, and what must be said about them: which answers are possible, and which field a refusal must name.
The expectations come from how a record was made, never from the code that reads it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

ANY = ""
"""Some field, or none."""
SOME = "*"
"""Some field, whichever."""
LONG = 256 << 10
TAKEN, REFUSED, EITHER = ("taken",), ("refused",), ("taken", "refused")


@dataclass(frozen=True, slots=True)
class Record:
    """`ends`: may it be taken, refused, or either; `field`: what a refusal names (ANY, SOME, or this one); `again`: it was sent before;
    `codes`: what a refusal may be called, any when empty."""

    body: bytes
    ends: tuple[str, ...] = EITHER
    field: str = ANY
    how: str = ""
    again: bool = False
    codes: tuple[str, ...] = ()


_WORDS = (
    "", " ", "0", "-1", "1e5", "NaN", "null", "北京", "\u0000", "\ud7ff", "\u202e", "\U0001d538", "a" * 300, "'; --", "${x}", "../..",
    "%s%n", "5", "\\", '"',
)  # fmt: skip
_NUMBERS = (
    "0", "-0", "-1", "1.5", "1e5", "1e999", "-1e999", "1e-999", "0.1", "100000.01", "9" * 18, "9" * 19, "9" * 40, "9" * 400,
    "-" + "9" * 400, "1" + "0" * 5000, "0." + "1" * 400, "1E+2", "123456789012345678901234567890.5", "9007199254740993",
    "18446744073709551616", "2.5e-324",
)  # fmt: skip
_NO_JSON = (
    "NaN", "Infinity", "-Infinity", "nan", "undefined", "True", "None", "01", "+1", ".5", "1.", "0x10", "1_000", "'a'", '"\\x41"',
    '"\\ud800', '"\t"', '"\n"', '"\\u12"', "[1,]", '{"a":1,}', "{a:1}", "[1 2]", "1e", "--1", "/**/1", "", "[", "{", "\\", "tru", "nul",
    "\ufeff1",
)  # fmt: skip


class Bodies:
    """Records of one sender; ids are its own, so that senders do not meet."""

    def __init__(self, seed: int, name: str) -> None:
        self.rng, self.name = random.Random(f"{seed} {name}"), name
        self.made, self.known = 0, list[bytes]()

    def next(self) -> Record:
        """One more."""
        [way] = self.rng.choices(self._ways[0], self._ways[1])
        return way()

    def told(self, record: Record) -> None:
        """A good record was taken: it may be sent again."""
        if len(self.known) < 2_000:
            self.known.append(record.body)
        else:
            self.known[self.rng.randrange(2_000)] = record.body

    @cached_property
    def _ways(self) -> tuple[list[Callable[[], Record]], list[int]]:
        ways: list[tuple[Callable[[], Record], int]] = [
            (self.good, 12), (self.repeated, 4), (self.conflict, 3), (self.cut, 8), (self.other_value, 24), (self.no_json_value, 14),
            (self.missing, 5), (self.twice, 6), (self.bad_text, 6), (self.bytes_changed, 16), (self.no_object, 4), (self.noise, 4),
            (self.deep, 4), (self.extra, 5), (self.nested_twice, 2), (self.pretty, 2), (self.large, 1),
        ]  # fmt: skip
        return [way for way, _ in ways], [weight for _, weight in ways]

    def fields(self) -> dict[str, str]:
        """A good event as raw JSON per key, in random order."""
        rng = self.rng
        self.made += 1
        kind = "login" if rng.random() < 0.2 else "payment"
        salt = rng.randrange(1 << 32)  # a changed byte must not make the id of another record
        minute = self.made // 40
        made = {
            "type": f'"{kind}"', "id": f'"{self.name}-{self.made}-{salt:08x}"',
            "time": f'"2027-01-{15 + minute // 1440 % 10:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:{rng.randrange(60):02d}Z"',
            "card": f'"c{rng.randrange(40)}"',
        }  # fmt: skip
        if kind == "payment":
            made["amount"] = rng.choice(["20", "20.5", '"19.99"', "400", str(rng.randrange(100_000))])
            if rng.random() < 0.7:
                made["city"] = rng.choice(['"北京"', '"\\u4e0a\\u6d77"', "null", '"a\\"b\\\\c"'])
            if rng.random() < 0.5:
                made["phone"] = f'"138{rng.randrange(10**8):08d}"'
        order = list(made)
        rng.shuffle(order)
        return {key: made[key] for key in order}

    def text(self, fields: dict[str, str] | list[tuple[str, str]]) -> bytes:
        """As an object, with the spaces that people put in."""
        colon, comma = self.rng.choice([(":", ","), (": ", ", "), (" : ", " ,")])
        pairs = fields.items() if isinstance(fields, dict) else fields
        return ("{" + comma.join(f'"{key}"{colon}{value}' for key, value in pairs) + "}").encode(
            "utf-8", "surrogatepass"
        )

    def good(self) -> Record:
        """Nothing wrong."""
        return Record(self.text(self.fields()), TAKEN, how="good")

    def repeated(self) -> Record:
        """Sent before."""
        return Record(self.rng.choice(self.known), TAKEN, how="repeated", again=True) if self.known else self.good()

    def conflict(self) -> Record:
        """The id of another event, with other content."""
        if not self.known:
            return self.good()
        before = json.loads(self.rng.choice(self.known))
        body = json.dumps(before | {"card": "another"}, ensure_ascii=self.rng.random() < 0.5).encode()
        return Record(body, REFUSED, "id", "conflict", codes=("id_conflict",))

    def cut(self) -> Record:
        """It ends too early. Past the first key a field must be named."""
        body = self.text(self.fields())
        at = self.rng.randrange(len(body))
        return Record(body[:at], REFUSED if at else EITHER, SOME if b":" in body[:at] else ANY, "cut")

    def other_value(self) -> Record:
        """Another value than the field is made for."""
        fields, rng = self.fields(), self.rng
        key = rng.choice(list(fields))
        fields[key] = rng.choice(
            [self._word, self._number, self._structure, lambda: rng.choice(["true", "false", "null"])]
        )()
        # without a type an event is of the one type that is decided, and may lack what that one needs
        return Record(self.text(fields), EITHER, ANY if key == "type" else key, f"other value of {key}")

    def no_json_value(self) -> Record:
        """A value that JSON does not have."""
        fields = self.fields()
        key = self.rng.choice(list(fields))
        fields[key] = self.rng.choice(_NO_JSON)
        if "\n" in fields[key]:  # in a stream that would be two lines
            fields[key] = '"\t"'
        return Record(self.text(fields), REFUSED, SOME, "no JSON value")

    def missing(self) -> Record:
        """A field is not there."""
        fields = self.fields()
        key = self.rng.choice(list(fields))
        del fields[key]
        if key == "type":
            return Record(self.text(fields), EITHER, ANY if "amount" in fields else "amount", "missing type")
        needed = key in ("id", "time", "card", "amount")
        return Record(self.text(fields), REFUSED if needed else TAKEN, key if needed else ANY, f"missing {key}")

    def twice(self) -> Record:
        """A key occurs twice, with the same value or another."""
        fields = list(self.fields().items())
        key, value = self.rng.choice(fields)
        written = key if self.rng.random() < 0.7 else "".join(f"\\u{ord(letter):04x}" for letter in key)
        fields.insert(self.rng.randrange(len(fields) + 1), (written, self.rng.choice([value, "1", '"x"', "null"])))
        return Record(self.text(fields), REFUSED, key, "a key twice", codes=("duplicate_key",))

    def nested_twice(self) -> Record:
        """A key twice, inside a value that nobody reads."""
        fields = self.fields() | {"further": '{"a":1,"b":[{"c":1,"c":2}]}'}
        return Record(self.text(fields), REFUSED, SOME, "a key twice inside", codes=("duplicate_key",))

    def bad_text(self) -> Record:
        """Bytes that are no UTF-8, inside a value."""
        fields = self.fields()
        key = self.rng.choice([key for key, value in fields.items() if value.startswith('"')])
        body = self.text(fields | {key: '"@@@@"'})
        bad = self.rng.choice(
            [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xe4\xba", b"\xc3("]
        )
        return Record(body.replace(b"@@@@", bad), REFUSED, key, "bad UTF-8")

    def bytes_changed(self) -> Record:
        """Bytes changed, lost, added, or moved, anywhere."""
        body, rng = bytearray(self.text(self.fields())), self.rng
        for _ in range(rng.choice([1, 1, 1, 2, 5, 20])):
            at = rng.randrange(len(body) + 1)
            what = rng.random()
            if what < 0.3 and at < len(body):
                body[at] = rng.randrange(256)
            elif what < 0.5:
                del body[at : at + rng.randrange(1, 5)]
            elif what < 0.7:
                body[at:at] = rng.choice(
                    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\0", b"e", b"-", b"\xef\xbb\xbf", b"\xff"]
                )
            elif what < 0.85:
                body[at:at] = rng.randbytes(rng.randrange(1, 8))
            else:
                body[at:at] = body[: rng.randrange(len(body) + 1)]
        return Record(bytes(body).replace(b"\n", b" "), how="bytes changed")

    def no_object(self) -> Record:
        """JSON, but no object."""
        made = self.rng.choice(["1", '"a"', "null", "true", "[]", "[1]", "[[{}]]", "1e5", '"{}"', "-0.0"])
        return Record(made.encode(), REFUSED, how="no object")

    def noise(self) -> Record:
        """Never was an event."""
        made = self.rng.randbytes(self.rng.choice([1, 3, 17, 200, 3_000]))
        return Record(b"\x01" + made.replace(b"\n", b"\r"), REFUSED, how="noise", codes=("bad_json", "bad_text"))

    def deep(self) -> Record:
        """Nested without end, as the whole or inside a field."""
        depth = self.rng.choice([50, 500, 1_500, 20_000])
        opened, closed = self.rng.choice([("[", "]"), ('{"a":', "}")])
        nest = opened * depth + "1" + closed * self.rng.choice([depth, depth, depth - 1, 0])
        if self.rng.random() < 0.3:
            return Record(nest.encode(), REFUSED, how="deep")
        fields = self.fields()
        key = self.rng.choice([*fields, "further"])
        return Record(self.text(fields | {key: nest}), EITHER, SOME, "deep inside")

    def extra(self) -> Record:
        """Fields that nobody declared are not read."""
        name = self.rng.choice(["further", "", "amount ", "Card", "a.b", "\\u0000", "x" * 5_000, "编号"])
        value = self.rng.choice([self._word, self._number, self._structure])()
        return Record(self.text(self.fields() | {name: value}), EITHER, ANY, "extra field")

    def pretty(self) -> Record:
        """Spaces everywhere JSON allows them, but no line ends."""
        body = self.text(self.fields())
        return Record(b" \t\r" + body.replace(b"{", b"{ \t\r").replace(b"}", b"  }") + b" \t", TAKEN, how="spaces")

    def large(self) -> Record:
        """At the limit of one event (with the return that may stand before the end of a line), and past it."""
        size = self.rng.choice([LONG - 1, LONG + 1, LONG + 1_000])
        body = self.text(self.fields() | {"further": '"@"'})
        body = body.replace(b"@", b"a" * (size - len(body) + 1))
        return Record(body, TAKEN if size <= LONG else REFUSED, how="large", codes=("too_long", "too_large"))

    def _word(self) -> str:
        return json.dumps(self.rng.choice(_WORDS), ensure_ascii=self.rng.random() < 0.5)

    def _number(self) -> str:
        return self.rng.choice(_NUMBERS)

    def _structure(self) -> str:
        return self.rng.choice(
            ["[]", "{}", "[1,2]", '{"a":[1]}', "[null]", '[["x"]]', '{"lat":1,"lon":2}', "[1.5,2.5]", '{"":{}}']
        )
