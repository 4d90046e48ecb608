"""decisions: running a policy over a batch.

In: decoded columns and a compiled policy. Out: outcome, reasons, rule bits, values seen, digest, explanation in words.
Knows: base to policy; no clock, chance, environment, network or disk.
"""
