"""From records to the vault: every personal code the log acknowledged opens to the text it was made from, whatever was killed in between;
what was acknowledged to nobody, or erased, does not."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.naive_vault import kept, told_by_the_log
from tests.vaulted_policy import application, vaulted_opened
from zhiyu.access.vault import Vault
from zhiyu.access.vault_keys import DataKeys, add_master
from zhiyu.engine.forget_frames import NotedForgotten
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened


@pytest.fixture(scope="module")
def opened() -> Opened:
    return vaulted_opened()


def live(folder: Path, opened: Opened) -> Live:
    if not (folder / "masters.json").exists():
        add_master(folder / "masters.json", 0)
    return Live(folder / "default", opened, clock="events", vault_key=folder / "masters.json")


def stream(seed: int, count: int) -> list[bytes]:
    """Customers who come again with the same and with other values; some leave things out, write them oddly, or are refused."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        who = rng.randrange(12)
        phone = f"138{who:08d}" if rng.random() < 0.8 else f"139{rng.randrange(10**8):08d}"
        more: dict[str, Any] = {"phone": rng.choice([phone, f" +86 {phone[:3]}-{phone[3:]}", None])}
        more["contact_phone"] = f"138{rng.randrange(12):08d}"
        more["person_name"] = rng.choice(["某 甲", "  某   甲 ", "", None])
        more["tags"] = rng.choice([["x", "y"], [], None])
        more["kind"] = rng.choice(["a", "b", None])
        more["city"] = rng.choice(["北京", None])
        if rng.random() < 0.05:
            more["amount"] = "much"
        body = application(number, f"c{who}" if rng.random() < 0.9 else None, **more)
        kind = rng.random()
        if kind < 0.1:
            body = json.dumps(
                {"type": "click", "id": f"k{number}", "time": "2027-01-15T08:00:00Z", "city": "上海"}
            ).encode()
        elif kind < 0.2:
            body = json.dumps(
                {"type": "call", "id": f"l{number}", "time": "2027-01-15T08:00:00Z", "phone": phone}
            ).encode()
        made.append(body)
        if rng.random() < 0.05:
            made.append(rng.choice(made))
    return made


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_every_code_of_the_log_opens_to_the_text_it_was_made_from(tmp_path: Path, opened: Opened, batch: int) -> None:
    one, bodies = live(tmp_path, opened), stream(batch, 400)
    for at in range(0, len(bodies), batch):
        one.take(bodies[at : at + batch])
        if at % 3 == 0:
            one.sync()
    one.sync()
    found = kept(one)
    assert set(found) == told_by_the_log(one)
    assert [text for (_, code), text in found.items() if opened.codes.one(text) != code] == []
    assert len(found) > 100
    one.close()
    again = live(tmp_path, opened)
    assert kept(again) == found
    again.close()


def test_nothing_personal_lies_in_clear_text_anywhere_in_the_folder(tmp_path: Path, opened: Opened) -> None:
    """Looked at while it waits to be filed, and when it is."""
    one = live(tmp_path, opened)
    one.take(
        [application(1, "c1", phone="13800138000", person_name="某甲", contact_phone="13900139000", tags=["秘密"])]
    )
    one.sync()
    for _ in range(2):
        everything = b"".join(path.read_bytes() for path in (tmp_path / "default").rglob("*") if path.is_file())
        assert [text for text in ("13800138000", "13900139000", "某甲", "秘密") if text.encode() in everything] == []
        kept(one)
    one.close()


def test_without_a_vault_nothing_raw_is_kept(tmp_path: Path, opened: Opened) -> None:
    one = Live(tmp_path / "default", opened, clock="events")
    one.take([application(1, "c1", phone="13800138000", person_name="某甲")])
    one.sync()
    one.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "某甲".encode() not in everything
    assert b"13800138000" not in everything
    assert not (tmp_path / "default" / "vault").exists()


def copied(folder: Path, to: Path) -> Path:
    """What a kill at this moment leaves: everything handed to the system."""
    shutil.copytree(folder, to)
    return to


def test_a_kill_after_any_batch_loses_nothing_that_was_told_and_invents_nothing(tmp_path: Path, opened: Opened) -> None:
    """Killed after batches that were synced or not, filed or not; the folder of each moment is opened again, and the senders send again
    what they were not told."""
    home = tmp_path / "home"
    home.mkdir()
    one, bodies = live(home, opened), stream(5, 120)
    told, sent = told_by_the_log(one), 0
    for number, at in enumerate(range(0, len(bodies), 10)):
        one.take(bodies[at : at + 10])
        if number % 2:
            one.sync()
            told, sent = told_by_the_log(one), at + 10
        if number % 6 == 5:
            kept(one)
        later = live(copied(home, tmp_path / f"killed{number}"), opened)
        assert told <= set(kept(later)) <= told_by_the_log(later)
        later.take(bodies[sent : at + 20])
        assert set(kept(later)) == told_by_the_log(later)
        later.close()
    one.close()


def test_what_the_log_lost_in_a_power_cut_is_not_filed(tmp_path: Path, opened: Opened) -> None:
    """The sealed piece reached the disk, its frame did not: nobody was told of it. Other events take its place, and are filed."""
    home = tmp_path / "home"
    home.mkdir()
    one = live(home, opened)
    one.take([application(1, "c1", phone="13800138000")])
    one.sync()
    before = copied(home / "default" / "log", tmp_path / "log")
    one.take([application(2, "c2", phone="13900139000")])
    assert one.vaulting is not None
    waits = one.vaulting.begin_sync()
    assert waits is not None
    waits()
    one.vaulting.flush()
    assert one.vaulting.vault.facts()["texts"] == 1, "not before the log has it"
    cut = copied(home, tmp_path / "cut")
    shutil.rmtree(cut / "default" / "log")
    shutil.copytree(before, cut / "default" / "log")
    again = live(cut, opened)
    assert again.position == 1
    again.close()  # nothing was taken between two restarts
    again = live(cut, opened)
    again.take([application(3, "c3", phone="13700137000"), application(4, "c4", phone="13600136000")])
    again.sync()
    again.close()
    last = live(cut, opened)
    assert set(kept(last)) == told_by_the_log(last)
    assert sorted(kept(last).values()) == ["13600136000", "13700137000", "13800138000"]
    last.close()
    one.close()


def test_what_the_vault_lost_in_a_power_cut_is_sealed_when_it_is_sent_again(tmp_path: Path, opened: Opened) -> None:
    """The frame reached the disk, the sealed piece did not: nobody was told of it, so it is sent again, and known to the log. What was
    erased and is sent again stays erased."""
    home = tmp_path / "home"
    home.mkdir()
    one, first, second = (
        live(home, opened),
        application(1, "c1", phone="13800138000"),
        application(2, "c2", phone="13900139000"),
    )
    one.take([first])
    one.forget(NotedForgotten("customer", opened.codes.one("c1")))
    one.sync()
    one.take([second])
    later = live(copied(home, tmp_path / "killed"), opened)
    assert (later.position, kept(later)) == (3, {})
    later.take([first, second])
    later.sync()
    for each in (later, one):
        each.close()
    last = live(tmp_path / "killed", opened)
    assert list(kept(last).values()) == ["13900139000"]
    last.close()


def test_what_the_log_lost_once_does_not_hide_what_the_vault_lost_later(tmp_path: Path, opened: Opened) -> None:
    """First a piece reaches the disk and its frame does not; after the restart, at the same positions, a frame reaches it and its piece
    does not. Nobody was told of either; both are sent again."""
    home = tmp_path / "home"
    home.mkdir()
    one = live(home, opened)
    one.take([application(1, "c1", phone="13800138000")])
    one.sync()
    before = copied(home / "default" / "log", tmp_path / "log")
    lost = [application(number, f"c{number}", phone=f"1390013900{number}") for number in range(2, 6)]
    for each in lost:
        one.take([each])
    one.sync()
    cut = copied(home, tmp_path / "cut")
    shutil.rmtree(cut / "default" / "log")
    shutil.copytree(before, cut / "default" / "log")
    again = live(cut, opened)
    assert again.position == 1
    again.take(lost[2:])
    last = live(copied(cut, tmp_path / "killed"), opened)
    assert last.position == 3, "the log has them, the vault does not"
    last.take(lost)
    last.sync()
    assert set(kept(last)) == told_by_the_log(last)
    for each_live in (one, again, last):
        each_live.close()


def test_what_the_vault_lost_is_sealed_after_further_restarts_too_but_not_after_an_erasure(
    tmp_path: Path, opened: Opened
) -> None:
    """Frames reach the disk, their pieces do not; the server starts again, takes other events, files them, is stopped; then the senders
    of the first events come again. One of these people asked in between to be forgotten."""
    home = tmp_path / "home"
    home.mkdir()
    one = live(home, opened)
    lost = [application(number, f"c{number}", phone=f"1390013900{number}") for number in range(1, 4)]
    one.take(lost)
    folder = copied(home, tmp_path / "killed")
    again = live(folder, opened)
    assert again.position == 3
    again.take([application(9, "c9", phone="13700137000")])
    again.forget(NotedForgotten("customer", opened.codes.one("c2")))
    assert list(kept(again).values()) == ["13700137000"]
    again.close()
    for later in (False, True):
        last = live(folder, opened)
        last.take(lost)
        assert sorted(kept(last).values()) == ["13700137000", "13900139001", "13900139003"]
        last.take([application(10, "c2", phone="13900139002")] if later else [])
        assert ("13900139002" in kept(last).values()) == later, "who comes again after an erasure is kept again"
        last.close()
    one.close()


def test_an_erasure_takes_what_came_before_it_and_nothing_after_it(tmp_path: Path, opened: Opened) -> None:
    home = tmp_path / "home"
    home.mkdir()
    one = live(home, opened)
    code = opened.codes.one("c1")
    one.take([application(1, "c1", phone="13800138000"), application(2, "c2", phone="13800138000")])
    kept(one)
    one.take([application(3, "c1", person_name="某甲")])
    one.forget(NotedForgotten("customer", code))
    one.take([application(4, "c1", phone="13700137000")])
    one.sync()
    later = live(copied(home, tmp_path / "killed"), opened)
    for each in (one, later):
        assert sorted(kept(each).values()) == ["13700137000", "13800138000"]
        assert {person for person, _ in kept(each)} == {code, opened.codes.one("c2")}
        each.close()


def test_other_data_keys_take_over_while_events_come(tmp_path: Path, opened: Opened) -> None:
    one, bodies = live(tmp_path, opened), stream(9, 90)
    assert one.vaulting is not None
    for at in range(0, 90, 30):
        one.take(bodies[at : at + 30])
        one.vaulting.rotate()
        one.take(bodies[at + 15 : at + 40])
        one.vaulting.flush()
    one.sync()
    assert set(kept(one)) == told_by_the_log(one)
    one.close()
    keys = DataKeys("default", tmp_path / "default" / "vault", tmp_path / "masters.json")
    assert keys.numbers == [4]
    Vault(tmp_path / "default" / "vault", keys).close()


def test_who_was_not_seen_for_as_long_as_was_promised_leaves_by_itself(tmp_path: Path, opened: Opened) -> None:
    add_master(tmp_path / "masters.json", 0)
    now = [1_800_000_000_000]
    one = Live(tmp_path / "default", opened, now=lambda: now[0], vault_key=tmp_path / "masters.json")
    one.take([application(1, "c1", phone="13800138000")])
    assert one.vaulting is not None
    assert len(kept(one)) == 1
    for days, left in ((29, 1), (31, 0)):
        now[0] = 1_800_000_000_000 + days * 86_400_000
        one.vaulting.keep_ms = 30 * 86_400_000
        one.vaulting.tidy()
        assert one.vaulting.vault.facts()["people"] == left
    one.close()


def test_decisions_are_the_same_with_and_without_a_vault(tmp_path: Path, opened: Opened) -> None:
    add_master(tmp_path / "masters.json", 0)
    bodies = stream(3, 150)
    told = []
    for name, key in (("with", tmp_path / "masters.json"), ("without", None)):
        one = Live(tmp_path / name, opened, clock="events", now=lambda: 0, vault_key=key)
        told.append([answer.body for at in range(0, len(bodies), 20) for answer in one.take(bodies[at : at + 20])])
        one.sync()
        one.close()
    assert told[0] == told[1]
