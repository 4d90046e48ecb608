"""How the fields about money, service and reports are read off an event's numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhiyu.events.vocabulary import FIELDS
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.makers import (
    MAKERS,
    by_person,
    choice,
    coded,
    flag,
    maker,
    numbers,
    of_types,
    plain,
    present,
)
from zhiyu.simulation.lender.rows import KINDS, NUMBER, REPRESENTED, TYPES
from zhiyu.simulation.lender.span import Span

PRODUCTS = ("cash", "cash_plus", "shopping", "business")
CATEGORIES = ("5411", "5812", "5311", "5541", "5732", "5651", "4111", "7011", "8062", "8299", "5944", "5999")
TOPICS = ("balance", "bill", "offer", "complaint", "limit", "other")
BANKS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10")
COMPLAINT_DOORS = np.array([1, 2, 4, 0, 0, 0])
"""Channel of a complaint → place in the vocabulary's `complaint_by`."""
FIRST_PAYEE = 3_000_000_000

choice("product", PRODUCTS, by_person("product", (52, 20, 22, 6)))
choice("relief_kind", FIELDS["relief_kind"].field.values, plain("a"))
choice("contact_result", FIELDS["contact_result"].field.values, plain("a"))
choice("demand", FIELDS["demand"].field.values, plain("a"))
choice("repaid_by", FIELDS["repaid_by"].field.values, plain("a"))
choice("paid_by", FIELDS["paid_by"].field.values, plain("a"))
choice("message_kind", ("sms", "push", "in_app"), plain("a"))
choice("hardship", FIELDS["hardship"].field.values, by_person("hardship", (18, 34, 4, 14, 20, 10)))
choice("asked_by", ("customer", "lender"), lambda s, rows: (rows, of_types(s, rows, "limit_price").astype(np.int64)))
choice("purpose", FIELDS["purpose"].field.values, lambda s, rows: (rows, _purpose(s, rows)))
choice(
    "complaint_by", FIELDS["complaint_by"].field.values, lambda s, rows: (rows, COMPLAINT_DOORS[s.of("channel", rows)])
)
choice("finding", ("fraud", "legit", "credit_loss"), plain("b"))
choice("found_by", ("customer", "investigation", "collection"), plain("number"))
choice(
    "fraud_kind",
    KINDS,
    lambda s, rows: ((found := rows[s.of("b", rows) == 0]), np.where(s.of("a", found) > 0, s.of("a", found), 9)),
)
choice("about_type", TYPES, lambda s, rows: (rows, s.made.events["type"][s.of("about", rows)].astype(np.int64)))
choice(
    "merchant_category",
    CATEGORIES,
    lambda s, rows: ((found := _money_rows(s, rows, "payment")), s.chance.below("category", 12, _target(s, found))),
)
choice(
    "payee_bank",
    BANKS,
    lambda s, rows: ((found := _money_rows(s, rows, "transfer")), s.chance.below("payee bank", 10, _target(s, found))),
)
choice(
    "topic",
    TOPICS,
    lambda s, rows: (rows, np.where(of_types(s, rows, "message"), s.of("b", rows), np.maximum(s.of("a", rows), 0)) % 6),
)
choice(
    "template",
    tuple(f"T{n}" for n in range(24)),
    lambda s, rows: (rows, s.of("b", rows) * 8 + s.chance.below("template", 8, s.of("time", rows))),
)
coded("payee", "y", lambda s, rows: ((found := _money_rows(s, rows, "draw_down", "transfer")), (_target(s, found),)))
coded("payee_name", "n", lambda s, rows: ((found := _money_rows(s, rows, "transfer")), (_target(s, found),)))
coded("merchant", "m", lambda s, rows: ((found := _money_rows(s, rows, "payment")), (_target(s, found),)))
coded(
    "terminal", "t", lambda s, rows: (rows, (s.of("number", rows), s.chance.below("terminal", 3, s.of("time", rows))))
)
coded("wording", "x", lambda s, rows: ((found := present(s, rows, "b")), (s.of("b", found),)))


def _purpose(s: Span, rows: Ints) -> Ints:
    stated = s.chance.pick("draw purpose", (52, 10, 5, 6, 8, 3, 3, 8, 5), s.of("person", rows), s.of("time", rows))
    return np.where(of_types(s, rows, "application"), s.of("b", rows), stated)


def _about(s: Span, rows: Ints, name: str) -> Ints:
    """A core column of the event itself, or of the event that a report is about."""
    own, about = s.of(name, rows), s.of("about", rows)
    return np.where(about >= 0, s.made.events[name][np.maximum(about, 0)], own)


def _target(s: Span, rows: Ints) -> Ints:
    """Who gets the money: a shop's number or an account's."""
    return _about(s, rows, "number")


def _money_rows(s: Span, rows: Ints, *types: str) -> Ints:
    """Rows, or reports about rows, of these types with somebody who gets the money."""
    right = np.isin(_about(s, rows, "type"), [NUMBER[name] for name in types])
    return rows[right & (_about(s, rows, "number") >= 0)]


@maker("amount", "loss")
def _amount(s: Span, rows: Ints) -> pa.Array:
    rows = present(s, rows, "amount")
    return numbers(s, rows, s.of("amount", rows) / 100.0)


MAKERS |= {"limit_amount": MAKERS["amount"], "due_amount": MAKERS["amount"]}


@maker("principal")
def _principal(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, (s.of("amount", rows) * 9 // 10) / 100.0)


@maker("interest")
def _interest(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, (s.of("amount", rows) - s.of("amount", rows) * 9 // 10) / 100.0)


@maker("limit_before")
def _limit_before(s: Span, rows: Ints) -> pa.Array:
    rows = rows[of_types(s, rows, "limit_adjustment")]
    return numbers(s, rows, s.trait("limit", rows) / 100.0)


@maker("available_limit")
def _available(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.of("b", rows).astype(np.float64))


@maker("rate_year")
def _rate(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, np.array(p.RATES)[s.of("a", rows)] / 1_000_000.0)


@maker("term_months")
def _term(s: Span, rows: Ints) -> pa.Array:
    which = np.where(of_types(s, rows, "contract"), s.of("b", rows), s.of("a", rows))
    return numbers(s, rows, np.array(p.TERMS)[which], whole=True)


@maker("instalments")
def _instalments(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 3]
    return numbers(
        s, rows, np.array(p.TERMS)[s.chance.pick("instalments", p.TERM_WEIGHTS, s.of("time", rows))], whole=True
    )


@maker("days_overdue")
def _days_overdue(s: Span, rows: Ints) -> pa.Array:
    rows = rows[~of_types(s, rows, "complaint")]
    return numbers(s, rows, np.maximum(s.of("b", rows), 0), whole=True)


@maker("lenders_30d")
def _lenders(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.trait("lenders", rows), whole=True)


@maker("debt_total")
def _debt(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.trait("debt", rows) / 100.0)


@maker("bureau_score")
def _bureau(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.trait("bureau", rows), whole=True)


@maker("pasted_fields")
def _pasted(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.chance.several("pasted", 0.4, s.of("person", rows)), whole=True)


@maker("due_time")
def _due_time(s: Span, rows: Ints) -> pa.Array:
    rows = rows[of_types(s, rows, "repayment", "overdue")]
    return texts.column(s.n, rows, texts.moments(s.of("number", rows) * p.DAY_MS + 10 * p.HOUR_MS, p.START_MS))


@maker("other_phone")
def _other_phone(s: Span, rows: Ints) -> pa.Array:
    number, person = s.of("number", rows), s.of("person", rows)
    known = of_types(s, rows, "call_in", "call_out", "relief", "complaint")
    return texts.column(s.n, rows, texts.phones(s.seed, np.where(known & (number >= 0), number, person)))


@maker("answered", "incoming")
def _answered(s: Span, rows: Ints) -> pa.Array:
    return flag(
        s,
        rows,
        of_types(s, rows, "call_in")
        | s.chance.happens("answers", 0.55, s.of("time", rows)) & of_types(s, rows, "call_out"),
    )


@maker("is_customer")
def _is_customer(s: Span, rows: Ints) -> pa.Array:
    other = (s.of("number", rows) >= 0) & ((s.of("flags", rows) & REPRESENTED) != 0)
    return flag(s, rows, ~other & ~s.chance.happens("somebody else speaks", 0.06, s.of("time", rows)))


@maker("about")
def _about_id(s: Span, rows: Ints) -> pa.Array:
    return texts.column(s.n, rows, texts.event_ids(s.seed, s.of("about", rows)))
