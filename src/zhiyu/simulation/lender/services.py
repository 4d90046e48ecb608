"""What services outside would truthfully answer about the people of the lender: phone operator, bank-card check, multi-lender query,
credit bureau, face service.

In: what was made. Out: `Known`: a table per person and a table per event, the columns being fields of answers. Nothing of the stream
depends on it: the words of its chances are its own, so events stay what they were, byte for byte; its numbers have a version of their own.
The truth has gaps and noise: people without a file, numbers held by a relative, lenders that do not report, poor light. What gives a fraud
away is a thing outside his control, so that he can hide it less well than what he types: by `CAMOUFLAGE`, not by `HIDES`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender import texts
from zhiyu.simulation.lender.chance import Bools, Ints
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.render_people import YEAR
from zhiyu.simulation.lender.rows import KIND, NUMBER

SERVICES_VERSION = "services/1"
"""A change of any number below is a new version."""
KEYS = ("customer", "id_number", "phone", "card")
"""Columns of `Known.people` that say who it is; the others are answers."""
PICTURED = ("application", "draw_down")
"""Types of event with a picture of who sits there."""

PHONE_MONTHS = (0, 3, 8, 15, 24, 36, 52, 70, 96, 130, 190, 260)
NUMBER_OF_A_RELATIVE, CARD_WRITTEN_WRONG, NO_FILE, POOR_LIGHT = 0.04, 0.007, 0.06, 0.015
"""Shares of honest people about whom a service says what looks wrong, or nothing."""
LOANS_30D = (0, 0, 0, 0, 1, 1, 2)
LIKENESS = (8_300, 8_900, 9_200, 9_350, 9_480, 9_580, 9_670, 9_760, 9_850, 9_960)
OTHER_FACE = (1_200, 2_600, 3_600, 4_500, 5_400, 6_300, 7_100)
"""Likeness in ten-thousandths: one's own face, somebody else's."""
NEW_NUMBER_MONTHS = 3


@dataclass(frozen=True)
class Known:
    """What is known outside. `people`: a row per person, `KEYS` and answers; `events`: a row per event of `PICTURED`, its id and
    `face_likeness`. Null: the service is there and knows nothing about it."""

    people: pa.Table
    events: pa.Table


def known_outside(made: Made) -> Known:
    """Everything that can be asked."""
    return Known(_people(made), _events(made))


def _people(made: Made) -> pa.Table:
    people, c, seed = made.people, made.chance, made.wanted.seed
    who, kind = np.arange(len(people)), people.kind
    seen = _gives_away(made, "file", who, people.joined)
    stolen = (kind == KIND["impersonation"]) & seen
    batch = (kind == KIND["batch"]) & seen
    months = c.spread("told months", PHONE_MONTHS, who).astype(np.int64)
    months = np.where(
        (stolen | batch) & c.happens("told new number", 0.75, who),
        c.below("told weeks", NEW_NUMBER_MONTHS, who),
        months,
    )
    relative = c.happens("told relative", NUMBER_OF_A_RELATIVE, who)
    other_holder = stolen | (batch & c.happens("told invented", 0.5, who)) | relative
    other_card = (people.card != who) | stolen | c.happens("told card", CARD_WRITTEN_WRONG, who)
    owner = np.where(
        people.identity < len(people), people.identity, who
    )  # what is asked by an identity is about its owner
    week, month = (each[owner] for each in _lenders(made, seen))
    points, loans = (each[owner] for each in _bureau(made, batch, seen))
    text = texts.column
    return pa.table(
        {
            "customer": text(len(who), who, texts.codes("c", seed, "customer", who)),
            "id_number": text(len(who), who, texts.identities(seed, people.identity, people.age, people.gender, YEAR)),
            "phone": text(len(who), who, texts.phones(seed, who)),
            "card": text(len(who), who, texts.cards(seed, people.card)),
            "phone_months": months,
            "phone_is_holders": ~other_holder,
            "card_is_holders": ~other_card,
            "lenders_7d": week,
            "lenders_30d_now": month,
            "credit_points": pa.array(points, mask=points < 0),
            "loans_opened_30d": pa.array(loans, mask=points < 0),
        }
    )


def _lenders(made: Made, seen: Bools) -> tuple[Ints, Ints]:
    """How many lenders asked in 7 and in 30 days: what the application says is up to a month old; not every lender reports."""
    people, c = made.people, made.chance
    who, kind = np.arange(len(people)), people.kind
    month = np.maximum(people.lenders + c.below("told lenders", 3, who) - 1, 0)
    week = c.below("told lenders week", month // 3 + 1, who)
    more = np.zeros(len(who), np.int64)
    for name, least, most in (("multi_lender", 6, 20), ("intermediary", 2, 8), ("batch", 1, 6), ("forged", 0, 4)):
        asked = least + c.below(f"told {name}", most - least, who)
        more = np.where((kind == KIND[name]) & seen, asked, more)
    report = 50 + c.below("told reports", 41, who)
    return week + more * report // 100, month + more * report // 100


def _bureau(made: Made, batch: Bools, seen: Bools) -> tuple[Ints, Ints]:
    """The score now, -1 without a file; loans opened elsewhere in 30 days."""
    people, c = made.people, made.chance
    who, kind = np.arange(len(people)), people.kind
    many = (kind == KIND["multi_lender"]) & seen
    points = people.bureau + c.below("told points", 31, who) - 15
    points = np.clip(np.where(many, points - 50 - c.below("told fall", 80, who), points), 300, 850)
    nothing = c.happens("told no file", NO_FILE, who) | (batch & c.happens("told invented person", 0.6, who))
    loans = c.spread("told loans", LOANS_30D, who).astype(np.int64)
    loans = np.where(many, loans + 2 + c.below("told new loans", 5, who), loans)
    return np.where(nothing, -1, points), loans


def _events(made: Made) -> pa.Table:
    """Whether the one in the picture is the one in the register: thieves and bought identities are not; coached victims are."""
    events, c = made.events, made.chance
    at = np.flatnonzero(np.isin(events["type"], [NUMBER[name] for name in PICTURED]) & (events["person"] >= 0))
    who, kind, time = (events[name][at].astype(np.int64) for name in ("person", "kind", "time"))
    stranger = np.isin(kind, [KIND["takeover"], KIND["impersonation"], KIND["abnormal_use"]])
    stranger |= (kind == KIND["batch"]) & c.happens("told paid to show the face", 0.5, who)
    stranger &= _gives_away(made, "face", who, time)
    own = c.spread("told likeness", LIKENESS, who, time)
    other = c.spread("told other face", OTHER_FACE, who, time)
    own = np.where(c.happens("told light", POOR_LIGHT, who, time), own - 1_500, own)
    alike = np.where(stranger, other, own).astype(np.int64)
    return pa.table(
        {
            "id": texts.column(len(at), np.arange(len(at)), texts.event_ids(made.wanted.seed, at)),
            "face_likeness": alike / 10_000.0,
        }
    )


def _gives_away(made: Made, trait: str, who: Ints, time: Ints) -> Bools:
    """Who cannot hide this from a service; fewer the harder it is, and fewer as the weeks pass."""
    hidden = p.CAMOUFLAGE[made.wanted.difficulty]
    weeks = np.maximum(time, 0) // (7 * p.DAY_MS)
    hide = hidden + (1 - hidden) * np.minimum(1.0, p.LEARNS_PER_WEEK * weeks)
    return made.chance.share(f"told hides {trait}", who) >= hide
