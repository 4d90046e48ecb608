"""Which columns tell the outcome almost alone: most often they were written after it.

In: a sample, its shapes and roles. Out: column → area under the curve of that column by itself. A name cannot tell that `recoveries` is
filled once a loan is lost; how well it ranks can. What is found is a doubt to be told, not left out: at times an honest column is as good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.first_look.roles import Roles
from zhiyu.evaluation.first_look.sample import Sample
from zhiyu.evaluation.first_look.shapes import Shape, text_of
from zhiyu.evaluation.training.judge import judged
from zhiyu.events.spelling import plain_number

TELLS = 0.985
LEAST_FRAUDS = 30
MAX_WORDS = 64
NOTHING = -1e300


def telling(sample: Sample, shapes: Mapping[str, Shape], roles: Roles) -> dict[str, float]:
    """Columns whose area is at least `TELLS`, the most telling first."""
    if not roles.label:
        return {}
    said = [None if value is None else text_of(value) for value in sample.columns[roles.label]]
    label = np.array([1 if word in roles.fraud else 0 if word in roles.legit else -1 for word in said], np.int8)
    known = label >= 0
    if (label == 1).sum() < LEAST_FRAUDS or (label == 0).sum() < LEAST_FRAUDS:
        return {}
    apart = {
        roles.label,
        roles.id,
        roles.time,
        roles.clock,
        *roles.left_out,
        *roles.entities,
        *roles.places,
        *roles.places.values(),
    }
    found: dict[str, float] = {}
    for name, shape in shapes.items():
        ranks = None if name in apart else _ranks(shape, sample.columns[name], label)
        if ranks is not None:
            area = judged(ranks[known], label[known], np.ones(int(known.sum())))["auc"]
            found[name] = max(area, 1 - area)
    return {name: area for name, area in sorted(found.items(), key=lambda each: -each[1]) if area >= TELLS}


def _ranks(shape: Shape, values: list[Any], label: Array) -> Array | None:
    """A number per record that ranks it: its value, or how often its word was fraud; nothing known comes first. None for names."""
    texts = [None if value is None else text_of(value) for value in values]
    if shape.kind in ("int", "number") and shape.distinct > MAX_WORDS:
        return np.array([_number(text, shape.decimal) for text in texts])
    if shape.distinct > MAX_WORDS:
        known = np.array([text is not None for text in texts])
        return known.astype(np.float64) if shape.missing else None
    words = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    place = np.array([words[text] for text in texts])
    bad, rows = (np.bincount(place[which], minlength=len(words)) for which in (label == 1, label >= 0))
    return ((bad + 0.5) / (rows + 1.0))[place]


def _number(text: str | None, decimal: str) -> float:
    if text is None:
        return NOTHING
    read = plain_number(text, decimal) if decimal else text
    try:
        return float(read) if read is not None else NOTHING
    except ValueError:
        return NOTHING
