"""How the fields about people, devices, places and proofs are read off an event's numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhiyu.events.vocabulary import FIELDS
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.makers import (
    MAKERS,
    bit,
    by_person,
    choice,
    coded,
    flag,
    maker,
    numbers,
    of_types,
    plain,
    present,
    trait_of,
)
from zhiyu.simulation.lender.people import CHANNEL_PARTNER, CHANNEL_STORE, IP_BASE, IP_HOMES
from zhiyu.simulation.lender.rows import EMULATOR, FAILED, ON_CALL, PROXY, REMOTE, REPRESENTED, ROOTED, SELF
from zhiyu.simulation.lender.span import Span

MODELS = tuple(
    f"{maker} {number}" for maker in ("Lark", "Tern", "Heron", "Finch", "Egret", "Stork") for number in range(3, 11)
)
BANKS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10")
OLD_CHANGE = ("phone", "card", "password", "device", "address", "email", "contact")
YEAR = 2025

coded("customer", "c", lambda s, rows: ((found := present(s, rows, "person")), (s.of("person", found),)))
coded("contract", "k", lambda s, rows: (rows, (s.of("person", rows),)))
coded("address", "a", lambda s, rows: (rows, (s.trait("address", rows),)))
coded("employer", "w", lambda s, rows: (rows, (s.trait("employer", rows),)))
coded("person_name", "n", lambda s, rows: (rows, (s.trait("identity", rows),)))
coded(
    "application",
    "q",
    lambda s, rows: (rows, (s.of("person", rows), s.of("time", rows) * of_types(s, rows, "application"))),
)
coded("draw_down", "l", lambda s, rows: (rows, (s.of("person", rows), s.of("time", rows))))
coded("complaint", "z", lambda s, rows: (rows, (s.of("person", rows), s.of("time", rows))))
coded("bill", "b", lambda s, rows: (rows, (s.of("person", rows), s.of("time", rows) // (30 * p.DAY_MS))))
coded(
    "session",
    "s",
    lambda s, rows: (
        (found := present(s, rows, "device")),
        (s.of("device", found), s.of("time", found) // (30 * p.MINUTE_MS)),
    ),
)
coded("device", "d", lambda s, rows: ((found := present(s, rows, "device")), (s.of("device", found),)))
coded("staff", "f", lambda s, rows: (rows, (s.chance.below("staff", 160, s.of("time", rows)),)))
choice("occupation", FIELDS["occupation"].field.values, trait_of("occupation"))
choice("education", FIELDS["education"].field.values, by_person("education", (3, 26, 32, 31, 7, 1)))
choice("marital", FIELDS["marital"].field.values, by_person("marital", (40, 48, 10, 2)))
choice("contact_relation", FIELDS["contact_relation"].field.values, trait_of("relation"))
choice("city", tuple(each[0] for each in p.CITIES), trait_of("city"))
choice("campaign", ("spring", "autumn", "friends", "none"), by_person("campaign", (20, 30, 15, 35)))
choice("card_bank", BANKS, lambda s, rows: (rows, texts.bank_of(s.seed, s.trait("card", rows))))


@maker("id_number")
def _id_number(s: Span, rows: Ints) -> pa.Array:
    return texts.column(
        s.n,
        rows,
        texts.identities(s.seed, s.trait("identity", rows), s.trait("age", rows), s.trait("gender", rows), YEAR),
    )


@maker("email")
def _email(s: Span, rows: Ints) -> pa.Array:
    code = texts.codes("u", s.seed, "email", s.of("person", rows))
    tail = np.tile(np.frombuffer(b"@example.com", np.uint8), (len(rows), 1))
    return texts.column(s.n, rows, np.hstack([code, tail]))


@maker("phone")
def _phone(s: Span, rows: Ints) -> pa.Array:
    person = s.of("person", rows)
    fresh = of_types(s, rows, "account_change") & (s.of("a", rows) == 0)
    return texts.column(
        s.n, rows, texts.phones(s.seed, np.where(fresh, 300_000_000 + person * 64 + s.of("number", rows) % 64, person))
    )


@maker("phone_before")
def _phone_before(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 0]
    return texts.column(s.n, rows, texts.phones(s.seed, s.of("person", rows)))


@maker("card")
def _card(s: Span, rows: Ints) -> pa.Array:
    rows = rows[~of_types(s, rows, "draw_down") | (s.of("number", rows) < 0)]
    fresh = of_types(s, rows, "account_change") & (s.of("a", rows) == 1)
    card = np.where(fresh, 300_000_000 + s.of("person", rows) * 64 + s.of("number", rows) % 64, s.trait("card", rows))
    return texts.column(s.n, rows, texts.cards(s.seed, card))


@maker("card_before")
def _card_before(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 1]
    return texts.column(s.n, rows, texts.cards(s.seed, s.trait("card", rows)))


@maker("contact_phone")
def _contact_phone(s: Span, rows: Ints) -> pa.Array:
    rows = rows[~of_types(s, rows, "account_change") | (s.of("a", rows) == 6)]
    return texts.column(s.n, rows, texts.phones(s.seed, s.trait("contact", rows)))


@maker("second_contact_phone")
def _second_contact_phone(s: Span, rows: Ints) -> pa.Array:
    return texts.column(s.n, rows, texts.phones(s.seed, s.trait("second_contact", rows)))


@maker("employer_phone")
def _employer_phone(s: Span, rows: Ints) -> pa.Array:
    firm = s.chance.below("firm phone", 40_000_000, s.trait("employer", rows))
    return texts.column(s.n, rows, texts.phones(s.seed, 450_000_000 + firm))


@maker("income_month")
def _income(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.trait("income", rows) / 100.0)


@maker("partner")
def _partner(s: Span, rows: Ints) -> pa.Array:
    channel = s.trait("channel", rows)
    rows = rows[(channel == CHANNEL_PARTNER) | (channel == CHANNEL_STORE)]
    return texts.column(s.n, rows, texts.codes("p", s.seed, "partner", s.trait("partner", rows)))


# from where

choice("channel", FIELDS["channel"].field.values, plain("channel"))
choice("place_city", tuple(each[0] for each in p.CITIES), plain("city"))
choice(
    "device_model",
    MODELS,
    lambda s, rows: (
        (found := present(s, rows, "device")),
        s.chance.below("model", len(MODELS), s.of("device", found)),
    ),
)
choice("os", ("android", "ios", "harmony"), lambda s, rows: ((found := present(s, rows, "device")), _system(s, found)))
choice(
    "app_version",
    tuple(f"7.{n}.0" for n in range(60)),
    lambda s, rows: ((found := present(s, rows, "device")), _version(s, found)),
)


def _system(s: Span, rows: Ints) -> Ints:
    model = s.chance.below("model", len(MODELS), s.of("device", rows)) // 8
    return np.array([0, 0, 0, 1, 1, 2])[model]


def _version(s: Span, rows: Ints) -> Ints:
    newest = 4 + s.of("time", rows) // (14 * p.DAY_MS)
    return np.clip(newest - s.chance.several("lags", 0.5, s.of("device", rows), 0, 4), 0, 59)


@maker("ip")
def _ip(s: Span, rows: Ints) -> pa.Array:
    rows = present(s, rows, "ip", 1)
    return texts.column(s.n, rows, *texts.networks(s.of("ip", rows).astype(np.uint32)))


@maker("wifi")
def _wifi(s: Span, rows: Ints) -> pa.Array:
    rows = rows[(s.of("ip", rows) > 0) & (s.of("ip", rows) < IP_BASE + IP_HOMES)]
    return texts.column(s.n, rows, texts.codes("r", s.seed, "wifi", s.of("ip", rows)))


@maker("place")
def _place(s: Span, rows: Ints) -> pa.Array:
    rows = rows[(s.of("city", rows) >= 0) & ~s.chance.happens("hides place", 0.12, s.of("time", rows))]
    return texts.column(s.n, rows, *texts.places(s.of("lat", rows), s.of("lon", rows)))


MAKERS |= {
    "emulator": bit(EMULATOR), "rooted": bit(ROOTED), "proxy": bit(PROXY), "remote_control": bit(REMOTE), "on_call": bit(ON_CALL),
    "represented": bit(REPRESENTED), "payee_is_self": bit(SELF),
}  # fmt: skip


@maker("duration_s")
def _duration(s: Span, rows: Ints) -> pa.Array:
    rows = present(s, rows, "length_ms")
    return numbers(s, rows, s.of("length_ms", rows) / 1000.0)


# proofs

choice("login_method", FIELDS["login_method"].field.values, plain("a"))
choice("step", ("document", "face", "phone", "card_four"), plain("a"))
choice("change", OLD_CHANGE, plain("a"))


@maker("succeeded", "passed")
def _succeeded(s: Span, rows: Ints) -> pa.Array:
    return flag(s, rows, (s.of("flags", rows) & FAILED) == 0)


@maker("tries")
def _tries(s: Span, rows: Ints) -> pa.Array:
    return numbers(s, rows, s.of("b", rows), whole=True)


@maker("similarity")
def _similarity(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 1]
    return numbers(s, rows, s.of("number", rows) / 10_000.0)


@maker("liveness")
def _liveness(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 1]
    return numbers(s, rows, (10_000 - s.chance.several("liveness", 300.0, s.of("time", rows), 0, 5) * 160) / 10_000.0)


@maker("name_matches", "id_matches", "phone_matches", "card_matches")
def _matches(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 3]
    return flag(
        s, rows, ((s.of("flags", rows) & FAILED) == 0) | s.chance.happens("this matches", 0.6, s.of("time", rows))
    )


@maker("document_until")
def _document_until(s: Span, rows: Ints) -> pa.Array:
    rows = rows[s.of("a", rows) == 0]
    years, day = (
        1 + s.chance.below("valid years", 19, s.of("person", rows)),
        1 + s.chance.below("valid day", 28, s.of("person", rows)),
    )
    dash = np.full((len(rows), 1), 45, np.uint8)
    text = np.hstack([texts.digits(YEAR + years, 4), dash, texts.digits(1 + day % 12, 2), dash, texts.digits(day, 2)])
    return texts.column(s.n, rows, text)
