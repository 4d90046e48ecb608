"""How scales and units combine. Pure arithmetic on types: no nodes, no messages.

FIXED keeps exact integers as long as the scale stays small; any division, and anything that meets FLOAT, is FLOAT in
major units. Two different units never add or compare; multiplying keeps the one unit there is.
"""

from __future__ import annotations

from zhiyu.expressions.types import Kind, Type

MAX_SCALE = 9
"""Digits after the point that a FIXED result may have; a product with more becomes FLOAT."""


def number(kind: Kind, scale: int = 0, unit: str = "", nullable: bool = True) -> Type:
    """A plain number type; scale is kept for FIXED only."""
    return Type(kind, scale if kind is Kind.FIXED else 0, unit, nullable=nullable)


def common(left: Type, right: Type) -> Type | None:
    """The type both sides can be read as without loss of meaning, or None. Units must agree."""
    nullable = left.nullable or right.nullable
    if left.is_list or right.is_list:
        return None
    if left.numeric and right.numeric:
        if left.unit != right.unit:
            return None
        kinds = {left.kind, right.kind}
        kind = Kind.FLOAT if Kind.FLOAT in kinds else Kind.FIXED if Kind.FIXED in kinds else Kind.INT
        return number(kind, max(left.scale, right.scale), left.unit, nullable)
    if left.kind is not right.kind:
        return None
    return Type(left.kind, nullable=nullable, personal=left.personal or right.personal)


def product(left: Type, right: Type) -> Type | None:
    """The type of `left * right`; None when both carry a unit."""
    if left.unit and right.unit:
        return None
    unit, nullable = left.unit or right.unit, left.nullable or right.nullable
    scale = left.scale + right.scale
    if Kind.FLOAT in (left.kind, right.kind) or scale > MAX_SCALE:
        return number(Kind.FLOAT, 0, unit, nullable)
    return number(Kind.FIXED if scale else Kind.INT, scale, unit, nullable)


def quotient_unit(left: str, right: str) -> str | None:
    """The unit of a quotient: equal units cancel, `1/CNY` and `km/h` are written out; None when it gets too deep."""
    if left == right:
        return ""
    if not right:
        return left
    if "/" in left or "/" in right:
        return None
    return f"{left or '1'}/{right}"
