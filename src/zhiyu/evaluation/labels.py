"""Labels from a file of their own: which event ids were fraud.

In: Parquet, CSV or NDJSON with a column `id` and a column `fraud` (1/0, true/false, fraud/legit). Out: labels of a decoded batch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.base.places_on_disk import require_file
from zhiyu.events.batch import EventBatch

TRUE, FALSE = ("1", "true", "fraud", "yes", "1.0"), ("0", "false", "legit", "no", "0.0")


class LabelFile:
    """Labels by event id. Unknown words are an error that names the row; the last line about an id counts."""

    def __init__(self, path: Path) -> None:
        table = _read(path)
        for name in ("id", "fraud"):
            if name not in table.column_names:
                hint = did_you_mean(name, table.column_names) or Hint(
                    f"the file has {', '.join(table.column_names)}", f"文件中有 {'、'.join(table.column_names)}"
                )
                raise InputError(f"{path}: no column '{name}'; {hint.en}", f"{path}：没有列“{name}”；{hint.zh}")
        words = pc.utf8_lower(pc.cast(table["fraud"], pa.string())).combine_chunks()
        fraud = pc.is_in(words, value_set=pa.array(TRUE)).to_numpy(zero_copy_only=False)
        legit = pc.is_in(words, value_set=pa.array(FALSE)).to_numpy(zero_copy_only=False)
        bad = np.flatnonzero(~(fraud | legit))
        if len(bad):
            row = int(bad[0])
            known = ", ".join(TRUE + FALSE)
            raise InputError(
                f"{path}, row {row + 1}: '{words[row]}' is no label; write one of {known}",
                f"{path} 第 {row + 1} 行：“{words[row]}”不是标签；请写 {known} 之一",
            )
        ids = pc.cast(table["id"], pa.string()).combine_chunks()
        last = dict(zip(ids.to_pylist(), fraud.astype(np.int8).tolist()))
        self._path, self._matched, self._event = path, 0, ""
        self._ids = pa.array(list(last), pa.string())
        self._fraud = np.fromiter(last.values(), np.int8, len(last))

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, batch: EventBatch) -> Array:
        """int8[n]: 1 fraud, 0 legit, -1 not in the file."""
        ids = batch.ids if isinstance(batch.ids, pa.Array) else pa.array(batch.ids, pa.string())
        found = pc.index_in(ids.cast(pa.string()), value_set=self._ids)
        index = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        self._matched += int((index >= 0).sum())
        self._event = self._event or (str(ids[0]) if len(ids) else "")
        return (
            np.where(index >= 0, self._fraud[index], -1).astype(np.int8)
            if len(self._fraud)
            else np.full(len(ids), -1, np.int8)
        )

    def require_matches(self, events: Path) -> None:
        """InputError when all events went by and no label belonged to one: ids are written differently, or files are mixed up."""
        if self._matched or not len(self) or not self._event:
            return
        raise InputError(
            f"none of the {len(self):,} labels in {self._path} belongs to an event of {events}: ids there look like '{self._ids[0]}', "
            f"those of the events like '{self._event}'",
            f"{self._path} 中的 {len(self):,} 个标签都不对应 {events} 的事件：标签编号形如“{self._ids[0]}”，事件编号形如“{self._event}”",
        )


def _read(path: Path) -> pa.Table:
    require_file(path)
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        return pa_csv.read_csv(path) if path.suffix == ".csv" else pa_json.read_json(path)
    except pa.ArrowInvalid as wrong:
        raise InputError(f"{path} cannot be read: {wrong}", f"{path} 无法读取：{wrong}") from None
