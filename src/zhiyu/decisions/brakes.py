"""From what was decided to what is done: the lottery that lets a few through, limits on acting, the switch that stops it.

In: decided outcomes in log order, rules that hit, ids, money; settings and the state of the brakes. Out: the enforced outcome, and a mark
why it differs. Only this file knows the difference: scores, features and reasons see what was decided.
Limits are exact over a sliding window: a ring holds the times of the last `count` acts, and acting again needs the oldest to be out of it.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, words_at
from zhiyu.decisions.layout import (
    CAP_REACHED,
    D_BRAKES,
    D_EPOCH,
    D_LIMITS,
    D_NOWS,
    D_RINGS,
    D_SPENT,
    DECIDE,
    LET_THROUGH,
    LIMITED,
    NOT_DRAWN,
    NOT_ENFORCING,
)
from zhiyu.entities.slots import joined, spread_bits
from zhiyu.policy.layout import (
    B_CAP,
    B_ENFORCE,
    B_LIMITS,
    B_OUTCOMES,
    B_SALT,
    B_SHARE,
    L_COUNT,
    L_OUTCOMES,
    L_PER,
    L_RING0,
    L_RULE,
    L_THEN,
    LIMIT_COLUMNS,
)

DAY_MS = 86_400_000
SPENT_DAY, SPENT_MONEY = 0, 1


@kernel
def draw(x: Array, outcome: int, now: int, id_code: int, money: int) -> int:
    """The mark of the lottery for one decided outcome; money of the day (UTC) is spent when it is let through."""
    brakes, spent = words_at(x[D_BRAKES]), words_at(x[D_SPENT])
    if not (brakes[B_OUTCOMES] >> outcome) & 1:
        return 0
    day = now // DAY_MS
    if spent[SPENT_DAY] != day:
        spent[SPENT_DAY], spent[SPENT_MONEY] = day, 0
    if spent[SPENT_MONEY] + max(money, 0) > brakes[B_CAP]:
        return CAP_REACHED
    if spread_bits(joined(brakes[B_SALT], id_code)) >> 31 >= brakes[B_SHARE]:
        return NOT_DRAWN
    spent[SPENT_MONEY] += max(money, 0)
    return LET_THROUGH


@kernel
def concerns(limit: Array, outcome: int, hits: Array, total: int) -> bool:
    """Whether a limit counts this act: its outcome, and the rule it is about (word w of the hits stands `w * total` on)."""
    if not (limit[L_OUTCOMES] >> outcome) & 1:
        return False
    rule = limit[L_RULE]
    return rule < 0 or (hits[(rule >> 6) * total] >> (rule & 63)) & 1 != 0


@kernel
def within_limits(x: Array, outcome: int, now: int, hits: Array, total: int) -> int:
    """The severest outcome not above `outcome` that no limit forbids; acts are counted in the rings."""
    limits, rings = words_at(x[D_LIMITS]), words_at(x[D_RINGS])
    count = words_at(x[D_BRAKES])[B_LIMITS]
    again = True
    while again:
        again = False
        for number in range(count):
            limit = beyond(limits, number * LIMIT_COLUMNS)
            ring = beyond(rings, limit[L_RING0])  # the place of the oldest, then the times
            if concerns(limit, outcome, hits, total) and ring[1 + ring[0]] > now - limit[L_PER]:
                outcome = min(outcome - 1, limit[L_THEN])
                again = True
    for number in range(count):
        limit = beyond(limits, number * LIMIT_COLUMNS)
        if concerns(limit, outcome, hits, total):
            ring = beyond(rings, limit[L_RING0])
            ring[1 + ring[0]] = now
            ring[0] = ring[0] + 1 if ring[0] + 1 < limit[L_COUNT] else 0
    return outcome


@kernel
def brake(
    x: Array, asks: Array, count: int, outcomes: Array, hits: Array, total: int, ids: Array, money: Array, enforced: Array, marks: Array
) -> None:  # fmt: skip
    """Enforced outcome and mark of every decided row of the block, in order. `ids`: code words, two a row."""
    brakes = words_at(x[D_BRAKES])
    for column in range(count):
        outcome = outcomes[column]
        enforced[column] = outcome
        if asks[column] != DECIDE or outcome == 0:
            continue
        if brakes[B_ENFORCE] == 0:
            enforced[column], marks[column] = 0, NOT_ENFORCING
            continue
        now = words_at(x[D_NOWS])[column] + x[D_EPOCH]
        mark = int64(0)
        if brakes[B_SHARE] > 0:
            mark = draw(x, outcome, now, ids[2 * column], money[column])
        if mark == LET_THROUGH:
            enforced[column], marks[column] = 0, mark
            continue
        allowed = within_limits(x, outcome, now, beyond(hits, column), total)
        enforced[column] = allowed
        marks[column] = LIMITED if allowed < outcome else mark
