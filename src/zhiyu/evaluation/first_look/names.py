"""Names of columns, made comparable and made into names of fields.

In: names as a file has them. Out: words in small letters joined by `_`, so that `isFraud`, `IS FRAUD` and `is_fraud` are one name; names of
fields, each once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def plain(column: str) -> str:
    """Small letters, digits, letters of other scripts and `_`; capitals begin a word.

    >>> [plain(name) for name in ("isFraud", "TransactionDT", "TX AMOUNT", "nameOrig", "meta.occurredAt", "金额（元）")]
    ['is_fraud', 'transaction_dt', 'tx_amount', 'name_orig', 'meta_occurred_at', '金额_元']
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    return re.sub(r"\W+", "_", name).strip("_").lower()


def names_of(columns: Sequence[str], taken: frozenset[str]) -> dict[str, str]:
    """Column → the name of a field, each once and none of `taken`. Chinese names stay.

    >>> names_of(["nameOrig", "TX AMOUNT", "type", "金额", "7x", "tx_amount"], frozenset({"type"}))
    {'nameOrig': 'name_orig', 'TX AMOUNT': 'tx_amount', 'type': 'type_value', '金额': '金额', '7x': 'f_7x', 'tx_amount': 'tx_amount_2'}
    """
    found: dict[str, str] = {}
    for column in columns:
        name = plain(column) or "field"
        name = f"f_{name}" if name[0].isdigit() else name
        name = f"{name}_value" if name in taken or not name.isidentifier() else name
        base, number = name, 1
        while name in found.values():
            number += 1
            name = f"{base}_{number}"
        found[column] = name
    return found
