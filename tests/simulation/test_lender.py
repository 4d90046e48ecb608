"""The simulated lender: the same on any machine, right in form, with the shares, seasons and delays it says, and nothing given away."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from tests.events.samples import CODES, TENANT
from zhiyu.base.errors import InputError
from zhiyu.bench.lender import raw_fields
from zhiyu.cli import main
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.events.schema import EventSchema
from zhiyu.events.vocabulary import loan_events
from zhiyu.simulation.lender import Made, Wanted, make_lender
from zhiyu.simulation.lender.chance import Chance, permuted
from zhiyu.simulation.lender.parameters import CAMOUFLAGE, DAY_MS, HIDES, MAX_CELLS, VERSIONS, season
from zhiyu.simulation.lender.people import DORM, OFFICE, SHOP, SON, SWITCHER, TRAVELLER
from zhiyu.simulation.lender.render import table, tables
from zhiyu.simulation.lender.rows import KIND, KINDS, NUMBER
from zhiyu.simulation.lender.schemes import FOUND_DAYS, NEVER_FOUND
from zhiyu.simulation.lender.write import DECIDED, labels_table, truth_table, write_lender


@pytest.fixture(scope="module")
def made() -> Made:
    """Six weeks of 6,000 customers."""
    return make_lender(Wanted(days=42, customers=6_000, seed=11))


@pytest.fixture(scope="module")
def hard() -> Made:
    """Frauds that hide as well as they can."""
    return make_lender(Wanted(days=30, customers=24_000, seed=5, difficulty=5))


def test_these_bytes_are_frozen(tmp_path: Path) -> None:
    """Whoever changes a number of the generator gives it a new version."""
    for version, frozen in FROZEN.items():
        told = write_lender(make_lender(Wanted(days=4, customers=300, seed=7, version=version)), tmp_path / "a")
        assert (told["version"], told["events"], told["sha256"]) == (version, *frozen)
    assert list(FROZEN) == list(VERSIONS)


FROZEN = {
    "lender/2": (2903, "635044399de0ea5c23108d2e68fa79ac1d59880ebb444439e1c34b3a74432571"),
    "lender/3": (2970, "4934e070b4551a06f8e77b8e633ec3601c2dce5f5f4638ae1cb7f2c2d6076eed"),
}


def test_parquet_and_lines_say_the_same(tmp_path: Path) -> None:
    made = make_lender(Wanted(days=4, customers=300))
    first, second = write_lender(made, tmp_path / "a"), write_lender(made, tmp_path / "b", "ndjson")
    assert first == second
    lines = [json.loads(line) for line in (tmp_path / "b" / "events.ndjson").read_text(encoding="utf-8").splitlines()]
    rows = pq.read_table(tmp_path / "a" / "events.parquet").to_pylist()
    assert lines == [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert len(lines) == first["events"] == sum(first["types"].values())


def test_however_it_is_cut(made: Made) -> None:
    whole = table(made, 0, 3_000)
    assert pa.concat_tables(table(made, at, at + 600) for at in range(0, 3_000, 600)).equals(whole)


def test_more_customers_and_other_frauds_move_nobody_elses_numbers() -> None:
    chance = Chance(3)
    assert (chance.share("x", np.arange(50)) == chance.share("x", np.arange(90))[:50]).all()
    easy, hard = (make_lender(Wanted(days=6, customers=500, difficulty=level)) for level in (0, 5))
    honest = [_honest_visits(each) for each in (easy, hard)]
    assert honest[0] == honest[1]


def _honest_visits(made: Made) -> set[tuple[int, int]]:
    events = made.events
    plain = (
        (events["person"] >= 0)
        & (events["person"] < 500)
        & (events["kind"] == 0)
        & (events["type"] == NUMBER["log_in"])
    )
    return set(zip(events["person"][plain].tolist(), events["time"][plain].tolist()))


def test_permuted_numbers_never_repeat() -> None:
    assert len(np.unique(permuted(np.arange(5_000), 5_000, 3, "x"))) == 5_000
    assert len(np.unique(permuted(np.arange(100_000), 600_000_000, 3, "phone"))) == 100_000


@pytest.mark.parametrize("difficulty", [0, 5])
def test_every_record_fits_the_vocabulary(difficulty: int) -> None:
    schema = EventSchema.compile(list(loan_events()))
    made = make_lender(Wanted(days=40, customers=1_500, seed=2, difficulty=difficulty))
    seen = 0
    for each in tables(made, 20_000):
        columns = {name: each[name].combine_chunks() for name in each.column_names}
        decoded = decode(schema, None, RawBatch(columns), CODES, TENANT)
        assert decoded.refusals == []
        for name in ("phone_valid", "id_number_valid", "card_valid", "contact_phone_valid", "ip_valid", "email_valid"):
            register = schema.index[name]
            assert (decoded.batch.values[register] | decoded.batch.nulls[register]).all(), name
        assert (np.diff(decoded.batch.time_ms) >= 0).all()
        seen += decoded.batch.n
    assert seen == len(made.events)


def test_numbers_belong_to_nobody(made: Made) -> None:
    some = table(made, 0, 20_000)
    phones = {text[:3] for text in some["phone"].drop_null().to_pylist()}
    assert phones <= {"160", "161", "163", "164", "168", "169"}
    assert {text[:2] for text in some["card"].drop_null().to_pylist()} == {"99"}
    assert {text[:2] for text in some["id_number"].drop_null().to_pylist()} <= {str(n) for n in range(92, 100)}
    assert all(text.endswith("@example.com") for text in some["email"].drop_null().to_pylist())
    assert {int(text.split(".")[0]) >> 4 for text in some["ip"].drop_null().to_pylist()} == {15}


def test_one_person_has_one_number(made: Made) -> None:
    people = pa.concat_tables(tables(made)).filter(pa.compute.equal(pa.concat_tables(tables(made))["type"], "person"))
    honest = people.group_by("id_number").aggregate([("customer", "count_distinct")])
    twice = int((honest["customer_count_distinct"].to_numpy() > 1).sum())
    assert twice <= int((made.people.kind == KIND["impersonation"]).sum())
    assert len(pa.compute.unique(people["phone"])) == len(people)


def test_every_kind_of_fraud_and_oddity_is_there(made: Made) -> None:
    assert set(np.unique(made.events["kind"]).tolist()) == set(range(len(KINDS)))
    odd = np.bincount(made.people.oddity[:6_000], minlength=7) / 6_000
    for oddity, low, high in (
        (DORM, 0.015, 0.06),
        (OFFICE, 0.015, 0.06),
        (SHOP, 0.02, 0.08),
        (TRAVELLER, 0.03, 0.08),
        (SON, 0.02, 0.06),
        (SWITCHER, 0.05, 0.13),
    ):
        assert low < odd[oddity] < high, oddity


def test_seasons(made: Made) -> None:
    events = made.events
    visits = events["time"][(events["type"] == NUMBER["payment"]) & (events["kind"] == 0)]
    per_day = np.bincount(visits // DAY_MS, minlength=42)[:42]
    expected = np.array([season(day) for day in range(42)])
    settled = slice(14, 42)  # newcomers are still arriving before
    assert np.corrcoef(per_day[settled], expected[settled])[0, 1] > 0.5
    hours = np.bincount(visits % DAY_MS // 3_600_000, minlength=24) / len(visits)
    assert hours[1:6].sum() < 0.15 < hours[18:22].sum()


def test_labels_arrive_late_or_never(made: Made) -> None:
    events = made.events
    reports = np.flatnonzero((events["type"] == NUMBER["report"]) & (events["b"] == 0) & (events["a"] > 0))
    delay = (events["time"][reports] - events["time"][events["about"][reports]]) / DAY_MS
    assert (delay > 0).all()
    quick = np.isin(events["a"][reports], [KIND["takeover"], KIND["scam_victim"], KIND["abnormal_use"]])
    assert np.median(delay[quick]) < 4 < 8 < np.median(delay[~quick])
    early = events["time"] < 20 * DAY_MS
    for kinds, low, high in (
        (("takeover", "scam_victim"), 0.65, 1.0),
        (("forged", "multi_lender", "remote_large", "proxy_complaint"), 0.05, 0.65),
    ):
        of_kind = early & np.isin(events["kind"], [KIND[kind] for kind in kinds])
        assert low < (made.found_ms[of_kind] >= 0).mean() < high, kinds
    assert (made.found_ms < 42 * DAY_MS).all()
    assert set(FOUND_DAYS) == set(NEVER_FOUND) == set(KINDS[1:])


def test_nothing_is_known_about_those_who_were_declined(made: Made) -> None:
    truth = truth_table(made)
    labels = labels_table(made, truth)
    ids = set(labels["id"].to_pylist())
    declined = made.declined[np.maximum(made.events["person"].astype(np.int64), 0)] == 1
    turned_down = np.flatnonzero(declined & np.isin(made.events["type"], DECIDED))
    assert len(turned_down) > 100
    assert not ids & set(truth["id"].take(pa.array(turned_down)).to_pylist())
    missed = labels.filter(pa.compute.invert(labels["fraud"]))["id"].to_pylist()
    fraud = dict(zip(truth["id"].to_pylist(), truth["fraud"].to_pylist()))
    assert any(fraud[each] for each in missed), "some frauds are never found and stand as legit"


def test_gangs_share_what_honest_people_do_not() -> None:
    shared = {}
    for difficulty in (0, 5):
        made = make_lender(Wanted(days=30, customers=8_000, seed=3, difficulty=difficulty))
        batch = made.people.kind == KIND["batch"]
        gang, device = made.people.gang[batch], made.people.device[batch]
        shared[difficulty] = 1 - len(np.unique(device)) / len(device)
        assert np.bincount(gang - gang.min()).max() >= 5
    assert shared[0] > 0.4 > 0.25 > shared[5] > 0.0
    assert list(HIDES) == sorted(HIDES)
    assert list(CAMOUFLAGE) == sorted(CAMOUFLAGE)
    assert CAMOUFLAGE[0] == 0.0
    assert CAMOUFLAGE[5] == 0.8


def ranks_apart(values: np.ndarray, fraud: np.ndarray) -> float:
    """|AUC - 1/2| of one field, missing values lowest, ties shared."""
    filled = np.where(np.isfinite(values), values, -1.0)
    known, inverse, count = np.unique(filled, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    rank = middle[inverse]
    n, m = int(fraud.sum()), int((~fraud).sum())
    assert len(known)
    return abs((rank[fraud].sum() - n * (n + 1) / 2) / (n * m) - 0.5)


def test_no_field_gives_fraud_away_when_it_hides(hard: Made) -> None:
    """One field of one event says nothing: bound 0.1 above chance, and three deviations of chance where frauds are few. Ids and
    order too."""
    fields, kept = raw_fields(hard)
    kind, of_type = hard.events["kind"][kept] > 0, hard.events["type"][kept]
    found, asked = {}, 0
    for number in DECIDED:
        rows = of_type == number
        fraud = kind[rows]
        if fraud.sum() < 150:
            continue
        bound = 0.04 + 3 * 0.29 / np.sqrt(fraud.sum())
        for name, values in fields.items():
            if np.isfinite(values[rows]).any():
                asked += 1
                apart = ranks_apart(values[rows], fraud)
                if apart > min(0.1, bound):
                    found[(number, name)] = round(apart, 3)
    assert asked > 100
    assert found == {}


def test_an_openly_acting_fraud_is_seen_by_the_same_measure() -> None:
    made = make_lender(Wanted(days=30, customers=8_000, seed=5, difficulty=0))
    fields, kept = raw_fields(made)
    rows = made.events["type"][kept] == NUMBER["log_in"]
    assert ranks_apart(fields["remote_control"][rows], made.events["kind"][kept][rows] > 0) > 0.1


def test_gaps_between_steps_give_nothing_away(hard: Made) -> None:
    """From log-in to draw-down: the same spread for frauds as for everybody."""
    events = hard.events
    drawn = np.flatnonzero(events["type"] == NUMBER["draw_down"])
    log_ins = np.flatnonzero(events["type"] == NUMBER["log_in"])
    last: dict[int, int] = {}
    gaps: dict[bool, list[int]] = {True: [], False: []}
    times, who, kind = events["time"], events["person"], events["kind"]
    for at in np.sort(np.concatenate([drawn, log_ins])).tolist():
        if events["type"][at] == NUMBER["log_in"]:
            last[int(who[at])] = int(times[at])
        elif int(who[at]) in last and times[at] - last[int(who[at])] < 330_000:
            gaps[bool(kind[at] > 0)].append(int(times[at]) - last[int(who[at])])
    middle = [float(np.median(each)) for each in gaps.values()]
    assert min(map(len, gaps.values())) > 100
    assert abs(middle[0] - middle[1]) < 40_000


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (Wanted(days=1), "days"),
        (Wanted(customers=99), "customers"),
        (Wanted(difficulty=6), "difficulty"),
        (Wanted(days=730, customers=MAX_CELLS // 730 + 1), "days × customers"),
    ],
)
def test_limits(wanted: Wanted, word: str) -> None:
    with pytest.raises(InputError, match=word):
        wanted.check()


def test_at_the_limits() -> None:
    assert Wanted(days=2, customers=100, difficulty=5).check()
    assert Wanted(days=60, customers=MAX_CELLS // 60).check()


def test_the_command_writes_and_leaves_other_folders_alone(tmp_path: Path) -> None:
    arguments = ["simulate", "--days", "3", "--customers", "200", "--json", "--out"]
    done = CliRunner().invoke(main, [*arguments, str(tmp_path / "a")])
    assert done.exit_code == 0, done.output
    assert {file.name for file in (tmp_path / "a").iterdir()} == {
        "events.parquet", "truth.parquet", "labels.parquet", "people.parquet", "simulation.json"
    }  # fmt: skip
    again = CliRunner().invoke(main, [*arguments, str(tmp_path / "a")])
    assert again.stdout == done.stdout
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("keep")
    refused = CliRunner().invoke(main, [*arguments, str(tmp_path / "b")])
    assert refused.exit_code == 1
    assert (tmp_path / "b" / "mine.txt").read_text() == "keep"


def test_a_cash_out_ring_uses_its_organisers_phones(made: Made) -> None:
    """From lender/3 on: customers of one shop pay on the two phones of its organiser; in lender/2 they did not."""
    assert _people_per_shared_phone(made) >= 3
    assert _people_per_shared_phone(make_lender(Wanted(days=42, customers=6_000, seed=11, version="lender/2"))) == 1


def _people_per_shared_phone(made: Made) -> int:
    """Most customers that paid cash-out shops on one device."""
    events = made.events
    kept = (events["kind"] == KIND["cash_out"]) & (events["type"] == NUMBER["payment"])
    pairs = np.unique(np.stack([events["device"][kept], events["person"][kept]]), axis=1)
    return int(np.unique(pairs[0], return_counts=True)[1].max())


def test_nobody_sends_money_without_a_log_in(made: Made) -> None:
    """What a missing log-in gave away in lender/2: every transfer has one within the hour and a half before it."""
    events = made.events
    sends, logs = events["type"] == NUMBER["transfer"], events["type"] == NUMBER["log_in"]
    at = {}
    for person, time in zip(events["person"][logs].tolist(), events["time"][logs].tolist()):
        at.setdefault(person, []).append(time)
    alone = [
        int(kind)
        for person, time, kind in zip(*(events[name][sends].tolist() for name in ("person", "time", "kind")))
        if time > DAY_MS and not any(0 <= time - each <= 4 * 3_600_000 for each in at.get(person, []))
    ]
    assert alone == []
