"""Reports for people (text for the terminal) and for programs (JSON)."""
