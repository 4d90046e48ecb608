"""`zhiyu init --from`: awkward files are read without a word from the user, and the folder that comes of it replays, trains and decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from tests.evaluation import awkward
from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.evaluation.first_look.draft import Wanted
from zhiyu.evaluation.first_look.look import Looked, look_at
from zhiyu.evaluation.first_look.look import write as write_folder
from zhiyu.evaluation.first_look.moments import formats_of
from zhiyu.evaluation.first_look.roles import Said
from zhiyu.evaluation.first_look.sample import sample_of
from zhiyu.evaluation.first_look.shapes import shape_of

EXPECTED: dict[str, dict[str, Any]] = {
    "european": {"id": "Buchungs-Nr", "time": "Zeitpunkt Time", "label": "Fraud", "fraud": ("ja",), "entities": ["Card ID"]},
    "chinese": {"id": "流水号", "time": "交易时间", "label": "是否欺诈", "fraud": ("是",), "money": "交易金额", "entities": ["卡号"]},
    "apart": {"id": "tx_id", "time": "tx_date", "clock": "tx_clock", "label": "is_fraud", "fraud": ("1",), "money": "amt"},
    "steps": {"id": "", "time": "step", "epoch": "h", "label": "isFraud", "fraud": ("1",), "money": "amount", "entities": ["nameOrig"]},
    "nested": {"id": "event_id", "time": "ts", "epoch": "ms", "label": "label", "fraud": ("fraud",), "entities": ["user.card", "user.ip"]},
    "wide": {"id": "", "time": "", "label": "Class", "fraud": ("bad",), "money": "", "entities": []},
    "loans": {
        "id": "申请编号", "time": "申请时间", "label": "逾期状态", "fraud": ("逾期",), "legit": ("正常",), "open": ("未知",),
        "money": "申请金额", "entities": ["手机号", "银行卡号", "设备指纹"],
    },
    "terse": {
        "id": "", "time": "ts", "epoch": "s", "label": "ok", "fraud": ("bad",), "named": False, "money": "value",
        "entities": ["user", "dev", "place"],
    },
    "coded": {"id": "", "time": "", "label": "class", "fraud": ("2",), "sure": False, "money": "credit_amount"},
}  # fmt: skip
TOLD = {
    "headless": [
        "--label",
        "column_5",
        "--id",
        "column_1",
        "--time",
        "column_2",
        "--entity",
        "column_3",
        "--money",
        "column_4",
    ]
}


def zhiyu(*words: str) -> str:
    done = CliRunner(env={"ZHIYU_LANG": "en"}).invoke(main, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def looked(file: Path, **said: Any) -> Looked:
    return look_at(file, Said(**said), Wanted("p"))


@pytest.mark.parametrize(
    "write", [each for each in awkward.FILES if each.__name__ in EXPECTED], ids=lambda each: each.__name__
)
def test_what_columns_are_for(write: Callable[[Path], Path], tmp_path: Path) -> None:
    roles = looked(write(tmp_path)).roles
    wanted = EXPECTED[write.__name__]
    assert {name: getattr(roles, name) for name in wanted} == wanted


@pytest.mark.parametrize("write", awkward.FILES, ids=lambda each: each.__name__)
def test_the_folder_reads_the_whole_file(write: Callable[[Path], Path], tmp_path: Path) -> None:
    """No record refused, none without its label but where it says nothing yet, every number and word as it was written."""
    file, policy = write(tmp_path), tmp_path / "policy"
    zhiyu("init", str(policy), "--from", str(file), *TOLD.get(write.__name__, []))
    assert "0 errors" in zhiyu("check", str(policy))
    found = json.loads(zhiyu("replay", str(file), "--policy", str(policy), "--json", "--no-out"))
    rows = {"wide": 2_000, "coded": 1_500}.get(write.__name__, awkward.N)
    assert (found["events"], found["decided"], found["refused"]) == (rows, rows, 0)
    silent = file.read_text("utf-8").count("未知") if write is awkward.loans else 0
    assert found["metrics"]["labelled"] + found["metrics"]["labels_pending"] == rows - silent


def test_digits_that_are_no_numbers_are_masked(tmp_path: Path) -> None:
    shapes = looked(awkward.loans(tmp_path)).shapes
    assert {name: shapes[name].kind for name in ("手机号", "银行卡号")} == {"手机号": "phone", "银行卡号": "card"}


@pytest.mark.parametrize("write", [awkward.chinese, awkward.wide], ids=lambda each: each.__name__)
def test_a_model_is_trained_placed_and_decides(write: Callable[[Path], Path], tmp_path: Path) -> None:
    file, policy = write(tmp_path), tmp_path / "policy"
    zhiyu("init", str(policy), "--from", str(file))
    trained = json.loads(
        zhiyu("train", "--policy", str(policy), "--events", str(file), "--install", "--set", "rounds=30", "--json")
    )
    assert trained["metrics"]["test"]["auc"] > 0.8
    assert "0 errors" in zhiyu("check", str(policy))
    hits = json.loads(zhiyu("replay", str(file), "--policy", str(policy), "--json", "--no-out"))["rule_hits"]
    assert hits["fraud_model_high"] > 10
    edited = (policy / "fraud_model.yaml").read_text(encoding="utf-8").replace("score: 100,", "score: 101,")
    (policy / "fraud_model.yaml").write_text(edited, encoding="utf-8")
    zhiyu("train", "--policy", str(policy), "--events", str(file), "--install", "--set", "rounds=20")
    assert (policy / "fraud_model.yaml").read_text(encoding="utf-8") == edited, "a line that people moved stays"


def test_a_drawn_test_is_the_same_every_time_and_in_no_order(tmp_path: Path) -> None:
    file, policy = awkward.coded(tmp_path), tmp_path / "policy"
    zhiyu("init", str(policy), "--from", str(file))
    more = ("--policy", str(policy), "--events", str(file), "--set", "rounds=10", "--json")
    one = json.loads(zhiyu("train", *more, "--out", str(tmp_path / "m.json")))
    two = json.loads(zhiyu("train", *more, "--out", str(tmp_path / "m.json")))
    assert one == two
    assert one["data"]["split"] == "draw"
    share = one["data"]["test"]["frauds"] / one["data"]["test"]["rows"]
    assert share == pytest.approx(one["data"]["train"]["frauds"] / one["data"]["train"]["rows"], abs=0.005)


def test_what_the_user_says_is_taken(tmp_path: Path) -> None:
    file = awkward.coded(tmp_path)
    assert looked(file, label="class", fraud=("1",)).roles.fraud == ("1",)
    assert looked(awkward.apart(tmp_path), time="none").roles.time == ""
    with pytest.raises(InputError, match="did you mean 'class'"):
        looked(file, label="clas")
    (tmp_path / "empty.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="no record"):
        looked(tmp_path / "empty.csv")
    for words, wrong in ((("nonsense", ""), "no known encoding"), (("", ";;"), "one character")):
        with pytest.raises(InputError, match=wrong):
            look_at(file, Said(), Wanted("p"), *words)
    with pytest.raises(InputError, match="not empty"):
        write_folder(looked(file), tmp_path)


def test_both_languages_and_the_doubts(tmp_path: Path) -> None:
    file = awkward.coded(tmp_path)
    english = zhiyu("init", str(tmp_path / "a"), "--from", str(file))
    assert "2 was taken for fraud because it is rarer" in english
    assert "no time was found" in english
    chinese = zhiyu("init", str(tmp_path / "b"), "--from", str(file), "--lang", "zh")
    assert "2 较少，暂定为欺诈" in chinese
    assert "没有时间列" in chinese


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["1/5/2024", "2/5/2024", "13/5/2024"], ("%d/%m/%Y",)),
        (["1/5/2024", "1/6/2024", "1/13/2024"], ("%m/%d/%Y",)),
        (["20240105", "20240106"], ("%Y%m%d",)),
        (["12345678", "99999999"], None),
        (["2024-05-01T08:00:00Z"], ()),
        (["2024年5月1日 8时30分"], ("%Y年%m月%d日 %H时%M分",)),
        (["5/1/2024 8:30:00 PM"], ("%d/%m/%Y %I:%M:%S %p",)),
        (["abc", "2024-05-01"], None),
        ([], None),
    ],
)
def test_formats_of_times(texts: list[str], formats: tuple[str, ...] | None) -> None:
    assert formats_of(texts) == formats


def test_kinds_of_values() -> None:
    def kind(values: list[Any]) -> str:
        return shape_of("x", values).kind

    assert kind(["007", "012"]) == "text", "leading zeros are part of an id"
    assert kind([1, 2, None]) == "int"
    assert kind(["1,234.5", "7"]) == "number"
    assert kind(["12345678901234567890"] * 3) == "text", "longer than any number"
    assert kind(["10.0.0.1", "::1"]) == "ip"
    assert kind(["a@b.cn"]) == "email"
    assert kind(["Yes", "no"]) == "bool"
    big = shape_of("x", ["123456789.123456"])
    assert (big.kind, big.digits) == ("number", 3), "digits are given up where the number would not fit"
    gone = shape_of("x", ["NA", "1", "2"])
    assert (gone.kind, gone.words, round(gone.missing, 2)) == ("int", ("NA",), 0.33)


def test_only_the_beginning_of_a_large_file_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhiyu.evaluation.first_look.sample.MAX_ROWS", 1_000)
    file = tmp_path / "many.csv"
    file.write_text("a,b\n" + "1,2\n" * 20_000, encoding="utf-8")
    sample = sample_of(file)
    assert not sample.whole
    assert 1_000 <= sample.rows < 20_000


def test_a_large_file_is_as_long_as_it_is_and_not_as_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhiyu.evaluation.first_look.sample.MAX_ROWS", 1_000)
    times = [awkward.BEGIN + timedelta(minutes=5 * n) for n in range(20_000)]
    fraud = [int(n % 9 == 0) for n in range(20_000)]
    pq.write_table(pa.table({"time": times, "amount": range(20_000), "is_fraud": fraud}), tmp_path / "long.parquet")
    found = looked(tmp_path / "long.parquet")
    assert found.timeline is not None
    assert 65 < found.timeline.span_s / 86_400 < 75
    assert "delay: 7d" in found.draft.files["policy.yaml"]
