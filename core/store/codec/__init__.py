"""How values become text in the database, and come back as they were."""
