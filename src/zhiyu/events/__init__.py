"""events: what happened.

In: declared event types, raw records or columns. Out: cleaned, typed, tokenised batches; a refusal for every record that cannot be taken.
Knows: base, expressions.
"""
