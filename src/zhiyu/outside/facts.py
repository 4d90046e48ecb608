"""What a stand-in knows about people and events: tables whose columns are fields of events to find a row by, and fields of answers.

In: tables, such as those that `zhiyu simulate --policy` writes. Out: the values of one answer. Which columns a service finds its row by is
what its request sends, by the policy's own mapping: a service that is sent card and identity number is asked about both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyu.base.errors import InputError
from zhiyu.policy.declare_services import Service

NAMES = ("outside_people.parquet", "outside_events.parquet")
"""Files of a simulation that are such tables."""
_Index = dict[tuple[Any, ...], int]


class Facts:
    """Rows that are found by what a request sends.

    >>> table = pa.table({"phone": ["1", "2"], "months": [3, None]})
    >>> from zhiyu.policy.declare_services import Request, Told
    >>> asked = Service(name="s", request=Request(body={"n": "phone"}), answer={"months": Told(at="m", type="int")})
    >>> Facts([table]).about(asked, {"n": "1"}), Facts([table]).about(asked, {"n": "2"}), Facts([table]).about(asked, {"n": "3"})
    ({'months': 3}, {'months': None}, {})
    """

    def __init__(self, tables: Sequence[pa.Table]) -> None:
        self._tables = tuple(tables)
        self._found: dict[str, list[tuple[tuple[str, ...], _Index, dict[str, list[Any]]]]] = {}

    def about(self, service: Service, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer field → value, None for what is not known about somebody who is; empty about nobody known. `asked`: the values of the
        request by their names in it."""
        if service.name not in self._found:
            self._found[service.name] = self._prepared(service)
        found: dict[str, Any] = {}
        for names, index, columns in self._found[service.name]:
            row = index.get(tuple(asked.get(name) for name in names))
            if row is not None:
                found |= {field: values[row] for field, values in columns.items()}
        return found

    def _prepared(self, service: Service) -> list[tuple[tuple[str, ...], _Index, dict[str, list[Any]]]]:
        """Per table that tells something: names in the request, their values → row, columns of answers."""
        sent, found = service.request.query | service.request.body, []
        for table in self._tables:
            own = {field: table[field].to_pylist() for field in service.answer if field in table.column_names}
            keys = {name: field for name, field in sent.items() if field in table.column_names and field not in own}
            if not own or not keys:
                continue
            rows = zip(*(table[field].to_pylist() for field in keys.values()))
            index: _Index = {}
            for number, key in enumerate(rows):
                index.setdefault(key, number)
            found.append((tuple(keys), index, own))
        return found


def read_facts(folder: Path) -> Facts:
    """The tables of a simulated lender. InputError when there are none."""
    try:
        return Facts([pq.read_table(folder / name) for name in NAMES])
    except (OSError, pa.ArrowInvalid) as fault:
        raise InputError(
            f"'{folder}' holds no readable {' and '.join(NAMES)} ({type(fault).__name__}); write them with `zhiyu simulate --policy`",
            f"“{folder}”中没有可读取的 {'、'.join(NAMES)}（{type(fault).__name__}）；请用 `zhiyu simulate --policy` 生成",
        ) from None
