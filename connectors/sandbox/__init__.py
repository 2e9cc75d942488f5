"""A stateful Jira and GitHub on loopback."""
