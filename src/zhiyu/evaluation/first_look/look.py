"""One look, from the file to the folder.

In: a file, what the user said about it, a folder. Out: a written policy and `Looked`, which a command tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.evaluation.first_look.draft import Draft, Wanted, draft_of
from zhiyu.evaluation.first_look.leaks import telling
from zhiyu.evaluation.first_look.roles import Roles, Said, roles_of
from zhiyu.evaluation.first_look.sample import Sample, sample_of
from zhiyu.evaluation.first_look.shapes import Shape, shape_of
from zhiyu.evaluation.first_look.timeline import Timeline, timeline_of


@dataclass(frozen=True)
class Looked:
    """What was seen and what was made of it. `telling`: columns that tell the outcome almost alone, with their area under the curve."""

    sample: Sample
    shapes: dict[str, Shape]
    roles: Roles
    draft: Draft
    timeline: Timeline | None = None
    telling: dict[str, float] = field(default_factory=dict)


def look_at(path: Path, said: Said, wanted: Wanted, encoding: str = "", delimiter: str = "") -> Looked:
    """Look at a file; nothing is written yet."""
    sample = sample_of(path, encoding, delimiter)
    shapes = {name: shape_of(name, values) for name, values in sample.columns.items()}
    marks = {shape.decimal for shape in shapes.values()} - {""}
    if len(marks) == 2:  # one file writes numbers in one way: a comma that must be a decimal mark settles it
        shapes = {name: shape_of(name, values, ",") for name, values in sample.columns.items()}
    roles = roles_of(shapes, said, sample.columns)
    timeline = timeline_of(sample, shapes, roles)
    draft = draft_of(sample, shapes, roles, timeline, wanted)
    return Looked(sample, shapes, roles, draft, timeline, telling(sample, shapes, roles))


def write(looked: Looked, folder: Path) -> None:
    """Write the files into a new or empty folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' is not empty; choose a new folder", f"“{folder}”不是空目录；请选择新目录")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in looked.draft.files.items():
        (folder / name).write_text(text, encoding="utf-8")
