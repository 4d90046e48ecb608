"""Models of a policy as the engine runs them: which registers they read, where the score goes, whom they score.

In: checked features, the layout of names. Out: `ScoredBy` per model; names of derived features that have to be there before any model
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from zhiyu.models.package import Package
from zhiyu.models.prepare import Prepared
from zhiyu.policy.checked import CheckedFeature


@dataclass(frozen=True)
class ScoredBy:
    """One model: the register of each input and of the score, the types it scores (bits by index), the inputs it needs at least."""

    name: str
    package: Package
    inputs: tuple[int, ...]
    output: int
    types: int
    least: int
    fallback: float | None
    encode: Callable[[str], int]

    def prepared(self) -> Prepared:
        """The model in memory, for one thread."""
        return Prepared(self.package, self.inputs, self.output, self.encode, self.least, self.fallback)


def derived_inputs(scored: Iterable[CheckedFeature], derived: Iterable[str]) -> list[str]:
    """Derived features that models read, in the order of the policy."""
    read = {given.name for each in scored if each.scored for given in each.scored.package.inputs}
    return [name for name in derived if name in read]


def compile_models(
    scored: Sequence[CheckedFeature],
    layout: Mapping[str, int],
    type_index: Mapping[str, int],
    encode: Callable[[str], int],
) -> tuple[ScoredBy, ...]:
    """All models, in the order of the policy."""
    found = []
    for feature in scored:
        each = feature.scored
        assert each is not None
        inputs = tuple(layout[given.name] for given in each.package.inputs)
        least = -int(-each.present * len(inputs) // 1)
        types = sum(1 << type_index[name] for name in each.on)
        name = feature.feature.name
        found.append(ScoredBy(name, each.package, inputs, layout[name], types, least, each.fallback, encode))
    return tuple(found)
