"""Many entries of a list at once: proposed by one, approved by another, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import cheap
from tests.server.test_people import Bank
from tests.server.test_proposals import step
from zhiyu.server.settings import Settings

__all__ = ["cheap"]
FEW = Settings(list_four_eyes=3)
ENTRIES = "/v1/lists/watched_cards/entries"


def on_list(client: Any) -> set[str]:
    return {each["value"] for each in client.get(ENTRIES).json()["entries"]}


def test_many_entries_wait_for_a_second_pair_of_eyes(tmp_path: Path) -> None:
    with Bank(tmp_path, settings=FEW) as bank:
        investigator, approver = bank.signed_in("investigator"), bank.signed_in("approver")
        assert "proposal" not in investigator.post(ENTRIES, json=[{"value": f"a{n}"} for n in range(3)]).json()
        assert len(on_list(investigator)) == 3
        told = investigator.post(ENTRIES, json=[{"value": f"b{n}", "reason": "ring"} for n in range(4)]).json()
        assert (told["status"], told["new"]) == ("submitted", 4)
        assert len(on_list(investigator)) == 3
        shown = approver.get(f"/v1/proposals/{told['proposal']}").json()
        assert (shown["kind"], shown["list"], shown["op"], shown["count"]) == ("lists", "watched_cards", "add", 4)
        assert (shown["stated"], "entries" in shown) == (["ring"], False)
        done = step(approver, told["proposal"], "approve")
        assert (done["state"], done["outcome"]) == ("done", {"status": "changed", "changed": 4, "left": 0})
        assert len(on_list(investigator)) == 7
        entry = investigator.get(ENTRIES).json()["entries"][0]
        assert (entry["author"], entry["reason"]) == ("person:investigator, person:approver", "ring")
        gone = investigator.post(f"{ENTRIES}:remove", json={"values": [f"b{n}" for n in range(4)]}).json()
        assert (gone["status"], gone["removed"], len(on_list(investigator))) == ("submitted", 4, 7)
        assert step(approver, gone["proposal"], "refuse", reason="they belong there")["state"] == "refused"
        assert len(on_list(investigator)) == 7


@pytest.mark.parametrize("list_four_eyes", [0])
def test_who_approves_lists_is_somebody_else(tmp_path: Path, list_four_eyes: int) -> None:
    with Bank(tmp_path, settings=Settings(list_four_eyes=list_four_eyes)) as bank:
        supervisor = bank.signed_in("supervisor")
        told = supervisor.post(ENTRIES, json={"value": "own"}).json()
        assert step(supervisor, told["proposal"], "approve")["code"] == "four_eyes"
        assert step(bank.signed_in("approver"), told["proposal"], "approve")["state"] == "done"
