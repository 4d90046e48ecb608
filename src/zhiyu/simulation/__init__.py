"""simulation: a synthetic lender with ground truth; card payments for now.

In: how many days and customers, a seed. Out: Parquet files with the schemas of the public data sets, frauds marked.
Knows: base only; the rooms that decide never see it, they read its files like any other.
"""

from zhiyu.simulation.card_payments import CardPayments, card_payments, write_card_payments

__all__ = ["CardPayments", "card_payments", "write_card_payments"]
