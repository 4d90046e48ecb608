"""Arms beside each other: intervals against a bootstrap that draws whole keys, coverage, the split against sums by hand and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from zhiyu.base.jit import Array
from zhiyu.evaluation.arm_figures import (
    MIN_KEYS,
    RATES,
    Drawn,
    chi_square_p,
    differences_of,
    figures_of,
    interval,
    split_of,
    sums_of,
)
from zhiyu.evaluation.compare_figures import ratio
from zhiyu.policy.outcomes import OUTCOMES

ARRAYS = ("arm", "key", "place", "outcome", "label", "money", "weight")


def population(rng: np.random.Generator, keys: int, arms: int = 2, worse: float = 0.0) -> Drawn:
    """Each key has its own number of decisions, its own risk and takes one arm; under arm 0 `worse` more is declined."""
    per_key = 1 + rng.poisson(4, keys)
    key = np.repeat(np.arange(keys), per_key)
    risk = rng.beta(1, 3, keys)[key]
    arm = rng.integers(0, arms, keys)[key]
    n = len(key)
    label = np.where(rng.random(n) < 0.8, (rng.random(n) < risk).astype(np.int64), -1)
    stopped = rng.random(n) < 0.2 + 0.5 * risk + worse * (arm == 0)
    outcome = np.where(stopped, rng.choice([2, 4, 5], n), rng.choice([0, 1], n))
    return Drawn(arm, key, np.zeros(n, np.int64), outcome, label, rng.integers(1, 90_000, n), np.ones(n))


def slow_parts(d: Drawn, name: str) -> tuple[Array, Array]:
    """What each decision adds above and below the line, one by one."""
    pairs = []
    for outcome, label, money in zip(d.outcome.tolist(), d.label.tolist(), d.money.tolist()):
        fraud, good, stopped = label == 1, label == 0, OUTCOMES[outcome] not in ("pass", "notify")
        pairs.append(
            {
                "recall": (fraud and stopped, fraud), "precision": (fraud and stopped, label >= 0 and stopped),
                "good_stopped_rate": (good and stopped, good), "good_declined_rate": (good and OUTCOMES[outcome] == "decline", good),
                "approval_rate": (not stopped, 1), "review_rate": (OUTCOMES[outcome] == "review", 1),
                "missed_money": (money * (fraud and not stopped), 1), "label_rate": (label >= 0, 1),
            }[name]
        )  # fmt: skip
    above, below = np.array(pairs, float).T
    return above, below


def bootstrapped(d: Drawn, name: str, rng: np.random.Generator, times: int = 2_000) -> tuple[float, float]:
    """Percentiles of the difference when keys are drawn with replacement."""
    keys = int(d.key.max()) + 1
    above, below = (np.zeros((2, keys)) for _ in range(2))
    for side in (0, 1):
        own = d.arm == side
        for sums, part in zip((above, below), slow_parts(d, name)):
            sums[side] = np.bincount(d.key[own], part[own], keys)
    drawn = np.stack([np.bincount(rng.integers(0, keys, keys), minlength=keys) for _ in range(times)]).astype(float)
    rates = ratio(drawn @ above.T, drawn @ below.T)
    low, high = np.percentile(rates[:, 0] - rates[:, 1], [2.5, 97.5])
    return float(low), float(high)


@pytest.mark.parametrize("figure", [each.name for each in RATES])
def test_intervals_are_those_of_drawing_whole_keys_again(figure: str) -> None:
    rng = np.random.default_rng(5)
    d = population(rng, 1_500, worse=0.1)
    found = {each["name"]: each for each in differences_of(sums_of(d, 2), 0, 1)}[figure]
    low, high = bootstrapped(d, figure, rng)
    assert found["low"] == pytest.approx(low, abs=0.12 * (high - low))
    assert found["high"] == pytest.approx(high, abs=0.12 * (high - low))
    assert found["low"] < found["difference"] < found["high"]


def test_between_arms_of_one_population_nothing_is_found_nineteen_times_in_twenty() -> None:
    """400 experiments without effect: every rate is told apart about once in twenty, and a real effect nearly always."""
    rng = np.random.default_rng(11)
    held, told, times = dict.fromkeys((each.name for each in RATES), 0), 0, 400
    for _ in range(times):
        for each in differences_of(sums_of(population(rng, 300), 2), 0, 1):
            held[each["name"]] += each["low"] <= 0 <= each["high"]
        [approval] = [
            e for e in differences_of(sums_of(population(rng, 300, worse=0.2), 2), 0, 1) if e["name"] == "approval_rate"
        ]
        told += approval["high"] < 0
    assert {name: count for name, count in held.items() if not 0.92 <= count / times <= 0.985} == {}
    assert told > 0.95 * times


def test_decisions_of_one_key_are_no_independent_evidence() -> None:
    """Fifty decisions of a key that say the same thing are one: the interval is as wide as with one decision each."""
    rng = np.random.default_rng(3)
    key, arm = np.arange(200), np.arange(200) % 2
    outcome = np.where(rng.random(200) < 0.3, 5, 0)
    once = Drawn(arm, key, key * 0, outcome, key * 0, key * 0 + 5, np.ones(200))
    often = Drawn(*(np.repeat(getattr(once, name), 50) for name in ARRAYS))
    for one, many in zip(differences_of(sums_of(once, 2), 0, 1), differences_of(sums_of(often, 2), 0, 1)):
        assert {name: pytest.approx(one[name]) for name in ("low", "high", "difference")} == {
            name: many[name] for name in ("low", "high", "difference")
        }


def test_a_key_in_both_arms_has_one_residual() -> None:
    """Keys whose decisions in both arms are alike differ by nothing, and surely so; apart they would not."""
    rng = np.random.default_rng(9)
    above = np.tile(rng.integers(0, 5, 100).astype(float), (2, 1))
    below = np.full((2, 100), 5.0)
    assert interval(above, below, False) == (0.0, 0.0)
    apart = np.concatenate([np.stack([above[0], below[0] * 0]), np.stack([below[0] * 0, above[0]])], axis=1)
    bases = np.concatenate([np.stack([below[0], below[0] * 0]), np.stack([below[0] * 0, below[0]])], axis=1)
    low, high = interval(apart, bases, False)
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_few_keys_give_no_interval_and_none_of_many_no_certainty() -> None:
    def shares(keys: int, hits: int) -> tuple[float | None, float | None]:
        below = np.repeat(np.eye(2), keys, axis=1)
        above = below * np.array([[0.0], [1.0]])
        above[1, keys + hits :] = 0
        return interval(above, below, True)

    assert shares(MIN_KEYS - 1, 9) == (None, None)
    low, high = shares(MIN_KEYS, 0)
    assert low is not None
    assert high is not None
    assert low < 0 < high, "none of twenty against none of twenty is no certainty"
    low, high = shares(1_000, 3)
    assert low is not None
    assert high is not None
    assert low < 0 < high, "three of a thousand against none may be chance (exact p 0.25)"
    assert shares(MIN_KEYS, MIN_KEYS)[0] == -1, "no share differs by more than all"
    low, high = shares(1_000, 9)
    assert high is not None
    assert high < 0


def test_figures_are_counts_of_each_arm() -> None:
    d = population(np.random.default_rng(2), 200, arms=3)
    for arm, found in enumerate(figures_of(sums_of(d, 3))):
        rows = [at for at in range(len(d.arm)) if d.arm[at] == arm]
        stopped = [at for at in rows if OUTCOMES[d.outcome[at]] in ("challenge", "delay", "review", "decline")]
        frauds = [at for at in rows if d.label[at] == 1]
        assert found["decisions"] == len(rows)
        assert found["keys"] == len({int(d.key[at]) for at in rows})
        assert found["frauds"] == len(frauds)
        assert found["fraud_caught"] == len(set(frauds) & set(stopped))
        assert found["good_stopped"] == sum(d.label[at] == 0 for at in stopped)
        assert found["fraud_money_caught"] == sum(int(d.money[at]) for at in set(frauds) & set(stopped))
        assert (
            found["reviews"] == found["outcomes"]["review"] == sum(OUTCOMES[d.outcome[at]] == "review" for at in rows)
        )
        assert found["labels"] == sum(d.label[at] >= 0 for at in rows)


def test_what_a_lottery_let_through_counts_for_those_it_stands_for() -> None:
    n = 100
    d = Drawn(
        np.arange(n) % 2, np.arange(n), np.zeros(n, np.int64), np.zeros(n, np.int64), np.ones(n, np.int64),
        np.full(n, 10), np.where(np.arange(n) < 50, 4.0, 0.0),
    )  # fmt: skip
    [one, two] = figures_of(sums_of(d, 2))
    assert (one["frauds"], two["frauds"], one["decisions"]) == (100, 100, 50)


def test_a_split_that_is_not_the_declared_one_is_said() -> None:
    key = np.arange(4_000)
    arm = np.where(key < 1_200, 0, np.where(key < 2_000, 1, 2))
    d = Drawn(arm, key, key * 0, key * 0, key * 0, key * 0, np.ones(4_000))
    fair = split_of(d, [30, 20, 50])
    assert (fair["keys"], fair["chi_square"], fair["p"], fair["fits"]) == ([1_200, 800, 2_000], 0, 1, True)
    off = split_of(d, [33, 20, 47])
    square = (1_200 - 1_320) ** 2 / 1_320 + (2_000 - 1_880) ** 2 / 1_880
    assert off["chi_square"] == pytest.approx(square, abs=1e-3)
    assert off["p"] == pytest.approx(chi2.sf(square, 2), abs=1e-9)
    assert off["fits"] is False
    assert split_of(d, [30, 70, 0])["fits"] is False, "keys in an arm of 0 %"
    often = Drawn(*(np.repeat(getattr(d, name), 9) for name in ARRAYS))
    assert split_of(often, [30, 20, 50])["keys"] == [1_200, 800, 2_000], "keys count once"


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize("square", [0.0, 0.3, 4.0, 25.0, 400.0])
def test_the_tail_of_chi_square_is_scipys(square: float, freedom: int) -> None:
    assert chi_square_p(square, freedom) == pytest.approx(chi2.sf(square, freedom), rel=1e-9, abs=1e-300)


def test_nothing_was_decided() -> None:
    d = Drawn(*(np.zeros(0, np.int64) for _ in ARRAYS[:-1]), np.zeros(0))
    assert [each["decisions"] for each in figures_of(sums_of(d, 2))] == [0, 0]
    assert all(each["low"] is None and each["difference"] is None for each in differences_of(sums_of(d, 2), 0, 1))
    assert split_of(d, [50, 50])["fits"] is True
