"""The steps of a run, in its order."""
