"""JQL as the sandbox Jira understands it: parsed by a grammar, and refused wherever it is not understood."""
