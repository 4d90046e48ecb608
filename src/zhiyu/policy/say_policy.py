"""Everything a policy decides with, in words: what `zhiyu check --say` prints.

In: a checked policy. Out: one text per model, rule set, scorecard, table, flow, list and brake.
"""

from __future__ import annotations

from zhiyu.policy.checked import Checked
from zhiyu.policy.say import say_rule_set
from zhiyu.policy.say_decisions import say_brakes, say_list, say_scorecard, say_table
from zhiyu.policy.say_flows import say_flow
from zhiyu.policy.say_models import say_models
from zhiyu.policy.say_services import say_services


def say_policy(checked: Checked, language: str) -> list[str]:
    """Texts in the order of the policy; each may have several lines."""
    texts = [say_list(each, language) for each in checked.declared.lists]
    texts += say_models(checked, language)
    texts += [say_rule_set(checked, each.name, language) for each in checked.policy.rule_sets]
    texts += [say_scorecard(checked, each, language) for each in checked.scorecards]
    texts += [say_table(checked, each, language) for each in checked.tables]
    texts += [say_flow(checked, each, language) for each in checked.declared_flows()]
    texts += say_services(checked, language)
    return texts + say_brakes(checked, language)
