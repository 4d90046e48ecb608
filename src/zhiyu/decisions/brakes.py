"""From what was decided to what is done: the lottery that lets a few through, limits on acting, the switch that stops it.

In: decided outcomes in log order, rules that hit, ids, money; settings and the state of the brakes. Out: the enforced outcome, and a mark
why it differs. Only this file knows the difference: scores, features and reasons see what was decided.
Limits are exact over a sliding window: for decisions a ring holds the times of the last `count` acts, and acting again needs the oldest to
be out of it; for people the keys of the window are known (`people`), and only a further one is one too many.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.layout import (
    CAP_REACHED,
    D_ACTS,
    D_BRAKES,
    D_EPOCH,
    D_LIMITS,
    D_NOWS,
    D_NULLS,
    D_SPENT,
    D_VALUES,
    D_WIDTH,
    DECIDE,
    LET_THROUGH,
    LIMIT_SHIFT,
    LIMITED,
    LIMITED_NOT_DRAWN,
    NOT_DRAWN,
    NOT_ENFORCING,
)
from zhiyu.decisions.people import acted_on, one_too_many
from zhiyu.entities.slots import joined, spread_bits
from zhiyu.policy.layout import (
    B_CAP,
    B_ENFORCE,
    B_LIMITS,
    B_OUTCOMES,
    B_SALT,
    B_SHARE,
    L_COUNT,
    L_KEY,
    L_LIMIT,
    L_OUTCOMES,
    L_PER,
    L_RULE,
    L_STATE0,
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
def counted_key(x: Array, limit: Array, column: int, id_code: int) -> int:
    """The key of the row that a limit counts; a row without one stands for itself, so that nobody slips through unnamed."""
    spot = limit[L_KEY] * x[D_WIDTH] + column
    return words_at(x[D_VALUES])[spot] if bytes_at(x[D_NULLS])[spot] == 0 else id_code


@kernel
def forbids(x: Array, limit: Array, column: int, id_code: int, now: int) -> bool:
    """Whether one more act would be one too many."""
    state = beyond(words_at(x[D_ACTS]), limit[L_STATE0])
    if limit[L_KEY] < 0:
        return state[1 + state[0]] > now - limit[L_PER]  # the oldest of the last `count` acts
    return one_too_many(state, limit[L_COUNT], counted_key(x, limit, column, id_code), now - limit[L_PER])


@kernel
def count_act(x: Array, limit: Array, column: int, id_code: int, now: int) -> None:
    """The row is acted on, and the limit remembers it."""
    state = beyond(words_at(x[D_ACTS]), limit[L_STATE0])
    if limit[L_KEY] < 0:
        state[1 + state[0]] = now
        state[0] = state[0] + 1 if state[0] + 1 < limit[L_COUNT] else 0
    else:
        acted_on(state, limit[L_COUNT], counted_key(x, limit, column, id_code), now)


@kernel
def within_limits(
    x: Array, column: int, outcome: int, now: int, id_code: int, hits: Array, total: int
) -> tuple[int, int]:
    """(The outcome that no limit forbids, the limit that was met last, plus one.) The first limit, by name, that forbids an outcome puts
    its `then` in place of it, and all are asked again; then the act is counted."""
    limits, count, met = words_at(x[D_LIMITS]), words_at(x[D_BRAKES])[B_LIMITS], int64(0)
    number = 0
    while number < count:
        limit = beyond(limits, number * LIMIT_COLUMNS)
        number += 1
        if concerns(limit, outcome, hits, total) and forbids(x, limit, column, id_code, now):
            outcome, met, number = min(outcome - 1, limit[L_THEN]), limit[L_LIMIT] + 1, 0
    for number in range(count):
        limit = beyond(limits, number * LIMIT_COLUMNS)
        if concerns(limit, outcome, hits, total):
            count_act(x, limit, column, id_code, now)
    return outcome, met


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
        allowed, met = within_limits(x, column, outcome, now, ids[2 * column], beyond(hits, column), total)
        enforced[column] = allowed
        if met > 0:
            mark = (LIMITED_NOT_DRAWN if mark == NOT_DRAWN else LIMITED) + (met << LIMIT_SHIFT)
        marks[column] = mark
