"""GitHub's GraphQL API as a sandbox GitHub speaks it, run by graphql-core."""
