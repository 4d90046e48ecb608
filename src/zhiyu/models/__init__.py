"""models: what a trained model says of an event.

In: model packages (plain JSON, hashed, never code), values of features. Out: a score in [0, 1] per row, to the bit the same one by one
and in blocks; what each feature contributed; drift against the training data. Knows: base to features.
"""
