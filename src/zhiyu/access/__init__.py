"""access: who may do what over the wire, and the proof.

In: the file of keys, a presented key, where the server listens. Out: a `Grant` (tenant, scopes), or a refusal that says what is missing.
Knows: base only; never keeps or logs a key, only its hash.
"""
