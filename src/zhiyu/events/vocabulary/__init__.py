"""vocabulary: the words of a consumer loan's whole life, each declared once.

In: nothing; these are declarations. Out: `FIELDS` (every field with its type, key, personal mark, range and meaning), `TYPES` (every event
type with the fields it may carry and the money at risk), `loan_events` (the event types a policy uses, one line in YAML or Python), and a
JSON Schema per type.
Knows: `events.declare` only. A policy that uses the vocabulary holds plain event types afterwards, so an old policy keeps its meaning
when the vocabulary grows.
"""

from zhiyu.events.vocabulary.fields import FIELDS
from zhiyu.events.vocabulary.json_schema import json_schema
from zhiyu.events.vocabulary.terms import Term, Word
from zhiyu.events.vocabulary.types import TYPES
from zhiyu.events.vocabulary.use import Added, Use, event_type, loan_events

__all__ = ["FIELDS", "TYPES", "Added", "Term", "Use", "Word", "event_type", "json_schema", "loan_events"]
