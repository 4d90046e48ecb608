"""attack: an adversary who looks for the cheapest way through a policy, against the real engine.

In: a policy, a kind of fraud, a budget of tries, what the adversary's means cost. Out: the cheapest way found, its price, which rules
it walked around, and what closing it would cost honest customers of the simulated lender.
Knows: the lender, the engine. Deterministic: same policy, seed and budget, same report.
"""

from zhiyu.simulation.attack.means import MEANS, Means, read_means
from zhiyu.simulation.attack.search import Attack, Found

__all__ = ["MEANS", "Attack", "Found", "Means", "read_means"]
