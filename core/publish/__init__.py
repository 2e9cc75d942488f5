"""What is said to the trackers: summaries, labels, the plan, and its application."""
