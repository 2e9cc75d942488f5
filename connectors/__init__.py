"""What reads from trackers and writes to them; imports neither mappings nor core."""
