"""lender: a synthetic consumer lender over the whole life of its loans, with ground truth.

In: days, customers, a seed, a difficulty. Out: events in the loan vocabulary, and beside them what is true: kind of fraud, gang,
victim, money.
Knows: base, and the words of `events.vocabulary`. Parameters are frozen per version (`parameters.VERSION`): a change of any number is a new
version, so that figures stay comparable.
"""

from zhiyu.simulation.lender.make import Made, make_lender
from zhiyu.simulation.lender.parameters import VERSION, Wanted

__all__ = ["VERSION", "Made", "Wanted", "make_lender"]
