"""On the build machine (CI=true) a test that skips is a failure: something that should be there is not.

In: pytest's reports. Out: skipped turned into failed, with what to do. `@pytest.mark.skip_ok("reason")` marks the few tests that may
skip anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

ADVICE = "with CI=true a skip is a failure: provide what is missing, or mark the test @pytest.mark.skip_ok('reason')"


def strict() -> bool:
    """Whether skips are failures here."""
    return os.environ.get("CI", "").lower() == "true"


def why(longrepr: object) -> str:
    """The reason that a skip gave."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) and len(longrepr) == 3 else str(longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails, unless it is an expected failure or may skip."""
    report = yield
    if strict() and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("skip_ok") is None:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {why(report.longrepr)}\n{ADVICE}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself as a whole fails too."""
    report = yield
    if strict() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {why(report.longrepr)}\n{ADVICE}"
    return report
