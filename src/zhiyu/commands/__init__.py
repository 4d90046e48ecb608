"""What a person types: one file per command.

In: arguments. Out: text, tables, one JSON object with `--json`; exit code 1 for what the user can put right, 2 for wrong usage.
Knows: everything below; nothing knows it.
"""
