"""The comments of one issue, complete although others remove theirs while they are read."""

from collections.abc import Iterator
from typing import Any

from connectors.bounds import moment
from connectors.errors import InvalidResponse
from connectors.github.account import Account
from connectors.github.client import GitHubClient
from connectors.github.pagination import PER_PAGE
from connectors.http.response import HttpResponse
from connectors.models import MARK_PREFIX, PostedComment


def read_comments(client: GitHubClient, account: Account, path: str) -> tuple[PostedComment, ...]:
    """The comments of the issue at this path that are by this account, or bear a mark of milepost."""
    result: dict[str, PostedComment] = {}
    for answer in _backwards(client, f"{path}/comments"):
        for row in answer.json_list():
            comment = read_comment(client, account, row)
            result[comment.id] = comment
    # One of ours stays ours when somebody edits the mark out of it, which here stands in the text alone.
    ours = (item for item in result.values() if item.mine or MARK_PREFIX in item.body)
    return tuple(sorted(ours, key=lambda element: int(element.id)))


def comment_body(row: Any) -> str:
    """The text of a comment; empty where there is none."""
    result = row.get("body") if isinstance(row, dict) else None
    return result if isinstance(result, str) else ""


def _backwards(client: GitHubClient, path: str) -> Iterator[HttpResponse]:
    """Every page, the last one first; where there are several, the first is read again at the end.

    Comments stand in the order in which they came. One that is removed pulls those after it over to the page
    before; read forwards, ours could so slip to a page that was read, and would be written a second time.
    """
    first = client.get(path, {"per_page": PER_PAGE})
    following = client.next_page(first, "last")
    if following is None:
        yield first
        onward = client.next_page(first)
        yield from client.answers(onward) if onward is not None else ()
        return
    number = client.page_number(following)
    while number is not None:
        answer = client.get(following)
        yield answer
        if number == 1:
            return
        following = client.next_page(answer, "prev") or ""
        before, number = number, client.page_number(following)
        # Only where a page has become empty do its neighbours lie further off.
        empty = answer.body.strip() == b"[]"
        if number is not None and not (number == before - 1 or (empty and 0 < number < before)):
            break
    raise InvalidResponse(client.name, first.request, "the pages do not lead back to the first")


def read_comment(client: GitHubClient, account: Account, row: Any) -> PostedComment:
    """One comment; raises InvalidResponse if it has no id."""
    if not isinstance(row, dict) or type(row.get("id")) is not int:
        raise InvalidResponse(client.name, "GET comments", "a comment came without an id")
    return PostedComment(
        id=str(row["id"]),
        body=comment_body(row),
        mine=account.wrote(row),
        url=str(row.get("html_url") or ""),
        updated=moment(row.get("updated_at")),
    )
