"""`zhiyu init --from` over shapes of data that are widely passed around: names in camel case, verdicts of several words, copies of records,
columns that were written after the outcome, frauds of two years beside good events of two weeks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluation.awkward import as_csv
from tests.evaluation.test_first_look import looked, zhiyu
from zhiyu.evaluation.first_look.doubts import doubts_of
from zhiyu.evaluation.first_look.look import Looked

BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
Row = Callable[[int, Any], list[Any]]


def made(
    folder: Path, header: list[str], row: Row, rows: int = 600, name: str = "file.csv", delimiter: str = ","
) -> Path:
    """A file whose rows come from their number and a generator of chance."""
    own = np.random.default_rng(3)
    file = folder / name
    file.write_text(as_csv(header, [row(number, own) for number in range(rows)], delimiter), encoding="utf-8")
    return file


def told(found: Looked) -> str:
    return "\n".join(english for english, _ in doubts_of(found))


def hours(number: int) -> datetime:
    return BEGIN + timedelta(hours=4 * number)


def pick(own: Any, words: list[Any]) -> Any:
    return words[int(own.integers(0, len(words)))]


def test_names_in_capitals_and_camel_case(tmp_path: Path) -> None:
    found = looked(
        made(
            tmp_path,
            ["TransactionID", "isFraud", "TransactionDT", "TransactionAmt", "nameOrig", "zip_count_4w", "P_emaildomain"],
            lambda n, own: [
                29_000 + n, int(n % 25 == 0), 86_400 + 3_600 * n, round(float(own.gamma(2, 30)), 3), f"C{n % 60}",
                int(own.integers(0, 3_000)), pick(own, ["gmail.com", "qq.com", ""]),
            ],
        )
    )  # fmt: skip
    roles = found.roles
    assert (roles.id, roles.label, roles.time, roles.epoch) == ("TransactionID", "isFraud", "TransactionDT", "s")
    assert (roles.money, roles.entities) == ("TransactionAmt", ["nameOrig"])
    assert found.draft.kinds["zip_count_4w"] == "int", "a count is a number, whatever it counts"


def test_a_limit_of_money_has_the_digits_of_its_currency(tmp_path: Path) -> None:
    file = made(tmp_path, ["amount", "is_fraud"], lambda n, own: [f"{n}.125", int(n % 9 == 0)])
    assert "amount >= 599.12," in looked(file).draft.files["rules.yaml"]
    zhiyu("init", str(tmp_path / "p"), "--from", str(file))
    assert "0 errors" in zhiyu("check", str(tmp_path / "p"))


@pytest.mark.parametrize(
    ("column", "values", "unit", "least"),
    [
        ("order.amount_cents", [123_456, 99], "cent", "1234.56"),
        ("交易金额（分）", [123_456, 99], "fen", "1234.56"),
        ("贷款金额(万元)", [12, 7], "wan", "120000.00"),
        ("amount", [123_456, 99], "", "123456.00"),
        ("amount_cents", [1_234.5, 9.5], "", "1234.50"),
    ],
)
def test_money_in_the_unit_that_its_name_says(
    column: str, values: list[float], unit: str, least: str, tmp_path: Path
) -> None:
    """Fen and cents as whole numbers, wan as any; the first rule's limit is in the currency's own unit."""
    file = made(tmp_path, ["id", column, "is_fraud"], lambda n, own: [n, values[n % 2] - n % 5, int(n % 9 == 0)])
    found = looked(file)
    assert (found.roles.money, found.roles.money_unit) == (column, unit)
    assert f">= {least}," in found.draft.files["rules.yaml"]
    zhiyu("init", str(tmp_path / "p"), "--from", str(file))
    assert "0 errors" in zhiyu("check", str(tmp_path / "p"))
    told_first = json.loads(zhiyu("replay", str(file), "--policy", str(tmp_path / "p"), "--json", "--no-out"))
    assert told_first["events"] == 600


def test_a_date_of_what_came_later_is_no_input_and_may_be_the_label(tmp_path: Path) -> None:
    file = made(
        tmp_path, ["id", "time", "amount", "chargeback_date"],
        lambda n, own: [n, hours(n).isoformat(), n, hours(n + 300).isoformat() if n % 50 == 0 else ""],
    )  # fmt: skip
    found = looked(file)
    assert found.roles.left_out["chargeback_date"] == "label"
    assert "chargeback_date has a value in 2.0% of the records" in told(found)


def test_a_verdict_of_several_words(tmp_path: Path) -> None:
    words = ["Fully Paid", "Charged Off", "Current", "Default", "Late (31-120 days)"]
    file = made(
        tmp_path, ["loan_status", "issue_d", "loan_amnt"], lambda n, own: [words[n % 5], hours(n).strftime("%b-%Y"), n]
    )
    roles = looked(file).roles
    assert (set(roles.fraud), roles.legit) == ({"Charged Off", "Default"}, ("Fully Paid",))
    assert set(roles.open) == {"Current", "Late (31-120 days)"}
    assert roles.time == "issue_d"


@pytest.mark.parametrize(
    ("words", "fraud", "legit", "open_"),
    [
        ([0, 1, -1], ("1",), ("0",), ("-1",)),
        (["是", "否", "待定"], ("是",), ("否",), ("待定",)),
        (["fraud", "legit", "pending"], ("fraud",), ("legit",), ("pending",)),
        ([1, -1, -1], ("1",), ("-1",), ()),
    ],
)
def test_words_that_say_nothing_yet(
    words: list[Any], fraud: tuple[str, ...], legit: tuple[str, ...], open_: tuple[str, ...], tmp_path: Path
) -> None:
    roles = looked(made(tmp_path, ["v", "verdict"], lambda n, own: [n, words[n % 3]])).roles
    assert (roles.label, roles.fraud, roles.legit, roles.open) == ("verdict", fraud, legit, open_)


def test_words_speak_where_the_name_does_not(tmp_path: Path) -> None:
    roles = looked(
        made(tmp_path, ["v", "ergebnis"], lambda n, own: [n, "fraudulent" if n % 9 == 0 else "genuine"])
    ).roles
    assert (roles.label, roles.fraud, roles.named) == ("ergebnis", ("fraudulent",), True)
    found = looked(made(tmp_path, ["v", "是否有车"], lambda n, own: [n, "是" if n % 9 == 0 else "否"]))
    assert "its name does not say so" in told(found)


def test_labels_in_a_file_of_their_own(tmp_path: Path) -> None:
    """Features of what was known are drafted all the same, and the label file is asked for from then on."""
    file = made(tmp_path, ["id", "time", "user", "amount"], lambda n, own: [n, hours(n).isoformat(), f"u{n % 30}", n])
    (tmp_path / "labels.csv").write_text(
        "id,fraud\n" + "".join(f"{n},{int(n % 30 == 3)}\n" for n in range(600)), encoding="utf-8"
    )
    said = zhiyu("init", str(tmp_path / "p"), "--from", str(file), "--labels", str(tmp_path / "labels.csv"))
    assert f"--labels {tmp_path / 'labels.csv'}" in said
    assert "no label was found" not in said
    assert "user_fraud_share_30d" in (tmp_path / "p/features.yaml").read_text(encoding="utf-8")
    over = (
        "replay",
        str(file),
        "--policy",
        str(tmp_path / "p"),
        "--labels",
        str(tmp_path / "labels.csv"),
        "--json",
        "--no-out",
    )
    assert json.loads(zhiyu(*over))["rule_hits"]["bad_name_of_user"] > 5


def test_copies_of_records_are_one_record(tmp_path: Path) -> None:
    def row(number: int, own: Any) -> list[Any]:
        number -= number % 50 == 1
        return [f"t{number}", hours(number).isoformat(), number * 7, int(number % 20 == 0)]

    file = made(tmp_path, ["trans_num", "time", "amt", "is_fraud"], row)
    assert looked(file).roles.id == "trans_num"
    zhiyu("init", str(tmp_path / "p"), "--from", str(file))
    assert (
        json.loads(zhiyu("replay", str(file), "--policy", str(tmp_path / "p"), "--json", "--no-out"))["decided"] == 588
    )
    other = made(
        tmp_path, ["trans_num", "time", "amt", "is_fraud"], lambda n, own: [*row(n, own)[:2], n, int(n % 20 == 0)]
    )
    assert looked(other).roles.id == "", "records that differ have another id than this"


def test_people_are_tokens_whatever_the_column_is_called(tmp_path: Path) -> None:
    def row(number: int, own: Any) -> list[Any]:
        return [
            f"A{number}",
            f"B{number % 97}",
            f"{number} Main St",
            "无" if number % 9 == 0 else f"11010119{600101 + number:06d}{number:03d}X",
        ]

    found = looked(made(tmp_path, ["first", "last", "street", "身份证号"], row))
    assert set(found.roles.personal) == {"first", "last", "street"}
    assert found.shapes["身份证号"].kind == "id_number"
    assert found.shapes["身份证号"].words == ("无",)


def test_what_was_written_after_the_outcome_is_told(tmp_path: Path) -> None:
    def row(number: int, own: Any) -> list[Any]:
        bad = number % 10 == 0
        return [int(own.integers(0, 1000)) + 300 * bad, number + 1.5 if bad else 0, "closed" if bad else "", int(bad)]

    found = looked(made(tmp_path, ["debt", "recoveries", "closing", "default"], row))
    assert set(found.telling) == {"recoveries", "closing"}
    assert "recoveries tells the outcome almost alone" in told(found)
    left = looked(made(tmp_path, ["debt", "recoveries", "closing", "default"], row), without=("recoveries", "closing"))
    assert not left.telling
    assert "recoveries" not in left.draft.names


def test_frauds_of_years_beside_good_events_of_weeks_are_told(tmp_path: Path) -> None:
    def row(number: int, own: Any) -> list[Any]:
        bad = number >= 300
        return [(BEGIN + timedelta(days=number - 270 if bad else number / 20)).isoformat(), number, int(bad)]

    assert "--split draw" in told(looked(made(tmp_path, ["time", "amount", "is_fraud"], row)))
    even = looked(
        made(tmp_path, ["time", "amount", "is_fraud"], lambda n, own: [hours(n).isoformat(), n, int(n % 30 == 0)])
    )
    assert "--split draw" not in told(even)
    late = made(
        tmp_path, ["time", "amount", "is_fraud"], lambda n, own: [hours(n).isoformat(), n, int(n % 15 == 0 and n < 400)]
    )
    assert "no record is labelled fraud" in told(looked(late))


@pytest.mark.parametrize(("hour", "delay"), [(4.0, "7d"), (1.0, "1d"), (0.1, "1h"), (0.0001, "0s")])
def test_labels_come_sooner_in_a_short_file(hour: float, delay: str, tmp_path: Path) -> None:
    row: Row = lambda n, own: [(BEGIN + timedelta(hours=hour * n)).strftime("%Y-%m-%d %H:%M:%S.%f"), n, int(n % 9 == 0)]  # noqa: E731
    found = looked(made(tmp_path, ["time", "amount", "is_fraud"], row))
    assert f"delay: {delay}}}" in found.draft.files["policy.yaml"]


@pytest.mark.parametrize("name", ["file.tsv", "file.txt", "file.json", "file.json.gz"])
def test_files_of_other_names(name: str, tmp_path: Path) -> None:
    import gzip

    header, file = ["time", "card", "amount", "is_fraud"], tmp_path / name
    rows = [[hours(n).isoformat(), f"c{n % 40}", n, int(n % 9 == 0)] for n in range(200)]
    if ".json" in name:
        text = json.dumps([dict(zip(header, row)) for row in rows]).encode()
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    else:
        file.write_text(as_csv(header, rows, "\t" if name.endswith(".tsv") else "|"), encoding="utf-8")
    zhiyu("init", str(tmp_path / "p"), "--from", str(file))
    found = json.loads(zhiyu("replay", str(file), "--policy", str(tmp_path / "p"), "--json", "--no-out"))
    assert (found["decided"], found["refused"]) == (200, 0)
