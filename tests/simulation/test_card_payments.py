"""The card-payment generator: same seed same file, the schema of the public files, frauds one can find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhiyu.base.errors import InputError
from zhiyu.simulation import CardPayments, card_payments, write_card_payments

SCHEMA = pa.schema(
    [
        ("TRANSACTION_ID", pa.int32()), ("TX_DATETIME", pa.timestamp("ns")), ("CUSTOMER_ID", pa.int32()),
        ("TERMINAL_ID", pa.int32()), ("TX_AMOUNT", pa.float64()), ("TX_FRAUD", pa.int8()), ("TX_FRAUD_SCENARIO", pa.int8()),
    ]
)  # fmt: skip
SMALL = CardPayments(days=20, customers=60, terminals=90)


@pytest.fixture(scope="module")
def usual() -> dict[str, np.ndarray]:
    """The default stream as columns."""
    table = card_payments()
    return {name: table[name].to_numpy() for name in table.column_names}


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    written = [write_card_payments(tmp_path / name, 20, 60, 90, seed) for name, seed in (("a", 7), ("b", 7), ("c", 8))]
    contents = [(tmp_path / name).read_bytes() for name in "abc"]
    assert contents[0] == contents[1] != contents[2]
    assert written[0] == pq.read_metadata(tmp_path / "a").num_rows
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]


def test_schema_is_that_of_the_public_files() -> None:
    assert card_payments(SMALL).schema.equals(SCHEMA)


def test_events_come_in_order_with_ascending_ids(usual: dict[str, np.ndarray]) -> None:
    assert (np.diff(usual["TX_DATETIME"].astype(np.int64)) >= 0).all()
    assert (usual["TRANSACTION_ID"] == np.arange(len(usual["TRANSACTION_ID"]))).all()
    assert 50_000 < len(usual["TRANSACTION_ID"]) < 75_000


def test_amounts_are_money_and_only_fraud_passes_the_limit(usual: dict[str, np.ndarray]) -> None:
    amount, kind = usual["TX_AMOUNT"], usual["TX_FRAUD_SCENARIO"]
    assert (amount >= 0.01).all()
    assert (amount == np.round(amount, 2)).all()
    assert (amount[kind == 0] <= 220).all()
    assert (amount[kind == 1] > 220).all()


def test_share_of_fraud_is_plausible_and_every_kind_occurs(usual: dict[str, np.ndarray]) -> None:
    fraud, kind = usual["TX_FRAUD"], usual["TX_FRAUD_SCENARIO"]
    assert 0.004 < fraud.mean() < 0.02
    assert set(kind) == {0, 1, 2, 3}
    assert ((kind > 0) == (fraud == 1)).all()


def test_a_compromised_terminal_stays_so_for_four_weeks_at_most(usual: dict[str, np.ndarray]) -> None:
    at = usual["TX_DATETIME"].astype("datetime64[D]")
    chosen = usual["TX_FRAUD_SCENARIO"] == 2
    terminals = usual["TERMINAL_ID"][chosen]
    longest = max(np.ptp(at[chosen][terminals == each]).astype(int) for each in set(terminals))
    assert 14 < longest < 60
    assert len(set(terminals)) > 5


def test_leaked_cards_pay_a_multiple_of_their_habit(usual: dict[str, np.ndarray]) -> None:
    kind, amount, customer = usual["TX_FRAUD_SCENARIO"], usual["TX_AMOUNT"], usual["CUSTOMER_ID"]
    ratios = [
        amount[(kind == 3) & (customer == each)].mean() / amount[(kind == 0) & (customer == each)].mean()
        for each in set(customer[kind == 3])
    ]
    assert np.median(ratios) > 2.5


def test_customers_are_regulars_of_few_shops(usual: dict[str, np.ndarray]) -> None:
    customer, terminal = usual["CUSTOMER_ID"], usual["TERMINAL_ID"]
    assert max(len(set(terminal[customer == each])) for each in range(30)) <= 24


@pytest.mark.parametrize(
    ("wrong", "name"),
    [(CardPayments(days=0), "days"), (CardPayments(customers=100_001), "customers"), (CardPayments(terminals=0), "terminals"),
     (CardPayments(days=1_000, customers=100_000), "payments")],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(wrong: CardPayments, name: str) -> None:
    with pytest.raises(InputError, match=name) as refused:
        card_payments(wanted=wrong)
    assert refused.value.zh != refused.value.en


def test_the_smallest_world_works() -> None:
    assert card_payments(CardPayments(days=1, customers=1, terminals=1)).schema.equals(SCHEMA)
