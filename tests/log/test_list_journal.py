"""The journal of lists: what is written reads back; personal values are never in it; every bad line is named; torn ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.listed_policy import CARDS, known_to, write_policy
from zhiyu.base.errors import InputError
from zhiyu.events.list_changes import NEVER, ListChange, Snooze
from zhiyu.events.list_values import Vocabulary
from zhiyu.log.list_journal import append_journal, read_journal, require_whole

TIME = "2024-05-01T08:00:00Z"
DUE = 1_714_550_400_000


@pytest.fixture
def known(tmp_path: Path) -> Vocabulary:
    return known_to(write_policy(tmp_path / "p"))


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def test_what_is_written_reads_back(tmp_path: Path, known: Vocabulary) -> None:
    code, shown = known.lists["stolen_cards"].one(CARDS[0])
    device, _ = known.fields["device"].one("D1")
    changes: list[ListChange | Snooze] = [
        ListChange(DUE, "stolen_cards", "add", code, DUE + 5, '报失 "1"\n', "ann", shown),
        ListChange(DUE - 9_999_999_999_999, "stolen_cards", "remove", code, NEVER, "", "", shown),
        ListChange(7, "shops", "add", -17, NEVER, "odd", "", "-17"),
        ListChange(DUE, "devices", "add", device, NEVER, "", "", "d1"),
        Snooze(DUE, "stolen", "card", code, DUE + 1, "known", "bo", shown),
        Snooze(DUE, "stolen", "device", device, DUE, "", "", "d1"),
    ]
    append_journal(tmp_path / "j", changes[:2], known)
    append_journal(tmp_path / "j", changes[2:], known)
    found = read_journal(tmp_path / "j", known)
    assert (found.changes, found.lines, found.refusals, found.torn) == (changes, [1, 2, 3, 4, 5, 6], [], [])
    assert CARDS[0] not in (tmp_path / "j").read_text(encoding="utf-8")
    assert CARDS[0][:12] not in (tmp_path / "j").read_text(encoding="utf-8")


def test_a_value_is_cleaned_as_its_field_is(tmp_path: Path, known: Vocabulary) -> None:
    spelled = f" {CARDS[0][:4]}-{CARDS[0][4:8]} {CARDS[0][8:]} "
    path = lines(
        tmp_path / "j",
        {"time": TIME, "list": "stolen_cards", "op": "add", "value": spelled, "until": None},
        {"time": DUE, "list": "devices", "op": "add", "value": " D1 "},
        {"time": TIME, "list": "shops", "op": "add", "value": 17, "until": "2024-05-01T16:00:01+08:00"},
    )
    found = read_journal(path, known).changes
    assert [change.code for change in found] == [
        known.lists["stolen_cards"].one(CARDS[0])[0], known.lists["devices"].one("d1")[0], 17,
    ]  # fmt: skip
    assert [change.due_ms for change in found] == [DUE] * 3
    assert [change.until_ms for change in found] == [NEVER, NEVER, DUE + 1_000]
    assert [change.shown for change in found] == [f"{CARDS[0][:6]}******{CARDS[0][-4:]}", "d1", "17"]


GOOD = {"time": TIME, "list": "stolen_cards", "op": "add", "value": CARDS[0]}
SNOOZED = {
    "time": TIME,
    "op": "snooze",
    "rule": "stolen",
    "field": "card",
    "value": CARDS[0],
    "until": "2024-06-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("record", "field", "say"),
    [
        (GOOD | {"op": "ad"}, "op", "add, remove, snooze"), (GOOD | {"time": None}, "time", "required"),
        (GOOD | {"time": "2024-05-01 08:00"}, "time", "offset"), (GOOD | {"time": True}, "time", "time"), (GOOD | {"time": []}, "time", ""),
        (GOOD | {"list": "stolen_card"}, "list", "did you mean 'stolen_cards'"), (GOOD | {"list": ["x"]}, "list", "known"),
        (GOOD | {"value": "4111111111111112"}, "value", "check digit"), (GOOD | {"value": ""}, "value", "required"),
        (GOOD | {"value": True}, "value", "text"), (GOOD | {"until": TIME}, "until", "later"),
        (GOOD | {"op": "remove", "until": TIME}, "until", "out"),
        (GOOD | {"untill": TIME}, "untill", "did you mean 'until'"), (GOOD | {"code": "00"}, "value", "either"),
        ({**{k: v for k, v in GOOD.items() if k != "value"}, "code": "00F", "shown": ""}, "code", "hex"),
        (GOOD | {"shown": "x"}, "shown", "code"),
        ({k: v for k, v in GOOD.items() if k != "value"}, "value", "either"), (GOOD | {"reason": "x" * 1001}, "reason", "1000"),
        (GOOD | {"author": 5}, "author", "text"), (GOOD | {"list": "shops", "value": "x"}, "value", "number"),
        (SNOOZED | {"rule": "stole"}, "rule", "did you mean 'stolen'"), (SNOOZED | {"field": "crd"}, "field", "did you mean 'card'"),
        (SNOOZED | {"until": None}, "until", "must end"), (SNOOZED | {"until": "2024-04-01T00:00:00Z"}, "until", "later"),
        (SNOOZED | {"list": "x"}, "list", "key"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_alone_with_its_number_and_field(
    tmp_path: Path, known: Vocabulary, record: dict[str, object], field: str, say: str
) -> None:
    path = lines(tmp_path / "j", GOOD, record, SNOOZED)
    found = read_journal(path, known)
    assert found.lines == [1, 3]
    (refusal,) = found.refusals
    assert (refusal.line, refusal.field) == (2, field)
    assert say in refusal.en
    assert refusal.zh != refusal.en
    assert CARDS[0] not in refusal.en + refusal.zh
    with pytest.raises(InputError, match=f"j:2: {field}"):
        require_whole(found, path)


def test_lines_that_are_no_object(tmp_path: Path, known: Vocabulary) -> None:
    good = json.dumps(GOOD).encode()
    (tmp_path / "j").write_bytes(
        b"\n".join([b"{", b"[]", b"\xff", b'{"op":"add","op":"add"}', b"  ", good, b"x" * 300_000, good]) + b"\n"
    )
    found = read_journal(tmp_path / "j", known)
    assert [refusal.line for refusal in found.refusals] == [1, 2, 3, 4, 7]
    assert found.lines == [6, 8]
    assert found.torn == []


@pytest.mark.parametrize("cut", [1, 2, 30, 60])
def test_a_line_that_was_cut_off_is_told_and_the_next_append_begins_anew(
    tmp_path: Path, known: Vocabulary, cut: int
) -> None:
    path = lines(tmp_path / "j", GOOD, SNOOZED)
    path.write_bytes(path.read_bytes()[:-cut])
    found = read_journal(path, known)
    whole = cut == 1  # only the end of the line is missing: nothing of it is lost
    assert (found.lines, found.torn, found.refusals) == ([1, 2] if whole else [1], [] if whole else [2], [])
    append_journal(path, [ListChange(DUE, "shops", "add", 5, NEVER, "", "", "5")], known)
    after = read_journal(path, known)
    assert after.lines == ([1, 2, 3] if whole else [1, 3])
    assert (after.torn, after.refusals) == (found.torn, [])


def test_a_disk_that_refuses_leaves_the_journal_as_it_was(
    tmp_path: Path, known: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lines(tmp_path / "j", GOOD)
    before = path.read_bytes()
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        real(descriptor, bytes(data)[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zhiyu.log.list_journal.os.write", full)
    with pytest.raises(OSError, match="No space"):
        append_journal(path, [ListChange(DUE, "shops", "add", 5, NEVER, "", "", "5")], known)
    assert path.read_bytes() == before


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path, known: Vocabulary) -> None:
    found = read_journal(tmp_path / "none", known)
    assert (found.changes, found.refusals, found.torn) == ([], [], [])
