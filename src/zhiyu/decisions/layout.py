"""Numbers shared by the decision kernel and its callers: what a row asks for, how results are laid out."""

FACT, DECIDE, SKIP = 0, 1, 2
"""What a row asks for: it only feeds features; it is decided; it is noise and counts nowhere."""
HIT_BITS = 64
