"""Which columns of a file a source wants, checked against those it has.

In: a source and the file's column names. Out: the wanted names; InputError with "did you mean" for one that is not
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zhiyu.base.errors import Hint, InputError, did_you_mean
from zhiyu.events.declare import Source


def wanted(source: Source | None, present: Sequence[str], file: str) -> list[str]:
    """Column names to read, in the file's order; all of them without a source."""
    twice = [name for name, count in Counter(present).items() if count > 1]
    if twice:
        raise InputError(f"{file}: column '{twice[0]}' occurs twice; rename one", f"{file}：列“{twice[0]}”重复；请改名")
    if source is None:
        return list(present)
    when = (source.time.column, source.time.clock) if source.time else ()
    needed = {*when, source.id, source.type_column, source.label.column if source.label else ""} - {""}
    for column in source.reads.values():
        needed.update((column,) if isinstance(column, str) else column)
    for name in sorted(needed - set(present)):
        hint = did_you_mean(name, present) or Hint(
            f"columns: {', '.join(present[:20])}", f"现有列：{'、'.join(present[:20])}"
        )
        raise InputError(
            f"{file}: source '{source.name}' needs column '{name}'; {hint.en}",
            f"{file}：数据源“{source.name}”需要列“{name}”；{hint.zh}",
        )
    return [name for name in present if name in needed]
