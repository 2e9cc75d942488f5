"""Concludes and drives: one run from the trackers and back to them."""
