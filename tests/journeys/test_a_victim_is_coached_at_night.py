"""A victim is coached at night, told to the example policy event by event.

A caller shares a customer's screen, talks to her all the while, and has her draw everything at two in the morning. The money is held
and she is warned. A neighbour who draws a little at the same hour, alone with her phone, is let through.
"""

from __future__ import annotations

import pytest

import zhiyu
from tests.journeys.week import FOLDER, Week, severity


@pytest.fixture
def app() -> zhiyu.App:
    """The example policy with nothing counted yet."""
    return zhiyu.App(FOLDER)


def test_a_victim_is_coached_at_night(app: zhiyu.App) -> None:
    week = Week(app)
    week.habits("ann", "ann's phone")
    week.habits("bo", "bo's phone")
    coached = {"remote_control": True, "on_call": True}
    assert severity(
        week.at("12T02:00:00", "log_in", "ann", "ann's phone", succeeded=True, tries=1, **coached)
    ) >= severity("challenge")
    drawn = week.at("12T02:10:00", "draw_down", "ann", "ann's phone", amount=20000, available_limit=20000, **coached)
    assert severity(drawn) >= severity("delay"), "the money is held"
    assert "COACHED" in week.last.reasons
    assert {action["action"] for action in week.last.actions} >= {"warn", "hold_money"}
    assert week.at("12T02:15:00", "draw_down", "bo", "bo's phone", amount=5000, available_limit=20000) in (
        "pass",
        "notify",
    )
