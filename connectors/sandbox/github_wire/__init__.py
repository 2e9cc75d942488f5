"""GitHub's REST API as a sandbox GitHub speaks it."""
