"""Numbers of the machine's instructions. An instruction is six int32: op, dst, a, b, c, extra; dst…c are registers.

Grouped by sixteen, one kernel per group. Suffix-free names work on int64, names with F_ on float64.
"""

from typing import Final

# comparisons (0-15): dst = a ? b, strict in null and error
EQ: Final = 0
NE: Final = 1
LT: Final = 2
LE: Final = 3
F_EQ: Final = 4
F_NE: Final = 5
F_LT: Final = 6
F_LE: Final = 7

# logic (16-31): three-valued; extra of IN is the offset of the table. IN_LIST: a is asked for at the moment b (ms),
# extra is the offset of the list's two words: address of the membership table, code of the list
AND: Final = 16
OR: Final = 17
NOT: Final = 18
IS_NULL: Final = 19
SELECT: Final = 20
COALESCE: Final = 21
IN: Final = 22
IN_LIST: Final = 23

# whole numbers (32-47): overflow is an error, division by zero is null; extra of the *_10 is the power of ten
ADD: Final = 32
SUB: Final = 33
MUL: Final = 34
NEG: Final = 35
ABS: Final = 36
MIN: Final = 37
MAX: Final = 38
FLOOR_DIV: Final = 39
MOD: Final = 40
FLOOR_10: Final = 41
CEIL_10: Final = 42
ROUND_10: Final = 43

# floating point (48-63): a result that is not finite is an error, division by zero is null
F_ADD: Final = 48
F_SUB: Final = 49
F_MUL: Final = 50
F_DIV: Final = 51
F_NEG: Final = 52
F_ABS: Final = 53
F_MIN: Final = 54
F_MAX: Final = 55
F_FLOOR: Final = 56
F_ROUND: Final = 57
TO_FLOAT: Final = 58
DIVIDE: Final = 59
INT_FLOOR: Final = 60
INT_CEIL: Final = 61
INT_ROUND: Final = 62

# functions (64-79): extra of the calendar is the offset of the zone in seconds
SQRT: Final = 64
EXP: Final = 65
LOG: Final = 66
LOG10: Final = 67
POW: Final = 68
DISTANCE: Final = 69
HOUR: Final = 70
WEEKDAY: Final = 71
DAY_OF_MONTH: Final = 72

NAMES: dict[int, str] = {value: name for name, value in list(globals().items()) if isinstance(value, int)}
"""For printing a program."""
