"""Zhiyu 智御."""
