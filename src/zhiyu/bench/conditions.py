"""Under what a figure was measured: machine, versions, memory.

In: the machine. Out: plain values for the report. A figure without its conditions says nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
from pathlib import Path
from typing import Any


def conditions() -> dict[str, Any]:
    """Processor, cores, load, memory, and the versions that matter."""
    names = ("numba", "numpy", "llvmlite", "duckdb", "polars", "zen-engine", "scipy", "networkit", "rustworkx")
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "huge_pages": _huge_pages(),
        "python": platform.python_version(),
        "versions": {name: version for name in names if (version := _version(name))},
    }


def peak_bytes() -> int:
    """Largest resident size of this process so far."""
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _huge_pages() -> str:
    try:
        words = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    return words[words.find("[") + 1 : words.find("]")]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
