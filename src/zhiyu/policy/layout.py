"""How a compiled policy is laid out for the kernels of `decisions`: the columns of every table, all int64.

In: nothing. Out: column numbers. A register is a row of the register file; -1 stands for "none" everywhere.
"""

# rules: one line each, in the order of their sets
R_REGISTER, R_TYPES, R_SET, R_SCORE, R_OUTCOME, R_SHADOW = range(6)
RULE_COLUMNS = 6
# rule sets: their rules, thresholds (score, outcome), and the register of their total
S_RULE0, S_RULE1, S_FIRST_HIT, S_MARK0, S_MARK1, S_TOTAL = range(6)
SET_COLUMNS = 6
# scorecards: their columns and bands (below, outcome), and the register of the total
K_COLUMN0, K_COLUMN1, K_BASE, K_BAND0, K_BAND1, K_TOTAL = range(6)
CARD_COLUMNS = 6
# decision tables: their columns, words of a row set, first of their lines (outcome, score), registers of score and row number
T_COLUMN0, T_COLUMN1, T_WORDS, T_LINE0, T_TOTAL, T_ROW = range(6)
TABLE_COLUMNS = 6
# columns of tables and cards: points (ascending) and what each cell holds (points and bin of a card; a row set of a table)
A_REGISTER, A_KIND, A_POINT0, A_POINTS, A_CELL0, A_TOTAL = range(6)
AXIS_COLUMNS = 6
WHOLE, FLOATING, CODES = 0, 1, 2
# steps of the flow, so that every edge leads forward; F_THEN0 + outcome is where that outcome of the step leads
F_OP, F_A, F_B, F_TYPES, F_NEXT, F_BIT, F_PLAIN, F_KEY, F_SALT, F_LATE, F_THEN0 = range(11)
STEP_COLUMNS = 20
RULES, CARD, TABLE, BRANCH, SPLIT, RETURN, END = range(7)
"""Kinds of steps. F_A: number of the set, card or table; first case or arm (F_B: one past the last); outcome of RETURN and END (-1: the
severest so far)."""
# cases of branches (register of the condition, target), arms of experiments (millionths up to which, target, trace bit)
CASE_COLUMNS, ARM_COLUMNS = 2, 3
MILLION = 1_000_000
# the model matrix: registers of the score and of who spoke, of the key (-1: none), the salt, register of the champion's score, its arms;
# arms: millionths up to which, register of the score
M_OUTPUT, M_SPOKE, M_KEY, M_SALT, M_CHAMPION, M_ARM0, M_ARM1 = range(7)
MATRIX_COLUMNS, MATRIX_ARM_COLUMNS = 7, 2
# brakes: one line of settings, and one line per limit (one per rule where a limit is for each rule); L_KEY: register of what is counted,
# -1 for decisions; L_STATE0: where the words of its state begin; L_LIMIT: number of the limit in the policy
B_ENFORCE, B_SHARE, B_OUTCOMES, B_CAP, B_SALT, B_LIMITS = range(6)
BRAKE_WORDS = 6
L_COUNT, L_PER, L_RULE, L_OUTCOMES, L_THEN, L_KEY, L_STATE0, L_LIMIT = range(8)
LIMIT_COLUMNS = 8
