"""Tools that take longer than a test: campaigns, audits, benchmarks."""
