"""What issues contribute to milestones and key results: rows by owner and issue, and their sums."""
