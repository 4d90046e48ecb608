"""hourly: how the live variables are distributed, hour by hour: quantiles, what is missing, what rises, what is odd.

In: decisions with their values, from a replay or from a server's log. Out: reports of hours, and anomalies as events.
Knows: decisions. Bounded memory; the same report for any batch size.
"""

from zhiyu.evaluation.hourly.hours import Hours, told
from zhiyu.evaluation.hourly.judge import Thresholds

__all__ = ["Hours", "Thresholds", "told"]
