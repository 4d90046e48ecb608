"""Deliberately naive meanings, one per kernel."""
