"""What never stands in the code: ways to run data, clocks and disks below the engine, hosts and paths of one machine."""

from __future__ import annotations

import ast
import re
import stat

from tests.tidy.sources import ROOT, sources, texts

RUNS_DATA = {"eval", "exec", "compile", "__import__"}
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
PURE = {"expressions", "events", "entities", "features", "network", "models", "policy", "decisions"}
CLOCK_AND_DISK = {
    "now", "today", "utcnow", "getenv", "read_text", "read_bytes", "write_text", "write_bytes", "perf_counter", "monotonic",
}  # fmt: skip
READS_FOLDERS = {"src/zhiyu/policy/load.py"}
HOSTS = [r"pypi\.", r"pythonhosted\.", r"npmjs\.", r"registry\.", r"anaconda\.", r"crates\.", r"conda-forge\."]
MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|work|root|mnt|srv)/\w|[A-Z]:\\Users")
SHIPPED = ("src/", "tests/", "docs/", "examples/", "benchmarks/")


def called(node: ast.AST) -> str:
    """The plain name or last attribute of what a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def test_nothing_runs_data_as_code() -> None:
    found = []
    for each in sources():
        for node in ast.walk(each.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNS_DATA:
                found.append(f"{each.path}:{node.lineno} calls {node.func.id}")
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{each.path} imports {name}" for name in names if name.split(".")[0] in UNSAFE_MODULES]
    assert found == []


def test_rooms_that_decide_touch_no_clock_and_no_disk() -> None:
    found = []
    for each in sources("src/zhiyu/"):
        if each.room not in PURE or each.path in READS_FOLDERS:
            continue
        for node in ast.walk(each.tree):
            bare = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if called(node) in CLOCK_AND_DISK or (bare and called(node) in ("open", "input", "print", "hash", "id")):
                found.append(f"{each.path}:{getattr(node, 'lineno', 0)} calls {called(node)}")
    assert found == []


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    hosts = re.compile(r"\b(?:[\w-]+\.)?(?:" + "|".join(HOSTS) + r")(?:org|com|io|cn)\b", re.IGNORECASE)
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if hosts.search(line) or MACHINE.search(line)
    ]
    assert found == []


def test_every_dependency_is_pinned_exactly() -> None:
    pins = [line for line in texts()["constraints.txt"].splitlines() if line and not line.startswith("#")]
    wrong = [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]
    assert wrong == []
    known = {line.split("==")[0].lower().replace("_", "-") for line in pins}
    wanted = re.findall(r'"([A-Za-z0-9._-]+)>=[0-9.]+"', texts()["pyproject.toml"])
    assert len(wanted) > 10
    assert [name for name in wanted if name.lower() not in known | {"setuptools"}] == []


def test_the_build_runs_check_and_test() -> None:
    script = texts()[".ci/run"]
    assert "set -euo pipefail" in script
    assert "make check" in script
    assert "make test" in script
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR
