"""Compiled kernels are kept as long as nothing they are made of changes, and not longer."""

import importlib
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from numba.core.registry import CPUDispatcher

import zhiyu
from zhiyu.base.jit import kernel_sources

PACKAGE = Path(zhiyu.__file__).parent


def kernels() -> list[Any]:
    """Every compiled function of the house."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "zhiyu."):
        importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("zhiyu.")]
    return [value for module in modules for value in vars(module).values() if isinstance(value, CPUDispatcher)]


def test_everything_a_kernel_reads_is_among_its_sources() -> None:
    found = kernels()
    assert len(found) > 100
    for kernel in found:
        function = kernel.py_func
        sources = set(kernel_sources(Path(function.__code__.co_filename)))
        for name in function.__code__.co_names:
            read = function.__globals__.get(name)
            if isinstance(read, CPUDispatcher):
                assert Path(read.py_func.__code__.co_filename) in sources, (function, name)


def test_wording_and_reports_change_no_machine_code() -> None:
    names = {
        str(path.relative_to(PACKAGE))
        for kernel in kernels()
        for path in kernel_sources(Path(kernel.py_func.__code__.co_filename))
    }
    assert not names & {
        "cli.py",
        "policy/say.py",
        "engine/engine.py",
        "engine/decider.py",
        "engine/memory.py",
        "evaluation/report.py",
    }
    assert "features/layout.py" in names  # no kernel in it, but the numbers they are compiled with


HOUSE = {
    "zhiyu/__init__.py": "",
    "zhiyu/amount.py": "LIMIT = 5\n",
    "zhiyu/callee.py": (
        "from zhiyu.amount import LIMIT\nfrom zhiyu.base.jit import kernel\n\n\n"
        "@kernel\ndef over(x: int) -> int:\n    return x - LIMIT\n"
    ),
    "zhiyu/caller.py": (
        "from zhiyu.callee import over\nfrom zhiyu.base.jit import kernel\n\n\n"
        "@kernel\ndef twice(x: int) -> int:\n    return 2 * over(x)\n"
    ),
    "zhiyu/beside.py": "from zhiyu.base.jit import kernel\n\n\n@kernel\ndef same(x: int) -> int:\n    return x\n",
}
"""A small house with two kernels that hang together and one that stands alone."""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, text in HOUSE.items():
        (tmp_path / "house" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "house" / name).write_text(text)
    shutil.copytree(
        PACKAGE / "base", tmp_path / "house" / "zhiyu" / "base", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path / "house"


def run(house: Path) -> tuple[list[int], set[str]]:
    """What the kernels say in a process of their own, and which of them it had to compile."""
    script = (
        "from zhiyu.caller import twice\nfrom zhiyu.beside import same\n"
        "print(twice(9), same(9))\n"
        "print(*(k.__name__ for k in (twice, same) if sum(k.stats.cache_misses.values())))"
    )
    cache = house.parent / "cache"
    env = {"PYTHONPATH": str(house), "ZHIYU_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    said, compiled = answer.stdout.splitlines()
    return [int(value) for value in said.split()], set(compiled.split())


def test_a_change_compiles_what_hangs_on_it_and_nothing_else(house: Path) -> None:
    assert run(house) == ([8, 9], {"twice", "same"})
    assert run(house) == ([8, 9], set())
    (house / "zhiyu" / "amount.py").write_text("LIMIT = 7\n")
    assert run(house) == ([4, 9], {"twice"})
    (house / "zhiyu" / "amount.py").write_text("LIMIT = 5\n")
    assert run(house) == ([8, 9], set()), "going back to an earlier state finds its code again"


def test_the_same_source_elsewhere_on_the_disk_is_not_compiled_again(house: Path) -> None:
    run(house)
    house = house.rename(house.parent / "moved")
    assert run(house) == ([8, 9], set())
