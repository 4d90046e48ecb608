"""Pages say what is there: links lead somewhere, both READMEs match, references name every command, key and default."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.docs.pages import ROOT, anchor, headings, pages
from zhiyu.cli import main
from zhiyu.events.declare import Clock, EventType, Field, LabelColumn, Source, TimeColumn
from zhiyu.events.vocabulary import Added, Use
from zhiyu.features.declare import Feature, Grid
from zhiyu.policy.declare import Feedback, Policy, Reason, Rule, RuleSet, Threshold
from zhiyu.policy.declare_actions import Action, ActionLimit, Do, LetThrough, Parameter
from zhiyu.policy.declare_flows import Arm, Case, Flow, Node
from zhiyu.policy.declare_labels import DerivedLabel
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.declare_restraint import FairGroups, Independence, OverLending, Restraint
from zhiyu.policy.declare_scorecards import Band, Bin, Characteristic, Scorecard
from zhiyu.policy.declare_services import Breaker, Request, Service, Told
from zhiyu.policy.declare_tables import DecisionTable, Input, Row

LINK = re.compile(r"\]\(([^)\s]+)\)")
DECLARATIONS = (
    Policy, EventType, Field, Feature, Grid, Model, EntityList, DerivedLabel, RuleSet, Rule, Threshold, Scorecard, Characteristic, Bin,
    Band, DecisionTable, Input, Row, Flow, Node, Case, Arm, Action, Parameter, Do, LetThrough, ActionLimit, Reason, Source, TimeColumn,
    LabelColumn, Clock, Feedback, Use, Added, MatrixCell, Restraint, FairGroups, Independence, OverLending,
    Service, Request, Told, Breaker,
)  # fmt: skip
ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \|", re.MULTILINE)


def section(name: str) -> str:
    """The part of the policy reference under the heading of a declaration."""
    title = re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()
    page = (ROOT / "docs/reference/policy-files.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/policy-files.md has no section '{title}'"
    return found[1]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if fragment and file.suffix == ".md":
            assert fragment in {anchor(words) for _, words in headings(file)}, f"{page.name} links to {target}"


def test_both_readmes_have_the_same_shape() -> None:
    english, chinese = headings(ROOT / "README.md"), headings(ROOT / "README.zh-CN.md")
    assert [level for level, _ in english] == [level for level, _ in chinese]


def test_written_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/write_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr + "run `make docs`"


def test_readmes_show_what_the_demo_prints() -> None:
    done = subprocess.run(
        [sys.executable, "docs/write_readme.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr + "run `make docs`"


def test_every_command_is_in_both_readmes() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [command for command in main.commands if f"zhiyu {command}" not in text] == [], name


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda each: each.__name__)
def test_policy_reference_names_every_key(declaration: type[msgspec.Struct]) -> None:
    rows = dict(ROW.findall(section(declaration.__name__)))
    known = {field.name: field for field in msgspec.structs.fields(declaration)}
    assert list(rows) == list(known), f"keys of {declaration.__name__}, in the order of the declaration"
    for name, field in known.items():
        shown = rows[name].strip()
        assert (shown == "required") == field.required, f"{declaration.__name__}.{name}"
        if isinstance(field.default, bool | int) and declaration is not Feedback:
            assert shown == str(field.default).lower(), f"{declaration.__name__}.{name} is {field.default}"
        if isinstance(field.default, str) and field.default and field.default != "arrival":
            assert field.default in shown or shown.startswith("as in"), (
                f"{declaration.__name__}.{name}: {field.default}"
            )
