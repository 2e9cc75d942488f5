"""Comments as Jira tells them, and which of them are milepost's."""

from connectors.contract import MARK_PREFIX, Garbled, IssueRef, PostedComment, Unavailable
from connectors.jira.plain import step
from connectors.jira.session import Account, JiraSession, Json, mapping, rows

PROPERTY = "milepost"
"""The comment property that holds the mark, beside the one that the text shows."""

_PAGE = 100
_RESTARTS = 5


def read_comments(
    session: JiraSession, account: Account, site: str, ref: IssueRef
) -> tuple[PostedComment, ...]:
    """Every comment of one issue that bears milepost's mark, in its text or as a property."""
    found: dict[str, PostedComment] = {}
    for row in _all(session, ref):
        comment = read_comment(row, account, site, ref)
        if comment is None:
            raise Garbled(session.name, f"GET comments of {ref.key}", "a comment came without id or text")
        if comment.mark is not None or MARK_PREFIX in comment.body:
            found[comment.id] = comment
    return tuple(found.values())


def read_comment(row: Json, account: Account, site: str, ref: IssueRef) -> PostedComment | None:
    """One comment; None if it has no id or no text."""
    identity, body = row.get("id"), row.get("body")
    if not isinstance(identity, str) or not identity or not isinstance(body, str):
        return None
    return PostedComment(
        id=identity,
        body=body,
        mine=account.is_author(row.get("author")),
        mark=_mark(row.get("properties")),
        url=f"{site}/browse/{ref.key}?focusedCommentId={identity}",
        visibility=_visibility(row.get("visibility")),
    )


def _all(session: JiraSession, ref: IssueRef) -> list[Json]:
    """Every comment; read anew where others removed theirs meanwhile."""
    for _ in range(_RESTARTS):
        found = _once(session, ref)
        if found is not None:
            return found
    said = f"the comments changed while they were read, {_RESTARTS} times over"
    raise Unavailable(session.name, session.request("GET", f"issue/{step(ref.id)}/comment"), said)


def _once(session: JiraSession, ref: IssueRef) -> list[Json] | None:
    """Page by page, each from the last row of the one before; None if that row is not there any more.

    Then rows have left the places before it, and one of ours may have slipped to a page that was read.
    Servers without paging send all at once; the ids tell.
    """
    found: dict[object, Json] = {}
    while True:
        last = next(reversed(found), None)
        part = {"startAt": max(0, len(found) - 1), "maxResults": _PAGE}
        params = {**part, "orderBy": "created", "expand": "properties"}
        answer = session.get(f"issue/{step(ref.id)}/comment", params)
        body = mapping(answer, answer.json())
        came = {row.get("id"): row for row in rows(answer, body, "comments")}
        total = body.get("total")
        if not isinstance(total, int):
            raise Garbled(session.name, answer.request, "the total of the comments is missing")
        if not came and len(found) < total:  # taken for all, it would have our comment written a second time
            said = f"the comments end after {len(found)}, though there are said to be {total}"
            raise Garbled(session.name, answer.request, said, "The next run looks again")
        if found and last not in came:
            return None
        new = came.keys() - found.keys()
        found.update((id_, row) for id_, row in came.items() if id_ in new)
        if len(found) >= total or not new:
            return list(found.values())


def _mark(properties: object) -> str | None:
    for one in properties if isinstance(properties, list) else ():
        if isinstance(one, dict) and one.get("key") == PROPERTY and isinstance(one.get("value"), dict):
            mark = one["value"].get("mark")
            if isinstance(mark, str) and mark.startswith(MARK_PREFIX):
                return mark
    return None


def _visibility(value: object) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return None
    kind, name = value.get("type"), value.get("value")
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None
