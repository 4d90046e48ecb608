"""Compiled kernels are kept as long as nothing they are made of changes, and not longer."""

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any

import zhiyu
from zhiyu.base.jit import kernel_sources

PACKAGE = Path(zhiyu.__file__).parent


def kernels() -> list[Any]:
    """Every compiled function of the house."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "zhiyu."):
        importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("zhiyu.")]
    return [value for module in modules for value in vars(module).values() if hasattr(value, "py_func")]


def test_everything_a_kernel_reads_is_among_its_sources() -> None:
    sources = set(kernel_sources(PACKAGE))
    found = kernels()
    assert len(found) > 100
    for kernel in found:
        function = kernel.py_func
        assert Path(function.__code__.co_filename) in sources
        for name in function.__code__.co_names:
            read = function.__globals__.get(name)
            if hasattr(read, "py_func"):
                assert Path(read.py_func.__code__.co_filename) in sources, (function, name)


def test_wording_and_reports_change_no_machine_code() -> None:
    names = {str(path.relative_to(PACKAGE)) for path in kernel_sources(PACKAGE)}
    assert not names & {"cli.py", "policy/say.py", "engine/engine.py", "evaluation/report.py"}
    assert "features/layout.py" in names  # no kernel in it, but the numbers they are compiled with
