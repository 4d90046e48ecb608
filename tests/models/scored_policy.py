"""Random policies whose rules read the scores of random models, and packages that fit them."""

from __future__ import annotations

import random

import msgspec

from tests.policies import random_policy
from zhiyu.features.declare import Feature
from zhiyu.models.package import Additive, Calibration, Input, Package, Term, Trained, Trees, written
from zhiyu.policy.check import check_policy
from zhiyu.policy.check_models import input_of
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_matrix import Challenger, MatrixCell
from zhiyu.policy.declare_models import Model

DERIVED = (
    Feature(name="multiple", expr="amount / mean_1d"),
    Feature(name="share_of_day", expr="spent_1d / (amount + 1)"),
)
READABLE = (
    "amount",
    "age",
    "country",
    "known",
    "seen_1h",
    "spent_1d",
    "mean_1d",
    "places_1d",
    "since_1d",
    "multiple",
    "share_of_day",
)


def random_trees(rng: random.Random, inputs: tuple[Input, ...]) -> Trees:
    """Trees nobody trained: every kind of split, thresholds where the values are."""
    parts: dict[str, list[object]] = {name: [] for name in Trees.__struct_fields__}
    for _ in range(rng.choice([1, 5, 30])):
        leaves = rng.randint(1, 9)
        parts["leaves"].append(leaves)
        ends = [("root", 0)]
        children: list[list[int]] = []
        for split in range(leaves - 1):
            at, side = ends.pop(rng.randrange(len(ends)))
            if at != "root":
                children[int(at)][side] = split
            children.append([0, 0])
            ends += [(str(split), 0), (str(split), 1)]
        for leaf, (at, side) in enumerate(ends):
            if at != "root":
                children[int(at)][side] = ~leaf
        for left, right in children:
            number = rng.randrange(len(inputs))
            textual = inputs[number].kind == "string"
            parts["feature"].append(number)
            parts["left"].append(left)
            parts["right"].append(right)
            parts["category"].append(len(parts["sets"]) if textual else -1)
            if textual:
                parts["sets"].append(tuple(sorted(rng.sample(range(5), rng.randint(1, 3)))))
            parts["threshold"].append(0.0 if textual else rng.choice([0.0, 0.5, 1.5, 30.0, 400.0, -1.0, 60_000.0]))
            parts["missing"].append(rng.randrange(3))
            parts["default_left"].append(rng.random() < 0.5)
            parts["split_cover"].append(10.0)
        parts["value"] += [rng.uniform(-1, 1) for _ in range(leaves)]
        parts["leaf_cover"] += [5.0] * leaves
    return Trees(**{name: tuple(found) for name, found in parts.items() if name != "sigmoid"})  # type: ignore[arg-type]


def random_terms(rng: random.Random, inputs: tuple[Input, ...]) -> Additive:
    """One term of any kind per input."""
    terms = []
    for each in inputs:
        if each.kind == "string":
            terms.append(
                Term(
                    kind="categories",
                    points=tuple(rng.uniform(-1, 1) for _ in each.categories),
                    missing=0.3,
                    other=-0.2,
                )
            )
        elif rng.random() < 0.5:
            terms.append(
                Term(kind="line", weight=rng.uniform(-0.1, 0.1), centre=3.0, low=-50.0, high=500.0, missing=-0.25)
            )
        else:
            terms.append(Term(kind="bins", edges=(0.5, 40.0), points=(0.1, -0.7, 0.9), missing=0.0))
    return Additive(base=-0.5, terms=tuple(terms))


def package_for(rng: random.Random, policy: Policy, names: list[str]) -> Package:
    """A package that fits the policy, over these inputs."""
    checked = check_policy(policy).require()
    types = checked.typed_on(["application"])
    found = []
    for name in names:
        given = input_of(checked, name, types[name])
        assert given is not None
        texts = ("CN", "US") if given.kind == "string" else ()
        found.append(msgspec.structs.replace(given, categories=texts))
    inputs = tuple(found)
    curve = rng.choice(
        [Calibration(), Calibration(kind="platt", slope=1.5), Calibration(kind="isotonic", x=(-1.0, 2.0), y=(0.0, 0.9))]
    )
    trained = Trained(events=("application",))
    if rng.random() < 0.6:
        return Package(
            name="m", kind="trees", inputs=inputs, trees=random_trees(rng, inputs), calibration=curve, trained=trained
        )
    return Package(
        name="m", kind="logistic", inputs=inputs, additive=random_terms(rng, inputs), calibration=curve, trained=trained
    )


def scored_policy(rng: random.Random, flows: bool = True) -> Policy:
    """A random policy with one or two models, a cell of the matrix they speak for, and rules over their scores."""
    base = random_policy(rng, counted=True, flows=flows)
    base = msgspec.structs.replace(base, features=(*base.features, *DERIVED))
    models = []
    for number in range(rng.randint(1, 2)):
        names = rng.sample(READABLE, rng.randint(1, 6))
        package = written(package_for(rng, base, names)).decode()
        fallback = rng.choice([None, "0.75"])
        models.append(
            Model(name=f"risk{number}", package=package, present=rng.choice(["0", "0.7", "1"]), fallback=fallback)
        )
    challengers = tuple(Challenger(each.name, rng.choice(["12.5", "60"])) for each in models[1:])
    cell = MatrixCell(
        name="cell", stage="application", fraud="any", champion="risk0", challengers=challengers, by=rng.choice(["card", "age"]),
        thresholds={} if base.flows else {"challenge": "0.4", "review": "0.8"},
    )  # fmt: skip
    above = Feature(name="above", expr="risk0 * 2 - 1")
    rules = (
        Rule(name="risky", when="risk0 > 0.5", outcome="review", score=10),
        Rule(name="spoken", when="cell > 0.55", score=3),
        Rule(name="unknown", when="risk0 is null", outcome="notify"),
        Rule(name="twice", when="above > 0.4 and amount > 100", outcome="decline"),
    )
    sets = (*base.rule_sets, RuleSet(name="scored", rules=rules)) if not base.flows else _into(base.rule_sets, rules)
    return msgspec.structs.replace(
        base, features=(*base.features, above), models=tuple(models), matrix=(cell,), rule_sets=sets
    )


def _into(sets: tuple[RuleSet, ...], rules: tuple[Rule, ...]) -> tuple[RuleSet, ...]:
    """The rules at the end of the first set, without outcomes that no edge of a flow expects."""
    first = sets[0]
    outcome = first.rules[0].outcome if first.mode == "first_hit" else None
    plain = tuple(msgspec.structs.replace(rule, outcome=outcome, score=rule.score or 7) for rule in rules)
    return (msgspec.structs.replace(first, rules=(*first.rules, *plain)), *sets[1:])
