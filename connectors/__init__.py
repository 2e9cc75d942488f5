"""Speaks to the trackers; imports nothing else of the house."""
