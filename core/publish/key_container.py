"""The project or repository in an issue's key."""

from connectors.models import IssueRef


def container_of_key(ref: IssueRef) -> str:
    """Return the project or repository: `BLOG` for `BLOG-12`, `acme/site` for `acme/site#4`."""
    return ref.key.rpartition("#" if "#" in ref.key else "-")[0]
