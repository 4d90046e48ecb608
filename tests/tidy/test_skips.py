"""The rule about skips, on a suite of three tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = """
import pytest

def test_skips():
    pytest.skip("no data here")

@pytest.mark.skip_ok("only where fork is known")
def test_may_skip():
    pytest.skip("no fork here")

@pytest.mark.xfail(reason="known")
def test_expected_failure():
    assert False
"""


def run(folder: Path, text: str, ci: str) -> tuple[int, str]:
    """Exit code and output of pytest over one file."""
    (folder / "test_one.py").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.skips",
        "--rootdir",
        str(folder),
        str(folder / "test_one.py"),
    ]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("ci", "counts"), [("true", "1 failed, 1 skipped"), ("", "2 skipped")])
def test_a_skip_fails_on_the_build_machine_only(tmp_path: Path, ci: str, counts: str) -> None:
    code, output = run(tmp_path, SUITE, ci)
    assert counts in output, output
    assert bool(code) == (ci == "true")
    assert ("no data here" in output) == (ci == "true")


def test_a_module_that_skips_itself_fails_too(tmp_path: Path) -> None:
    code, output = run(tmp_path, "import pytest\npytest.importorskip('no_such_module')\n", "true")
    assert code != 0
    assert re.search("no_such_module", output), output
