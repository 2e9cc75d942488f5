"""Progress, health, change and their explanation; pure functions of values."""
