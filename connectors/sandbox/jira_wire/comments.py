"""Comments: listing, writing, editing, deleting, and their properties."""

from typing import Any

from werkzeug import Response

from connectors.sandbox.jira_truth.model import Comment, JiraIssue
from connectors.sandbox.jira_wire.call import Call, Refusal, answer, check_editable, check_open, invalid
from connectors.sandbox.jira_wire.render import comment, rich
from connectors.sandbox.jira_wire.rewriting import check_characters
from connectors.sandbox.rewriting import stored

COMMENTS = 5_000
"""Comments on an issue."""
PAGE = 5_000
"""The longest page of comments; Jira gives 50 unless asked for more on Cloud, and all on Data Center."""
BULK = 1_000


def listing(call: Call, key: str) -> Response:
    """`GET /issue/{key}/comment`: a page by offset, by time of creation in either direction."""
    record = call.issue(key)
    call = call.late(call.site.quirks.comment_lag, record)
    thread = list(call.site.threads.get(record.id, ()))
    order = call.request.args.get("orderBy", "created")
    if order.lstrip("+-") != "created":
        raise Refusal(400, f"The comments cannot be ordered by '{order}'.")
    if order.startswith("-"):
        thread.reverse()
    start = call.number("startAt", 0)
    size = min(call.number("maxResults", PAGE), PAGE)
    page = [one for one in thread[start : start + size] if one.id not in call.site.hidden_comments]
    shown = [_read(call, one) for one in page]
    return answer({"startAt": start, "maxResults": size, "total": len(thread), "comments": shown})


def bulk(call: Call) -> Response:
    """`POST /comment/list` (Cloud): comments by id; those that are gone or hidden are left out."""
    if not call.cloud:
        raise Refusal(404, "null for uri: /comment/list")
    ids = call.body.get("ids")
    if not isinstance(ids, list) or not ids or len(ids) > BULK:
        raise Refusal(400, f"ids must hold 1 to {BULK} comment ids.")
    requested = {str(id_) for id_ in ids}
    result = [
        one
        for issue_id, thread in call.site.threads.items()
        for one in thread
        if str(one.id) in requested and _sees(call, issue_id, one)
    ]
    page = {
        "self": call.url("comment/list"),
        "startAt": 0,
        "maxResults": BULK,
        "total": len(result),
        "isLast": True,
        "values": [_read(call, one) for one in result],
    }
    return answer(page)


def read(call: Call, key: str, id_: str) -> Response:
    """`GET /issue/{key}/comment/{id}`."""
    return answer(_read(call, call.comment(call.issue(key), id_)))


def create(call: Call, key: str) -> Response:
    """`POST /issue/{key}/comment`."""
    record = write_comment(call, call.issue(key), call.body)
    return answer(comment(call, record, properties=_wants_properties(call)), 201)


def edit(call: Call, key: str, id_: str) -> Response:
    """`PUT /issue/{key}/comment/{id}`: a visibility that is not sent again is lost, as in Jira."""
    issue = call.issue(key)
    check_open(issue)
    record = call.comment(issue, id_)
    _need_own(call, record, "EDIT", "You do not have the permission to edit this comment.")
    check_editable(issue)
    text, visibility = _text(call), _visibility(call.body)
    properties = _kept(call, call.body)
    call.site.edit_comment(record, stored(text, call.site.quirks.rewrite), call.account)
    if not call.site.quirks.readers_stay:
        record.visibility = visibility
    record.properties.update(properties)
    return answer(comment(call, record, properties=_wants_properties(call)))


def delete(call: Call, key: str, id_: str) -> Response:
    """`DELETE /issue/{key}/comment/{id}`."""
    issue = call.issue(key)
    check_open(issue)
    record = call.comment(issue, id_)
    _need_own(call, record, "DELETE", "You do not have permission to delete this comment.")
    call.site.delete_comment(record)
    return answer(None, 204)


def write_comment(call: Call, issue: JiraIssue, body: dict[str, Any]) -> Comment:
    """Write what a request's body holds; refuses what Jira refuses."""
    check_open(issue)
    call.need("ADD_COMMENTS", "You do not have the permission to comment on this issue.")
    text, visibility, properties = _text(call, body), _visibility(body), _kept(call, body)
    if len(call.site.threads.get(issue.id, ())) >= COMMENTS:
        raise Refusal(413, f"The issue has reached the limit of {COMMENTS} comments.")
    text = stored(text, call.site.quirks.rewrite)
    return call.site.comment(issue.key, text, call.account, visibility=visibility, properties=properties)


def _read(call: Call, record: Comment) -> dict[str, Any]:
    """A comment as it is given back later than by its write."""
    body = rich(call, stored(record.body, call.site.quirks.rewrite_later))
    return {**comment(call, record, properties=_wants_properties(call)), "body": body}


def _need_own(call: Call, record: Comment, verb: str, complaint: str) -> None:
    own = record.author == call.account.id and f"{verb}_OWN_COMMENTS" in call.account.permissions
    if not own:
        call.need(f"{verb}_ALL_COMMENTS", complaint)


def _text(call: Call, body: dict[str, Any] | None = None) -> str:
    text = (call.body if body is None else body).get("body")
    if isinstance(text, dict):
        raise Refusal(400, "The sandbox takes wiki markup only: write comments through /rest/api/2.")
    if not isinstance(text, str) or not text.strip():
        raise invalid("comment", "Comment body can not be empty!")
    limit = call.site.quirks.comment_limit
    if len(text) > limit:
        raise invalid(
            "comment", f"The entered text is too long. It exceeds the allowed limit of {limit:,} characters."
        )
    check_characters(text, bmp_only=call.site.quirks.bmp_only)
    return text


def _visibility(body: dict[str, Any]) -> dict[str, str] | None:
    given = body.get("visibility")
    if not given:
        return None
    if given.get("type") not in ("role", "group") or not (given.get("value") or given.get("identifier")):
        raise invalid("commentLevel", "A visibility has a type, role or group, and a value.")
    return {name: str(given[name]) for name in ("type", "value", "identifier") if given.get(name)}


def _kept(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """What this site keeps of the properties that a request's body holds."""
    properties = _properties(body)
    return {} if call.site.quirks.forgets_properties else properties


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("properties") or []
    if not all(isinstance(one, dict) and isinstance(one.get("key"), str) and "value" in one for one in given):
        raise Refusal(400, "A property has a key and a value.")
    return {one["key"]: one["value"] for one in given}


def _wants_properties(call: Call) -> bool:
    return "properties" in call.many("expand")


def read_property(call: Call, id_: str, name: str) -> Response:
    """`GET /comment/{id}/properties/{name}`."""
    record = _anywhere(call, id_)
    if name not in record.properties:
        raise Refusal(404, f"The property with key '{name}' does not exist.")
    return answer({"key": name, "value": record.properties[name]})


def write_property(call: Call, id_: str, name: str) -> Response:
    """`PUT /comment/{id}/properties/{name}`: 201 for a new one, 200 for another value."""
    record = _anywhere(call, id_)
    _need_own(call, record, "EDIT", "You do not have the permission to edit this comment.")
    existing = name in record.properties
    record.properties[name] = call.json()
    call.site.changes += 1
    return answer({}, 200 if existing else 201)


def _sees(call: Call, issue_id: int, record: Comment) -> bool:
    return call.visible(call.site.issues[issue_id]) and record.id not in call.site.hidden_comments


def _anywhere(call: Call, id_: str) -> Comment:
    for issue_id, thread in call.site.threads.items():
        for record in thread:
            if str(record.id) == id_ and _sees(call, issue_id, record):
                return record
    raise Refusal(404, f"Can not find a comment for the id: {id_}.")
