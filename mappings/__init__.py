"""What a user means: goals, key results, milestones and the rules that tag issues to them."""
