"""Every test of records runs on both databases."""

from tests.records.databases import both, postgres

__all__ = ["both", "postgres"]
