"""simulation: a synthetic lender over the whole life of its loans, and card payments, both with ground truth.

In: how many days and customers, a seed, a difficulty. Out: events in the loan vocabulary (`lender`), or files with the schema of
public data sets
(`card_payments`), frauds marked beside them.
Knows: base, and the words of the loan vocabulary; the rooms that decide never see it, they read its files like any other.
"""

from zhiyu.simulation.card_payments import CardPayments, card_payments, write_card_payments

__all__ = ["CardPayments", "card_payments", "write_card_payments"]
