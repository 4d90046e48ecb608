"""A limit on everything, in one table. Each is far above honest use and below what would hurt the machine."""

MAX_VALUE = 1 << 43
"""Largest |value| of a number field in its scaled integer: 8.8e12 (88 bn yuan in fen). Squares then sum in 128 bits."""
MAX_ENTRIES_PER_KEY = (1 << 20) - 1
"""Events kept for one key; past it the oldest leave, and the run's report says how many (`lost_entries`)."""
MAX_STRING_BYTES = 4096
MAX_LIST_ITEMS = 256
MAX_FIELDS = 512
MAX_EVENT_BYTES = 256 * 1024
MAX_JSON_DEPTH = 500
"""Levels of nesting in one event; below what any version of the interpreter can follow, so that all refuse the same."""
MAX_POLICY_FILE_BYTES = 1 << 20
MAX_POLICY_FILES = 200
MAX_EXPRESSION_CHARS = 4000
MAX_EXPRESSION_DEPTH = 64
MAX_FEATURES = 20_000
MAX_RULES = 5_000
MAX_SET_VALUES = 5_000_000
MAX_BATCH = 1 << 20
MAX_LIST_ENTRIES = 5_000_000
"""Entries of all lists of a policy together, in force or waiting."""
MAX_SNOOZES = 10_000
MAX_TABLE_ROWS = 10_000
"""Rows of one decision table, those of its CSV file included."""
MAX_TABLE_FILE_BYTES = 4 << 20
MAX_TABLE_INPUTS = 32
MAX_BINS = 200
"""Bins of one characteristic of a scorecard."""
MAX_CHARACTERISTICS = 200
MAX_FLOW_NODES = 1_000
"""Nodes of one flow with all flows it uses written out."""
MAX_FLOW_DEPTH = 8
"""Flows inside flows."""
MAX_SECTION = 1_000
"""Lists, scorecards, tables, flows, actions or limits of one policy, each."""
MAX_SERVICES = 32
"""Services outside that one policy may ask."""
MAX_FLOW_SERVICES = 12
"""Services that one flow may ask: what it may cost is the dearest of all ways through it."""
MAX_ACTS = 100_000
"""What one limit on acting counts up to; a limit for each rule has as many for every rule."""
MAX_ALL_ACTS = 1_000_000
"""The same over all limits of a policy together: their state is about 80 bytes each at most."""
MAX_ACTIONABLE = 16
"""Inputs of one policy that a customer can act on."""
MAX_REASON_CHARS = 1_000
MAX_MODELS = 64
"""Models of one policy."""
MAX_MODEL_BYTES = 32 << 20
MAX_MODEL_INPUTS = 2_000
MAX_TREES = 5_000
MAX_TREE_LEAVES = 4_096
MAX_MODEL_NODES = 1_000_000
"""Splits of all trees of a model."""
MAX_CATEGORIES = 65_536
"""Known values of one text input of a model, and the largest number of a category in a split."""
MAX_WAITS = 1 << 18
"""Decisions that wait at a time, per tenant (about 1 KB each); past it a decision stands as it is, and the caller is told."""
MAX_ENDED_WAITS = 1 << 18
"""Ended waits that are remembered, so that a late answer gets to know it is late."""
