"""How a model looks in memory: numbers shared by the kernels and what prepares it for them.

A *plan* is int64[PLAN_WORDS]: addresses and sizes of one model. Values come as a register file, feature by feature, 64 rows wide at
most; so a block is scored feature by feature too.
"""

# the plan of a model, one word each
(
    P_KIND, P_INPUTS, P_INPUT_COUNT, P_CODES, P_TREES, P_TREE_COUNT, P_SPLITS, P_LEAVES, P_STARTS, P_THRESHOLDS, P_CLASSES, P_PLACES,
    P_LEFT, P_RIGHT, P_ASKED, P_KIDS, P_TURNS, P_SLOTS, P_SPOTS, P_VALUES, P_CHOICES, P_SETS, P_SET_STARTS,
    P_TERMS, P_EDGES, P_POINTS, P_POINT_COUNT, P_CURVE,
    P_CALIBRATION, P_NUMBERS, P_TYPES, P_OUTPUT, P_XS, P_GO, P_REACH, P_RAW, P_LEAST, P_FALLBACK, P_SHARE,
) = range(39)  # fmt: skip
PLAN_WORDS = 39
ROWS = 64
"""Rows of a block: one word of bits."""
TOGETHER = 4
TURN_COLUMNS = 2 * TOGETHER + 1
"""One row walks so many trees side by side: (tree, slot of its root) of each, then the steps to take; spare places hold a spare tree."""
# kinds of model
TREES, ADDITIVE = range(2)
# an input: int64[INPUT_COLUMNS]: register, how to read it, first and one past the last of its codes, divisor's number
I_REGISTER, I_KIND, I_CODE0, I_CODE1, I_SCALE = range(5)
INPUT_COLUMNS = 5
WHOLE, SCALED, FLOATING, CATEGORY = range(4)
# a term of an additive model: int64[TERM_COLUMNS], its numbers apart: float64[TERM_NUMBERS]
T_KIND, T_EDGE0, T_EDGE1, T_POINT0, T_POINT1 = range(5)
TERM_COLUMNS = 5
LINE, BINS, CATEGORIES = range(3)
N_WEIGHT, N_CENTRE, N_LOW, N_HIGH, N_MISSING, N_OTHER = range(6)
TERM_NUMBERS = 6
# what a numerical split does with what is missing, worked out beforehand (see `blocks`)
PLAIN, NULL_RIGHT, ZERO_LEFT, ZERO_RIGHT = range(4)
# kinds of calibration
NONE, PLATT, ISOTONIC = range(3)
# plan numbers, float64
Q_SIGMOID, Q_BASE, Q_SLOPE, Q_OFFSET, Q_FALLBACK = range(5)
ZERO = 1.0000000180025095e-35
"""LightGBM takes anything up to this for 0: the float32 next to 1e-35."""
