"""What a sandbox Jira says over HTTP: routes, permissions and JSON of Cloud and Data Center."""
