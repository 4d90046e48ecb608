"""What services know about the simulated people: frozen, truthful with gaps, said by file and by stand-in alike; a replay asks nobody."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.outside.facts import Facts, read_facts
from zhiyu.outside.stand_in import StandIn
from zhiyu.simulation.lender import Made, Wanted, make_lender
from zhiyu.simulation.lender.answers import answer_table, knows, with_answers
from zhiyu.simulation.lender.render import table
from zhiyu.simulation.lender.rows import KIND
from zhiyu.simulation.lender.services import SERVICES_VERSION, Known, known_outside
from zhiyu.simulation.lender.write import content_of, write_lender

FOLDER = Path(__file__).parents[2] / "examples" / "consumer_credit"
FROZEN = {"services/1": "05d1b782bff6d7ad76abc976da172124e9c05d894eecfa25d8b7d4953659b7b8"}


@pytest.fixture(scope="module")
def made() -> Made:
    """Frauds that hide a little."""
    return make_lender(Wanted(days=20, customers=5_000, seed=3, difficulty=1))


@pytest.fixture(scope="module")
def known(made: Made) -> Known:
    """What is known about them."""
    return known_outside(made)


def test_these_answers_are_frozen() -> None:
    """Whoever changes a number of what services know gives it a new version."""
    found = known_outside(make_lender(Wanted(days=4, customers=300, seed=7)))
    digest = hashlib.sha256()
    for part in (found.people, found.events):
        for name in part.column_names:
            digest.update(name.encode() + content_of(part[name]))
    assert {SERVICES_VERSION: digest.hexdigest()} == FROZEN


def test_services_tell_the_truth_about_who_is_behind_it(made: Made, known: Known) -> None:
    kind, people = made.people.kind, known.people.to_pydict()
    other_card = ~np.array(people["card_is_holders"])
    honest, thief = kind == 0, kind == KIND["impersonation"]
    assert other_card[honest].mean() < 0.02 < 0.6 < other_card[thief].mean()
    week = np.array(people["lenders_7d"])
    assert np.median(week[kind == KIND["multi_lender"]]) > np.quantile(week[honest], 0.99)
    no_file = np.array([each is None for each in people["credit_points"]])
    assert 0.03 < no_file[honest].mean() < 0.09, "gaps: some honest people have no file"


def test_a_coached_victim_shows_an_own_face_and_a_thief_does_not(made: Made, known: Known) -> None:
    ids = {each: at for at, each in enumerate(table(made, 0, len(made.events))["id"].to_pylist())}
    at = np.array([ids[each] for each in known.events["id"].to_pylist()])
    alike, kind = known.events["face_likeness"].to_numpy(), made.events["kind"][at]
    assert np.median(alike[kind == KIND["takeover"]]) < 0.72 < np.quantile(alike[kind == 0], 0.02)
    assert np.median(alike[kind == KIND["scam_victim"]]) > 0.85


def test_at_the_hardest_few_give_themselves_away(known: Known, made: Made) -> None:
    hard = make_lender(Wanted(days=20, customers=5_000, seed=3, difficulty=5))
    shown = []
    for each, told in ((made, known), (hard, known_outside(hard))):
        thieves = each.people.kind == KIND["impersonation"]
        shown.append(1 - np.array(told.people["card_is_holders"].to_pylist())[thieves].mean())
    assert shown[0] > 2 * shown[1] > 0


def test_the_stand_in_says_what_the_file_says(made: Made, known: Known) -> None:
    """The same question, asked of the stand-in as the policy maps it, gets the answer that stands among the events."""
    policy = open_policy(FOLDER).policy
    assert all(knows(known, service) for service in policy.services)
    app, last = StandIn(policy.services, facts=Facts([known.people, known.events])), 6_000
    events = {each["id"]: each for each in table(made, 0, last).to_pylist()}
    asked = 0
    for answer in answer_table(made, policy, known, 0, last).to_pylist():
        service = app.services[answer["type"]]
        if answer[f"{service.name}_call"] != "answered":
            continue
        event, request = events[answer["about"]], service.request
        content = app.answer(service.name, {name: event[f] for name, f in (request.query | request.body).items()})
        for field, told in service.answer.items():
            here = content
            for part in told.at.split("."):
                here = here[part]
            assert here == answer[field], (service.name, field)
        asked += 1
    assert asked > 700


def test_a_replay_takes_the_answers_it_asks_for_and_no_others(tmp_path: Path) -> None:
    opened = open_policy(FOLDER)
    made = make_lender(Wanted(days=6, customers=300, seed=5, difficulty=1))
    told = write_lender(made, tmp_path / "lender", policy=opened.policy)
    assert told["services"] == SERVICES_VERSION
    found = Replay(opened, tmp_path / "lender" / "events.parquet").run()
    services = found.spend["services"]
    assert found.refused == 0
    assert found.waits["open"] == found.waits["expired"] == 0
    assert sum(each["calls"] + each["unasked"] for each in services.values()) == told["answers"]
    assert services["face_service"]["unasked"] > 0, "only doubtful draw-downs ask"
    assert services["bureau"]["unasked"] > services["operator"]["unasked"], "the dear one is asked less often"
    paid = sum(each["cost"] for each in services.values())
    assert found.spend["cost"]["CNY"] == paid > 0
    assert found.spend["most"]["CNY"] <= 290


def test_over_a_tape_another_policy_takes_the_answers_that_are_there(tmp_path: Path) -> None:
    """A tape holds answers like any event: decided again it comes to the same, and a policy that asks more finds what it asks."""
    opened = open_policy(FOLDER)
    events, tape = tmp_path / "lender" / "events.parquet", tmp_path / "tape"
    write_lender(make_lender(Wanted(days=4, customers=300, seed=5, difficulty=1)), events.parent, policy=opened.policy)
    first = Replay(opened, events, tape=tape).run()
    again = Replay(opened, tape).run()
    assert (again.digest, again.spend) == (first.digest, first.spend)
    shutil.copytree(FOLDER, tmp_path / "asks_more")
    flows = tmp_path / "asks_more" / "flows.yaml"
    text = flows.read_text("utf-8")
    assert "amount >= 10000 or bureau_score < 600" in text
    flows.write_text(text.replace("amount >= 10000 or bureau_score < 600", "amount >= 0"), "utf-8")
    more = open_policy(tmp_path / "asks_more")
    replayed, redecided = Replay(more, events).run(), Replay(more, tape).run()
    assert redecided.digest == replayed.digest
    calls = redecided.spend["services"]["bureau"]["calls"]
    assert calls == replayed.spend["services"]["bureau"]["calls"] > first.spend["services"]["bureau"]["calls"]


def test_answers_change_nothing_of_the_stream(tmp_path: Path) -> None:
    made, policy = make_lender(Wanted(days=4, customers=300)), open_policy(FOLDER).policy
    write_lender(made, tmp_path / "with", policy=policy)
    events = pq.read_table(tmp_path / "with" / "events.parquet")
    own = events.filter([each not in {s.name for s in policy.services} for each in events["type"].to_pylist()])
    plain = table(made, 0, len(made.events))
    assert own.select(plain.column_names).equals(plain)
    assert events["time"].to_pylist() == sorted(events["time"].to_pylist())
    nothing = answer_table(made, policy, known_outside(made), 0, 0)
    assert with_answers(plain, nothing).select(plain.column_names).equals(plain)


def test_commands_write_and_read_what_is_known(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["simulate", "--days", "3", "--customers", "200", "--policy", str(FOLDER), "--out", str(tmp_path / "a"), "--lang", "en"]
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "answers of services outside" in done.output
    person = pq.read_table(tmp_path / "a" / "outside_people.parquet").to_pylist()[0]
    service = next(each for each in open_policy(FOLDER).policy.services if each.name == "operator")
    found = read_facts(tmp_path / "a").about(service, {"msisdn": person["phone"], "holder": person["id_number"]})
    assert found == {name: person[name] for name in service.answer}
    with pytest.raises(InputError, match="simulate --policy"):
        read_facts(tmp_path)
