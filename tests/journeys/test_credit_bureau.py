"""The dear question is asked only where the cheap one did not decide.

Nine applications and four draw-downs of `examples/credit_bureau`, with the answers of five services. A clean applicant is asked about four
times, for 2.90 yuan. A card that belongs to somebody else ends it after two questions, for 0.40; nine lenders in a week after three, for
0.90. Whoever applies the fourth time in a week is declined for nothing. A bureau that does not answer in time, and a face service whose
answer is in no file, lead to a person. A small draw-down is nobody's question. All of it is the same in pieces of any size.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from zhiyu.engine.opened import open_policy
from zhiyu.engine.run_reader import RunReader
from zhiyu.evaluation.replay import Replay
from zhiyu.outside.stand_in import StandIn, read_cases

FOLDER = Path(__file__).parents[2] / "examples" / "credit_bureau"
CAME_TO = {
    "a-001": ("pass", ["operator", "card_check", "lenders_query", "bureau"]), "a-002": ("decline", ["operator", "card_check"]),
    "a-003": ("decline", ["operator", "card_check", "lenders_query"]),
    "a-004": ("review", ["operator", "card_check", "lenders_query", "bureau"]), "a-013": ("decline", []), "d-001": ("pass", []),
    "d-002": ("pass", ["face_service"]), "d-003": ("decline", ["face_service"]), "d-004": ("review", ["face_service"]),
}  # fmt: skip


def test_who_was_asked_about_whom(tmp_path: Path) -> None:
    result = Replay(open_policy(FOLDER), FOLDER / "events.ndjson", out=tmp_path, keep_all=True).run()
    reader = RunReader(tmp_path)
    for event_id, (outcome, asked) in CAME_TO.items():
        steps = [reader.explain(event_id), *(why for _, why in reader.went_on(event_id))]
        assert steps[-1].outcome == outcome, event_id
        assert [reader.asks(each) for each in steps if reader.asks(each)] == asked, event_id
        assert {each.event_type for each in steps} <= {"application", "draw_down"}
    spend = result.spend
    assert spend["cost"] == {"CNY": 1_060}
    assert (spend["asked"], spend["most"]) == (10, {"CNY": 290})
    assert spend["services"]["bureau"]["ends"] == {"answered": 4, "timed_out": 1}
    assert spend["services"]["bureau"]["cached"] == 2, "the same question twice more in an hour"
    assert spend["services"]["face_service"]["ends"] == {"answered": 2, "unanswered": 1}
    assert {name: count for name, count in result.outcomes.items() if count} == {"pass": 3, "review": 5, "decline": 4}
    unheard = reader.went_on("d-004")[-1][1]
    assert [reason.code for reason in unheard.reasons] == ["NOT_TOLD"]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_one_digest(batch: int) -> None:
    whole = Replay(open_policy(FOLDER), FOLDER / "events.ndjson").run()
    assert Replay(open_policy(FOLDER), FOLDER / "events.ndjson", batch=batch).run().digest == whole.digest


def test_the_answers_of_the_stand_in() -> None:
    services = open_policy(FOLDER).policy.services
    app = StandIn(services, read_cases(FOLDER / "answers.txt", services))
    assert app.answer("card_check", {"holder.ref": "c3", "card.no": "x"}) == {"match": False}
    points = {app.answer("bureau", {"person.id": str(number)})["data"]["score"]["value"] for number in range(200)}
    assert 440 <= min(points) < max(points) <= 820
