"""Weighted logistic regression by Newton's method, with steps that are halved until they help.

In: a design float64[n, k], targets in [0, 1], weights. Out: intercept and coefficients. Without the halving, scores that part good from bad
almost perfectly send the method away from the answer, farther with every step. Deterministic, nothing random.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array

STEPS = 100
HALVINGS = 30
NEAR = 1e-9


def newton(design: Array, target: Array, weight: Array, ridge: float) -> tuple[float, Array]:
    """(intercept, coefficients); the ridge leaves the intercept alone."""
    full = np.column_stack([np.ones(len(design)), design])
    beta = np.zeros(full.shape[1])
    pull = np.full(full.shape[1], max(ridge, 1e-9))
    pull[0] = 1e-9
    loss = _loss(full @ beta, target, weight) + float(pull @ beta**2) / 2
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(full @ beta, -500, 500)))
        gradient = full.T @ (weight * (target - p)) - pull * beta
        hessian = (full * (weight * p * (1 - p))[:, None]).T @ full + np.diag(pull)
        step = np.linalg.solve(hessian, gradient)
        for _ in range(HALVINGS):
            further = _loss(full @ (beta + step), target, weight) + float(pull @ (beta + step) ** 2) / 2
            if further <= loss:
                break
            step = step / 2
        else:
            break
        beta, loss = beta + step, further
        if np.abs(step).max() < NEAR:
            break
    return float(beta[0]), beta[1:]


def _loss(logit: Array, target: Array, weight: Array) -> float:
    """Minus the log-likelihood."""
    return float((weight * (np.logaddexp(0.0, logit) - target * logit)).sum())
