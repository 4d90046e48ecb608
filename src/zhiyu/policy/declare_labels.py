"""Declarations of labels that are derived: an event of some type says what earlier events turned out to be.

In: nothing. Out: `DerivedLabel`.
"""

from __future__ import annotations

from zhiyu.events.declare import Declaration


class DerivedLabel(Declaration, frozen=True):
    """An event of the types `on` for which `where` is true is a label from then on, right after the event itself.

    For features it is a `label` event with the fields of the event that says it, `fraud` as given, and `label_kind`, the name. For training
    and figures it labels earlier decisions: events of the types `of` that have the same value in the field `by`, or whose id stands in the
    text field `about`, and are not older than `within`. Those of whom no fraud was said by then count as good, known when `within` is
    over.
    """

    name: str
    on: tuple[str, ...]
    where: str = ""
    fraud: bool = True
    of: tuple[str, ...] = ()
    by: str = ""
    about: str = ""
    within: str = ""
    en: str = ""
    zh: str = ""
