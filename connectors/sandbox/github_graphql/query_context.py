"""What a resolver is given beside its object: the site, who asks, and the points that are left."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.sandbox.github_graphql.cost import Count
from connectors.sandbox.github_truth.model import ROLES, Credential, Repo
from connectors.sandbox.github_truth.truth import Truth


@dataclass(frozen=True, slots=True)
class QueryContext:
    """One query: against which site, for whom, what it counts and what is left of the points."""

    site: Truth
    credential: Credential
    count: Count
    budget: Mapping[str, int]

    def sees(self, repo: Repo) -> bool:
        """Whether the bearer may read a repository."""
        allowed = ROLES.index(self.site.role(repo, self.credential)) >= ROLES.index("pull")
        return allowed and not repo.blocked

    def reads(self, repo: Repo) -> bool:
        """Whether the bearer may read a repository's issues."""
        return self.sees(repo) and repo.has_issues
