"""Every step that the tables took, and how a stored version is brought up to date."""
