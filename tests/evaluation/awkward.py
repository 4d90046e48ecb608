"""Files as people have them: encodings, delimiters, missing words, odd times and numbers, wide tables, tables without time.

In: a folder, a name. Out: the file, written from generated payments or applications whose fraud depends on what is in them.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
N = 4_000


def payments(seed: int = 1) -> list[dict[str, Any]]:
    """`N` payments of 80 cards in 60 days; dear ones at night are often frauds."""
    own = np.random.default_rng(seed)
    minutes = np.sort(own.integers(0, 60 * 24 * 60, N))
    found = []
    for number, minute in enumerate(minutes.tolist()):
        when = BEGIN + timedelta(minutes=minute)
        dear = own.random() < 0.1
        amount = float(np.round(own.gamma(2, 30) * (20 if dear else 1) + 1, 2))
        fraud = own.random() < (0.6 if dear and when.hour < 8 else 0.01)
        found.append(
            {"no": 900_000_000 + number, "when": when, "card": 4_000_000 + int(own.integers(0, 80)), "amount": amount, "fraud": int(fraud),
             "shop": f"shop {int(own.integers(0, 90))}", "channel": ("web", "app", None)[int(own.integers(0, 3))]}
        )  # fmt: skip
    return found


def as_csv(header: list[str], rows: list[list[Any]], delimiter: str = ",") -> str:
    """CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([header, *rows] if header else rows)
    return text.getvalue()


def european(folder: Path) -> Path:
    """Semicolons, decimal commas with points between thousands, day first, a euro sign, Latin letters of Windows."""
    rows = [
        [p["no"], p["when"].strftime("%d.%m.%Y %H:%M"), p["card"], _comma(p["amount"]) + " €", p["shop"].replace("shop", "Café"),
         p["channel"] or "n/a", "ja" if p["fraud"] else "nein"]
        for p in payments()
    ]  # fmt: skip
    file = folder / "european.csv"
    file.write_bytes(
        as_csv(["Buchungs-Nr", "Zeitpunkt Time", "Card ID", "Amount", "Laden", "Kanal", "Fraud"], rows, ";").encode(
            "windows-1252"
        )
    )
    return file


def _comma(amount: float) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def chinese(folder: Path) -> Path:
    """GBK, Chinese names, dates in Chinese, yuan with commas, tabs between."""
    rows = [
        [p["no"], p["when"].strftime("%Y年%m月%d日 %H:%M:%S"), f"卡{p['card']}", f"￥{p['amount']:,.2f}", p["channel"] or "NULL",
         "是" if p["fraud"] else "否"]
        for p in payments()
    ]  # fmt: skip
    file = folder / "chinese.csv"
    file.write_bytes(as_csv(["流水号", "交易时间", "卡号", "交易金额", "渠道", "是否欺诈"], rows, "\t").encode("gbk"))
    return file


def headless(folder: Path) -> Path:
    """No header at all, a byte order mark, times in seconds since 1970."""
    rows = [[p["no"], int(p["when"].timestamp()), p["card"], p["amount"], p["fraud"]] for p in payments()]
    file = folder / "headless.csv"
    file.write_bytes(as_csv([], rows).encode("utf-8-sig"))
    return file


def apart(folder: Path) -> Path:
    """Date and time of day in two columns, newest first."""
    rows = [
        [f"TX{p['no']}", p["when"].strftime("%m/%d/%Y"), p["when"].strftime("%H:%M:%S"), p["card"], p["amount"], p["fraud"]]
        for p in reversed(payments())
    ]  # fmt: skip
    file = folder / "apart.csv"
    file.write_text(as_csv(["tx_id", "tx_date", "tx_clock", "card_no", "amt", "is_fraud"], rows), encoding="utf-8")
    return file


def steps(folder: Path) -> Path:
    """Hours since the beginning, as simulations count; names in camel case; the other label that gives it away."""
    rows = [
        [int((p["when"] - BEGIN).total_seconds() // 3600), ("PAYMENT", "TRANSFER")[p["no"] % 2], p["amount"], f"C{p['card']}",
         p["fraud"], 0]
        for p in payments()
    ]  # fmt: skip
    file = folder / "steps.csv"
    file.write_text(as_csv(["step", "type", "amount", "nameOrig", "isFraud", "isFlaggedFraud"], rows), encoding="utf-8")
    return file


def nested(folder: Path) -> Path:
    """NDJSON with an object inside, keys that come and go, milliseconds."""
    file = folder / "nested.ndjson"
    lines = []
    for p in payments():
        record = {
            "event_id": str(p["no"]),
            "ts": int(p["when"].timestamp() * 1000),
            "user": {"card": p["card"], "ip": f"10.0.{p['card'] % 250}.7"},
        }
        record |= {"amount": p["amount"], "label": "fraud" if p["fraud"] else "legit"} | (
            {"channel": p["channel"]} if p["channel"] else {}
        )
        lines.append(json.dumps(record))
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def wide(folder: Path) -> Path:
    """A row for each application: 150 columns, no time, nobody named, numbers with fifteen digits, a quarter missing."""
    own = np.random.default_rng(3)
    values = own.normal(size=(2_000, 150)) * 10.0 ** own.integers(-2, 7, 150)
    score = values[:, 0] / values[:, 0].std() + values[:, 1] / values[:, 1].std() + own.normal(size=2_000)
    gone = own.random(values.shape) < 0.25
    rows = [
        [*("NA" if lost else repr(float(value)) for value, lost in zip(line, missing)), "bad" if each > 1.5 else "good"]
        for line, missing, each in zip(values, gone, score)
    ]  # fmt: skip
    file = folder / "wide.csv"
    file.write_text(as_csv([*(f"V{n}" for n in range(150)), "Class"], rows), encoding="utf-8")
    return file


def coded(folder: Path) -> Path:
    """Applications by code words, the label 1 for good and 2 for bad, an empty column, a constant one."""
    own = np.random.default_rng(5)
    rows = []
    for _ in range(1_500):
        age, status = int(own.integers(18, 70)), f"A{own.integers(1, 5)}"
        bad = own.random() < (0.5 if status == "A1" else 0.15)
        rows.append([status, age, int(own.integers(500, 9000)), "", "EUR", 2 if bad else 1])
    file = folder / "coded.csv"
    file.write_text(as_csv(["status", "age", "credit_amount", "note", "currency", "class"], rows), encoding="utf-8")
    return file


def loans(folder: Path) -> Path:
    """Applications with phone numbers and bank cards of digits alone, a few round amounts, and a state in place of a label."""
    own = np.random.default_rng(7)
    rows = []
    for number in range(N):
        shared = own.random() < 0.05
        bad = own.random() < (0.6 if shared else 0.03)
        device = f"D{own.integers(0, 20)}" if shared else f"D{1_000 + own.integers(0, 2_000)}"
        rows.append(
            [f"A{number}", f"1{own.choice([3, 5, 8, 9])}{own.integers(10**9):09d}", f"62220{own.integers(10**11):011d}", device,
             (BEGIN + timedelta(minutes=17 * number)).strftime("%Y/%m/%d %H:%M"), int(own.choice([3_000, 5_000, 8_000, 20_000])),
             "逾期" if bad else str(own.choice(["正常", "正常", "正常", "未知"]))]
        )  # fmt: skip
    file = folder / "loans.csv"
    header = ["申请编号", "手机号", "银行卡号", "设备指纹", "申请时间", "申请金额", "逾期状态"]
    file.write_text(as_csv(header, rows), encoding="utf-8-sig")
    return file


def terse(folder: Path) -> Path:
    """Short names that say little: seconds since 1970, codes, and a verdict in a column called `ok`."""
    rows = [
        [int(p["when"].timestamp()), f"u{p['card'] % 97}", f"d{p['card']:08x}", f"s{p['shop'][5:]:0>3}", p["amount"],
         "bad" if p["fraud"] else "good"]
        for p in payments()
    ]  # fmt: skip
    file = folder / "terse.csv"
    file.write_text(as_csv(["ts", "user", "dev", "place", "value", "ok"], rows), encoding="utf-8")
    return file


FILES = (european, chinese, headless, apart, steps, nested, wide, coded, loans, terse)
