"""An Issue as one JSON document without what it has by default, and back."""

from fractions import Fraction
from hashlib import blake2b
from math import isfinite
from operator import attrgetter
from typing import Any, Final

from connectors.models import Blocker, ChecklistItem, FieldValue, Issue, IssueRef, StatusCategory
from core.store.codec.scalars import dump_bytes, from_utc, in_utc, load, ratio

# Attributes that JSON takes as they are, with their defaults.
_DEFAULTS: Final[dict[str, object]] = {
    "status_id": "",
    "status_option": "",
    "status_option_id": "",
    "resolution": None,
    "resolution_id": "",
    "type": "",
    "pull_request": False,
    "level": None,
    "priority": None,
    "labels": (),
    "components": (),
    "versions": (),
    "sprints": (),
    "assignees": (),
    "team": None,
    "parent_id": None,
    "parent_key": None,
    "mirrors": (),
    "archived": False,
    "security": None,
    "unnamed_blockers": 0,
}
_NAMES: Final = tuple(_DEFAULTS)
_MISSING: Final = tuple(_DEFAULTS.values())
_plain_values = attrgetter(*_NAMES)
_TUPLES: Final = tuple(name for name, default in _DEFAULTS.items() if default == ())
_CATEGORIES: Final = {category.value: category for category in StatusCategory}
_LARGEST: Final = 2**63 - 1


def encode_issue(issue: Issue) -> str:
    """The document of an issue; its tracker, id and key stand beside it. ValueError for a naive time."""
    return _encoded(issue).decode()


def encode_and_hash(key: str, issue: Issue) -> tuple[str, bytes]:
    """The document of an issue, and its `content_hash`. ValueError for a naive time."""
    document = _encoded(issue)
    return document.decode(), _digest(key, document)


def decode_issue(ref: IssueRef, stored: str) -> Issue:
    """The issue that `encode_issue` wrote."""
    document: dict[str, Any] = load(stored)
    document["category"] = _CATEGORIES[document["category"]]
    document["created"] = from_utc(document["created"])
    document["updated"] = from_utc(document["updated"])
    for name in _TUPLES:
        if name in document:
            document[name] = tuple(document[name])
    if "resolved" in document:
        document["resolved"] = from_utc(document["resolved"])
    if "points" in document:
        document["points"] = Fraction(document["points"])
    if "fields" in document:
        document["fields"] = tuple((name, _unfield(value)) for name, value in document["fields"])
    if "blocked_by" in document:
        document["blocked_by"] = tuple(
            _blocker(ref.tracker, *reported) for reported in document["blocked_by"]
        )
    if "checklist" in document:
        document["checklist"] = tuple(ChecklistItem(text, done) for text, done in document["checklist"])
    return Issue(ref=ref, **document)


def content_hash(key: str, document: str) -> bytes:
    """128 bits that differ whenever the key or the document differs in anything but the time of change.

    Trackers move that time for every comment and label, milepost's own among them: an issue of which only
    the time is new has not moved, and keeps the time at which it last did.
    """
    return _digest(key, document.encode())


def _encoded(issue: Issue) -> bytes:
    document: dict[str, Any] = {
        # The first, so that the hash can leave it out.
        "updated": in_utc(issue.updated),
        "url": issue.url,
        "title": issue.title,
        "container": issue.container,
        "status": issue.status,
        "category": issue.category,
        "created": in_utc(issue.created),
    }
    for name, value, default in zip(_NAMES, _plain_values(issue), _MISSING, strict=True):
        if value != default:
            document[name] = value
    if issue.resolved is not None:
        document["resolved"] = in_utc(issue.resolved)
    if issue.points is not None:
        document["points"] = ratio(issue.points)
    if issue.fields:
        document["fields"] = [(name, _field(value)) for name, value in issue.fields]
    if issue.blocked_by or issue.unnamed_blockers:  # this key alone is looked for, see `schema.linked`
        document["blocked_by"] = [
            (entry.ref.id, entry.ref.key, entry.url, entry.title, entry.category)
            for entry in issue.blocked_by
        ]
    if issue.checklist:
        document["checklist"] = [(item.text, item.done) for item in issue.checklist]
    return dump_bytes(document)


def _digest(key: str, document: bytes) -> bytes:
    reported = document[document.index(b",") :]
    return blake2b(b"%b\0%b" % (key.encode(), reported), digest_size=16).digest()


def _blocker(tracker: str, id_: str, key: str, url: str, title: str, category: str) -> Blocker:
    return Blocker(IssueRef(tracker, id_, key), url, title, _CATEGORIES[category])


def _field(value: FieldValue) -> object:
    """JSON has no infinity and orjson no long integers: both go as text, marked by what they are."""
    if isinstance(value, float) and not isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, int) and abs(value) > _LARGEST:
        return {"int": hex(value)}
    return value


def _unfield(stored: Any) -> FieldValue:
    if isinstance(stored, list):
        return tuple(stored)
    if isinstance(stored, dict):
        return float(stored["float"]) if "float" in stored else int(stored["int"], 16)
    value: FieldValue = stored
    return value
