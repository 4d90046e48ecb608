"""Faults on purpose: disks that fail, processes that are killed."""
