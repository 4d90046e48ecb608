"""Numbers shared by the decision kernel and its callers: what a row asks for, how results are laid out, the kernel's context."""

FACT, DECIDE, SKIP = 0, 1, 2
"""What a row asks for: it only feeds features; it is decided; it is noise and counts nowhere."""
HIT_BITS = 64
AS_DECIDED, LET_THROUGH, LIMITED, NOT_ENFORCING, NOT_DRAWN, CAP_REACHED, FELL_BACK, LIMITED_NOT_DRAWN = range(8)
"""Why the enforced outcome is what it is: as decided; drawn in the lottery; a limit was reached; the policy does not enforce. NOT_DRAWN and
CAP_REACHED are enforced as decided: the lottery was open and did not draw it, or was closed by its cap. FELL_BACK: the deadline had passed,
and the policy's fallback stands instead of what was decided. LIMITED_NOT_DRAWN: not drawn, and then a limit was reached."""
MARKS = ("", "let_through", "limited", "not_enforcing", "not_drawn", "cap_reached", "fallback", "limited_not_drawn")
"""The same as words."""
DRAWN_AGAINST = (NOT_DRAWN, LIMITED_NOT_DRAWN)
"""Marks of what the lottery did not draw: those that were drawn speak for it."""
LIMIT_SHIFT, MARK_MASK = 8, 255
"""The line of marks holds the mark, and from this bit on the number of the limit that was reached, plus one."""
# lines of the result block, int64[OUT_LINES + words, n]: then P words of path, W each of hits, quiet hits, errors; then the scores of all
# models (bits of a float64), and who spoke in each cell of the matrix (0 champion, 1 first challenger …)
O_OUTCOME, O_ENFORCED, O_MARK, O_SCORE, O_PRINT, O_KEPT, O_APPROXIMATE = range(7)
OUT_LINES = 7
# the kernel's context: addresses and sizes, one word each
(
    D_BEFORE, D_BEFORE_SETS, D_AFTER, D_AFTER_SETS, D_LATE, D_LATE_SETS, D_RULES, D_SETS, D_MARKS, D_CARDS, D_BANDS, D_TABLES, D_LINES,
    D_COLUMNS, D_POINTS, D_CELLS, D_STEPS, D_CASES, D_ARMS, D_STARTS, D_DROPS, D_WATCHED, D_RESULTS, D_VALUES, D_NULLS, D_MASKS, D_LAST,
    D_SNOOZES, D_SNOOZED, D_BRAKES, D_LIMITS, D_ACTS, D_SPENT, D_FEATURES, D_APPROXIMATE, D_TIMES, D_NOWS, D_ASKS, D_KINDS, D_SUMS,
    D_TAKEN, D_EPOCH, D_WIDTH, D_HIT_WORDS, D_PATH_WORDS,
) = range(45)  # fmt: skip
D_NETWORK = 45
D_EARLY, D_EARLY_SETS, D_MODELS, D_MODEL_ROWS = range(46, 50)
"""Models: the program of derived features they read, their plans, scratch."""
D_MATRIX, D_MATRIX_ARMS, D_RECORDED = range(50, 53)
"""The model matrix: its cells, their arms, the registers that every decision records."""
D_FROZEN, D_FROZEN_VALUES, D_FROZEN_NULLS, D_COUNTED = range(53, 57)
"""Rows whose features stay as they were (ascending), the values and null marks they had (a line each), registers of those features."""
AS_NOW = 3
"""A null mark of a frozen feature: it was not kept, and is what it is now."""
D_SIZES = 57
"""D_SIZES + word is the number of lines behind that address."""
CONTEXT_WORDS = 114
NO_SCORE = -1
"""Stands in a recorded score, or in who spoke, for none; as a float it is a NaN."""
