"""What is true in a sandbox Jira: its projects, people, fields, issues and comments, and how they change."""
