"""Hourly reports of the live variables, against counting by hand; anomalies as events that a policy reads.

A lender's front end stops sending the device at three in the afternoon of the second day, and the shops of one merchant are suddenly
busy. The hour in which that happens says so, the hours before say nothing, however the stream is cut.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import zhiyu
from zhiyu.cli import main
from zhiyu.commands import demo
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.hourly.hours import EVENT_TYPE
from zhiyu.evaluation.hourly.judge import Thresholds, moved, strange_volume
from zhiyu.evaluation.hourly.page import page
from zhiyu.evaluation.hourly.run import FeatureReport, over_events
from zhiyu.evaluation.hourly.sketch import COARSE, FINE, HIGH, LOW, PIECE, TypeHour, coarse, fine, middle
from zhiyu.expressions.types import Kind, Type

POLICY = """
name: shop
events:
  - name: payment
    decide: true
    fields: {customer: {type: string}, amount: {type: number, required: true}, device: {type: string}}
  - name: feature_anomaly
    decide: false
    fields: {hour: {type: string}, about_type: {type: string}, variable: {type: string}, anomaly: {type: string}, value: {type: number},
             before: {type: number}, events: {type: int}, at_position: {type: int}}
features:
  - {name: of_device, aggregate: count, by: device, over: 24h, on: [payment]}
  - {name: of_customer, aggregate: count, by: customer, over: 24h, on: [payment]}
  - {name: cents, expr: 'amount * 100'}
  - {name: odd_hours, aggregate: count, by: anomaly, over: 24h, on: [feature_anomaly]}
rule_sets:
  - name: main
    rules: [{name: much, when: of_device > 1000 or of_customer > 1000 or cents > 1000000, outcome: review}]
"""


def _stream(path: Path, days: int = 2) -> Path:
    """Sixty payments an hour; from 15:00 of the last day on half of them have no device."""
    lines = []
    for minute in range(days * 24 * 60):
        day, hour = divmod(minute // 60, 24)
        record = {
            "type": "payment", "id": f"e{minute}", "time": f"2026-03-{1 + day:02}T{hour:02}:{minute % 60:02}:00Z",
            "customer": f"c{minute % 97}", "amount": 10 + minute % 60 / 4, "device": f"d{minute % 89}",
        }  # fmt: skip
        if day == days - 1 and hour >= 15 and minute % 2:
            del record["device"]
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The policy's folder and the stream."""
    room = tmp_path_factory.mktemp("hourly")
    (room / "policy").mkdir()
    (room / "policy" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return room / "policy", _stream(room / "events.ndjson", 3)


def _report(policy: Path, events: Path, batch: int | None = None) -> FeatureReport:
    from zhiyu.evaluation.replay import Replay

    opened, report = open_policy(policy), FeatureReport()
    if batch is None:
        for _ in over_events(opened, events, None, report):
            pass
        return report
    Replay(opened, events, keep_all=True, batch=batch, on_batch=lambda outcome, _: report.take(opened, outcome)).run()
    return report


def test_the_hour_in_which_devices_go_missing_says_so(files: tuple[Path, Path]) -> None:
    report = _report(*files)
    found = [(x["hour"], x["variable"], x["anomaly"]) for x in report.anomalies if x["anomaly"] == "missing"]
    assert found[0] == ("2026-03-03T15:00:00Z", "of_device", "missing")
    first = next(x for x in report.anomalies if x["anomaly"] == "missing")
    assert (first["value"], first["before"], first["events"]) == (0.5, 0.0, 60)
    assert first["at_position"] == (2 * 24 + 16) * 60, "the first event of the hour after"
    assert first["time"] == "2026-03-03T16:00:00Z"
    assert not [x for x in report.anomalies if x["hour"] < "2026-03-03T15" and x["anomaly"] == "missing"]
    assert len({x["id"] for x in report.anomalies}) == len(report.anomalies)


def test_figures_are_those_of_counting_by_hand(files: tuple[Path, Path]) -> None:
    hour = _report(*files).hours[-1]
    told = {each["variable"]: each for each in hour["variables"]}
    cents = [(10 + minute / 4) * 100 for minute in range(60)]
    assert told["cents"]["mean"] == pytest.approx(np.mean(cents))
    assert (told["cents"]["least"], told["cents"]["greatest"]) == (min(cents), max(cents))
    assert told["cents"]["distinct"] == 60
    assert told["cents"]["distinct_exact"]
    for name, share in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95)):
        exact = sorted(cents)[int(np.ceil(share * 60)) - 1]
        assert told["cents"]["quantiles"][name] == pytest.approx(exact, rel=1 / 32)
    assert told["of_device"]["missing"] == 0.5
    assert told["of_customer"]["missing"] == 0.0
    assert hour["events"] == {"payment": 60}
    assert hour["against"] == ["2026-03-01T22:00:00Z", "2026-03-02T22:00:00Z"]


@pytest.mark.parametrize("batch", [7, 1_000])
def test_however_the_stream_is_cut(files: tuple[Path, Path], batch: int) -> None:
    assert _report(*files, batch).to_dict() == _report(*files).to_dict()


def test_a_policy_reads_anomalies_at_their_place(files: tuple[Path, Path]) -> None:
    """Told as events they count like any other fact."""
    text = POLICY.replace("fields: {customer", "fields: {anomaly: {type: string}, customer").replace(
        "much, when: ", "alarm, when: odd_hours >= 1, outcome: challenge}, {name: much, when: "
    )
    folder = files[0].parent / "reads"
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    app = zhiyu.App(folder)
    anomaly = next(x for x in _report(*files).anomalies if x["anomaly"] == "missing")
    payment = {"type": "payment", "customer": "c", "amount": 5, "device": "d", "anomaly": "missing"}
    before = app.decide(payment | {"id": "p1", "time": "2026-03-03T15:59:00Z"})
    assert before is not None
    assert before.outcome == "pass"
    assert app.decide(anomaly) is None, "a fact"
    after = app.decide(payment | {"id": "p2", "time": "2026-03-03T16:01:00Z"})
    assert after is not None
    assert (after.outcome, after.rules) == ("challenge", ("alarm",))


def test_the_command(files: tuple[Path, Path], tmp_path: Path) -> None:
    arguments = [
        "report",
        "--features",
        "--events",
        str(files[1]),
        "--policy",
        str(files[0]),
        "-o",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(main, [*arguments, "--lang", "zh"])
    assert done.exit_code == 0, done.output
    assert "个异常" in done.output
    lines = (tmp_path / "out" / "anomalies.ndjson").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["type"] == EVENT_TYPE for line in lines)
    assert "分布偏移" in (tmp_path / "out" / "features.html").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "out" / "features.json").read_text(encoding="utf-8"))
    assert told["closed_hours"] == 71
    assert len(told["hours"]) == 24
    for wrong, word in (
        (["report", "--features"], "--data or --events"), (["report"], "--data"),
        (["report", "--features", "--events", str(files[1])], "--policy"), (["report", "--features", "--data", str(tmp_path)],
         "keeps nothing"),
    ):  # fmt: skip
        said = CliRunner().invoke(main, [*wrong, "--lang", "en"])
        assert said.exit_code == 1
        assert word in said.output


def test_beside_a_server_and_told_to_it(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The log of a server says what the file says; its anomalies become events of the server, once."""
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    with demo._server(files[0], 0) as url:
        demo._sent(files[1], files[0], url, "en")
        arguments = ["report", "--features", "--data", str(tmp_path / "data"), "--send", url, "--lang", "en"]
        first = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "out")])
        assert first.exit_code == 0, first.output
        again = CliRunner().invoke(main, arguments)
    told = json.loads((tmp_path / "out" / "features.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(_report(*files).to_dict()))
    count = len(told["anomalies"])
    assert f"{count} new anomalies, 0 known" in first.output
    assert f"0 new anomalies, {count} known" in again.output


def test_the_page_has_no_script(files: tuple[Path, Path]) -> None:
    html = page(_report(*files))
    assert "<script" not in html
    assert "of_device" in html


@given(st.lists(st.floats(-1e12, 1e12, allow_nan=False), min_size=1, max_size=50))
def test_fine_steps_are_within_what_is_promised(numbers: list[float]) -> None:
    values = np.array(numbers)
    found = middle(fine(values), False)
    small = np.abs(values) < 2.0**LOW
    assert (np.abs(found[~small] - values[~small]) <= np.abs(values[~small]) / 32 * (1 + 1e-9)).all()
    assert (found[small] == 0).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(fine(values)[order]) >= 0).all(), "buckets are in the order of the values"
    assert (np.diff(coarse(fine(values))[order]) >= 0).all()


def test_whole_numbers_to_31_are_exact() -> None:
    whole = np.arange(-31, 32).astype(np.float64)
    assert (middle(fine(whole), True) == whole).all()
    assert fine(np.array([2.0 ** (HIGH + 3)]))[0] == FINE - 1, "past the last step: the last step"
    assert coarse(np.array([0, FINE - 1])).tolist() == [0, COARSE - 3]


def test_a_piece_is_a_piece_wherever_it_is_cut() -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(3, 2, (PIECE + 500, 2)).view(np.int64)
    nulls = (rng.random(values.shape) < 0.1).astype(np.uint8)
    hours = []
    for cuts in ([], [1, 70, PIECE - 1, PIECE, PIECE + 1]):
        hour = TypeHour(("a", "b"), (Type(Kind.FLOAT), Type(Kind.FLOAT)))
        for rows in np.split(np.arange(len(values)), cuts):
            hour.take(values[rows], nulls[rows])
        hour.settle()
        hours.append(hour)
    one, other = hours
    assert one.n == other.n == PIECE + 500
    assert (one.sum == other.sum).all()
    assert (one.rough == other.rough).all()
    assert (one.keys == other.keys).all()
    assert [one.distinct(at) for at in (0, 1)] == [other.distinct(at) for at in (0, 1)]
    true = len(np.unique(values[:, 0][nulls[:, 0] == 0]))
    assert abs(one.distinct(0)[0] / true - 1) < 0.25, "four standard errors"
    assert not one.distinct(0)[1]


def test_the_same_again_is_not_odd_and_a_shift_is() -> None:
    rng = np.random.default_rng(6)

    def hour(shift: float) -> TypeHour:
        found = TypeHour(("a",), (Type(Kind.FLOAT),))
        found.take((rng.lognormal(3 + shift, 1, (400, 1))).view(np.int64), np.zeros((400, 1), np.uint8))
        found.settle()
        return found

    usual = [hour(0.0) for _ in range(5)]
    quiet = [moved(hour(0.0), usual, Thresholds()).odd for _ in range(200)]
    assert quiet == [[]] * 200
    assert {what for _, what, _, _ in moved(hour(1.5), usual, Thresholds()).odd} == {"shift", "rise"}
    assert moved(hour(0.0), [], Thresholds()).odd == []


def test_volumes() -> None:
    limits = Thresholds()
    assert not strange_volume(500, [], limits)
    assert not strange_volume(110, [100, 90], limits)
    assert strange_volume(400, [100, 90], limits)
    assert strange_volume(10, [400, 390], limits)
    assert not strange_volume(40, [4, 5], limits), "too few to say"
