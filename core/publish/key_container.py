"""What an issue's key says of where the issue is."""

from connectors.models import IssueRef


def container_of_key(ref: IssueRef) -> str:
    """`BLOG` of `BLOG-12`, `acme/site` of `acme/site#4`."""
    return ref.key.rpartition("#" if "#" in ref.key else "-")[0]
