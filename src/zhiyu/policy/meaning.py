"""What a value means, whatever it is called: what a model was trained on must mean the same where it scores.

In: a checked policy and a name. Out: one line of text, equal when the value is computed in the same way from the same fields, however that
is spelled; it ends in a hash of everything behind it (filters, derived fields, features inside features).
"""

from __future__ import annotations

import hashlib

from zhiyu.expressions import Expression
from zhiyu.policy.artifact import canonical_feature, feature_key
from zhiyu.policy.checked import Checked, CheckedFeature

SHOWN_CHARS = 80


def meaning_of(checked: Checked, name: str) -> str:
    """The meaning of a field, a derived field or a feature.

    >>> from zhiyu.events.declare import EventType, Field
    >>> from zhiyu.features.declare import Feature
    >>> from zhiyu.policy.check import check_policy
    >>> from zhiyu.policy.declare import Policy
    >>> seen = Feature(name="seen", aggregate="count", by="card", over="1h")
    >>> events = (EventType(name="pay", fields={"card": Field(type="string", required=True)}),)
    >>> checked = check_policy(Policy(name="p", events=events, features=(seen,))).require()
    >>> meaning_of(checked, "seen").partition(" #")[0]
    'count by card over 1h'
    """
    feature = checked.features.get(name)
    if feature is not None:
        return _of_feature(checked, feature)
    derived = dict(checked.known.schema.derived).get(name)
    return _of_expression(checked, derived) if derived is not None else f"field {name}"


def _of_feature(checked: Checked, feature: CheckedFeature) -> str:
    if feature.scored is not None:
        return f"score #{hashlib.sha256(feature.scored.model.package.encode()).hexdigest()[:12]}"
    if feature.cell is not None:
        return f"cell {feature.cell.cell.name}"
    if feature.expression is not None:
        return _of_expression(checked, feature.expression)
    own = canonical_feature(feature.feature)
    keys = own.by if isinstance(own.by, str) else ", ".join(own.by)
    shown = f"{own.aggregate}{f'({own.of})' if own.of else ''} by {keys} over {own.over}"
    shown += f" on {', '.join(sorted(own.on))}" if own.on else ""
    shown += f" where {own.where}" if own.where else ""
    names = sorted(feature.where.names) if feature.where else []
    return _marked(shown, feature_key(own), *(meaning_of(checked, name) for name in names))


def _of_expression(checked: Checked, expression: Expression) -> str:
    return _marked(expression.canonical, *(meaning_of(checked, name) for name in sorted(expression.names)))


def _marked(shown: str, *behind: str) -> str:
    short = shown if len(shown) <= SHOWN_CHARS else shown[: SHOWN_CHARS - 1] + "…"
    return f"{short} #{hashlib.sha256(chr(10).join((shown, *behind)).encode()).hexdigest()[:12]}"
