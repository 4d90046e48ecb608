"""Zhiyu 智御: protects consumer-credit lenders and their customers from fraud, over the whole life of a loan.

import zhiyu
app = zhiyu.App("my-policy")          # a folder of YAML, or a zhiyu.Policy made in Python
app.decide({...}); app.explain("id")  # one event, and why
zhiyu.replay("events.parquet", "my-policy").table
"""

from zhiyu.app import App, Decision, ReplayResult, replay
from zhiyu.base.errors import DeclarationError, EventRefused, InputError, LimitExceeded, ZhiyuError
from zhiyu.events.declare import Clock, EventType, Field, LabelColumn, Source, TimeColumn
from zhiyu.events.vocabulary import Added, loan_events
from zhiyu.features.declare import Feature, Grid
from zhiyu.network.declare import Gang, Link, Network
from zhiyu.policy.declare import Feedback, Policy, Reason, Rule, RuleSet, Threshold
from zhiyu.policy.load import load_policy

__version__ = "0.1.0"
__all__ = [
    "Added",
    "App",
    "Clock",
    "Decision",
    "DeclarationError",
    "EventRefused",
    "EventType",
    "Feature",
    "Feedback",
    "Field",
    "Gang",
    "Grid",
    "InputError",
    "LabelColumn",
    "LimitExceeded",
    "Link",
    "Network",
    "Policy",
    "Reason",
    "ReplayResult",
    "Rule",
    "RuleSet",
    "Source",
    "Threshold",
    "TimeColumn",
    "ZhiyuError",
    "load_policy",
    "loan_events",
    "replay",
]
