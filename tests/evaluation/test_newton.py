"""Logistic regression by Newton's method: at the optimum, also where plain steps run away."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyu.evaluation.training.calibrate import platt
from zhiyu.evaluation.training.newton import newton


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0])
def test_no_small_change_is_better(seed: int, spread: float) -> None:
    own = np.random.default_rng(seed)
    design = own.normal(size=(400, 3)) * spread
    target = (design @ np.array([1.0, -0.5, 0.2]) + own.normal(size=400) > 1).astype(float)
    weight = own.uniform(0.5, 2, 400)

    def loss(beta: np.ndarray) -> float:
        logit = beta[0] + design @ beta[1:]
        return float((weight * (np.logaddexp(0, logit) - target * logit)).sum() + 0.5 * (beta[1:] ** 2).sum())

    base, rest = newton(design, target, weight, 1.0)
    found = np.array([base, *rest])
    for change in own.normal(size=(50, 4)) * 1e-3:
        assert loss(found) <= loss(found + change) + 1e-9


def test_calibration_of_scores_that_part_almost_perfectly() -> None:
    """Raw scores far apart and a few on the wrong side: plain Newton steps diverge here and call everything good."""
    raw = np.concatenate([np.full(500, -30.0), np.full(500, 30.0), [-25.0, 28.0]])
    label = np.concatenate([np.zeros(500), np.ones(500), [1.0, 0.0]])
    found = platt(raw, label, np.ones(len(raw)))
    low, high = (1 / (1 + np.exp(-(found.slope * x + found.offset))) for x in (-30.0, 30.0))
    assert low < 0.01
    assert high > 0.99


def test_scores_that_are_all_alike() -> None:
    found = platt(np.zeros(100), np.arange(100) % 4 == 0, np.ones(100))
    assert 1 / (1 + np.exp(-found.offset)) == pytest.approx(0.25, abs=0.02)
