"""A trained package takes its place in the policy: a file that names it, and one rule that reads its score.

In: a package, the folder of the policy. Out: `NAME.yaml` beside the others, unless it is there already: then only the package is new. The
rule reviews about as many events as there were frauds, by the test; people move that line.
"""

from __future__ import annotations

import math
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.models.package import Package

TEXT = """# {name}: trained by `zhiyu train`.
# In the test its rule would have stopped {stopped:.2%} of the events, {precision:.0%} of them fraud, {recall:.0%} of all frauds.
models:
  - {{name: {name}, file: models/{name}.json, stage: {stage}, fraud: {fraud}, en: score of {name}, zh: {name} 评分}}
rule_sets:
  - name: {name}_rules
    on: [{on}]
    rules:
      - {{name: {name}_high, when: {name} >= {line}, score: 100, reason: {code}}}
    thresholds: [{{score: 100, outcome: review}}]
reasons:
  - code: {code}
    en: much like earlier frauds
    zh: 与以往欺诈高度相似
    consumer_en: We need a closer look.
    consumer_zh: 需要进一步核实。
"""


def place_of(policy: Path, name: str) -> Path:
    """Where the package goes. InputError when that is no name."""
    if not name.isidentifier():
        raise InputError(
            f"'{name}' is no name for a model; use letters, digits and _", f"“{name}”不能作模型名；请用字母、数字和 _"
        )
    return policy / "models" / f"{name}.json"


def install(policy: Path, package: Package) -> Path | None:
    """Write the file that names the package; None when it is there already."""
    file = policy / f"{package.name}.yaml"
    if file.exists():
        return None
    stage, _, fraud = package.trained.cell.partition("/")
    found = package.metrics["test"].get("cuts", [])
    share = package.metrics["test"]["frauds"] / max(package.metrics["test"]["rows"], 1)
    cut = min(found, key=lambda each: abs(math.log(each["stopped"] / max(share, 1e-9))), default=None)
    cut = cut or {"score": 0.5, "stopped": 0.0, "precision": 0.0, "recall": 0.0}
    text = TEXT.format(
        name=package.name, stage=stage, fraud=fraud or "fraud", on=", ".join(package.trained.events), code=f"{package.name.upper()}_HIGH",
        line=rounded_down(cut["score"]), stopped=cut["stopped"], precision=cut["precision"], recall=cut["recall"],
    )  # fmt: skip
    file.write_text(text, encoding="utf-8")
    return file


def rounded_down(score: float) -> str:
    """Four digits that are not above the score.

    >>> rounded_down(0.123456), rounded_down(0.00098765), rounded_down(1.0)
    ('0.1234', '0.0009876', '1')
    """
    if score <= 0:
        return "0"
    digits = 3 - math.floor(math.log10(score))
    return f"{math.floor(score * 10**digits) / 10**digits:.{digits}f}".rstrip("0").rstrip(".")
