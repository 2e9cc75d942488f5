"""Rules that tag issues to milestones and key results, and the index that they are compiled to."""
