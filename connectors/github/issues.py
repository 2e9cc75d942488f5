"""One row of GitHub's JSON -> one Issue, or why it cannot be read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors import bounds
from connectors.github.issue_keys import Place, Spelling, place_of_api, place_of_page, repository_of_api
from connectors.github.project_items import Chosen
from connectors.models import FieldValue, Issue, IssueRef, StatusCategory, Unread
from connectors.names import fold_name
from connectors.task_lists import parse_checklist

_REASONS: Mapping[str | None, StatusCategory] = {
    None: StatusCategory.DONE,  # closed before GitHub had reasons, or a pull request
    "completed": StatusCategory.DONE,
    "not_planned": StatusCategory.CANCELLED,
    "duplicate": StatusCategory.CANCELLED,
}
_MIRROR = re.compile(
    r"^(?:mirrors:|mirror of:?|jira:|upstream url:|synced from(?: url)?:?)[ \t]*"
    r"<?(https?://[^\s<>]{1,2000})>?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)


class Unreadable(Exception):
    """A row is not what GitHub documents; the text says which field, what was there, what was expected."""


@dataclass(frozen=True, slots=True)
class IssueParser:
    """How rows are read for one tracker and one Interest."""

    tracker: str
    spelling: Spelling
    in_progress_labels: frozenset[str] = frozenset()
    """By `fold_name`."""
    checklists: bool = False
    fields: tuple[str, ...] = ()
    """The fields of issues that the mapping asks for, by name or id."""
    status_field: str = ""
    """The field whose option tells the status more finely; empty: none."""
    in_progress_statuses: frozenset[str] = frozenset()
    """Its options that mean in progress, by `fold_name`, or by id."""
    projects: Callable[[str, str, str], Chosen | None] = lambda _name, _id, _key: None
    """(name of a field, id and key of an issue) -> the value; None if it is no project's field."""

    def issue(self, row: object, parent: tuple[str, str] | None = None) -> Issue | Unread:
        """One issue of the REST API; `parent` (id, key) is what the tree tells, where the row has none."""
        if not isinstance(row, dict):
            return Unread(None, None, f"expected an issue, got {type(row).__name__}")
        try:
            return self._read(row, parent)
        except Unreadable as problem:
            result = row.get("id")
            place = place_in(row)
            key = self.spelling.place(place).key if place else None
            return Unread(str(result) if type(result) is int and result > 0 else None, key, str(problem))

    def _read(self, row: Mapping[str, Any], parent: tuple[str, str] | None) -> Issue:
        place = place_in(row)
        if place is None:
            raise Unreadable("neither url nor html_url names an issue")
        place = self.spelling.place(place)
        ref = IssueRef(self.tracker, str(_number(row, "id")), place.key)
        labels = label_names(row)
        option = self._option(row, ref)
        state = _text(row, "state")
        closed_at = None if row.get("closed_at") is None else _moment(row, "closed_at")
        parent_id, parent_key = self._parent(row, parent)
        body = _text(row, "body", "")
        milestone = _name(row, "milestone", "title")
        return Issue(
            ref=ref,
            url=_text(row, "html_url"),
            title=bounds.title(_text(row, "title")),
            container=place.repository,
            status=state,
            category=self._category(row, labels, option),
            status_option=option.value if isinstance(option.value, str) else "",
            status_option_id=option.id,
            resolution=_resolution(state, row),
            type=_name(row, "type", "name") or "",
            pull_request=row.get("pull_request") is not None,
            labels=labels,
            versions=(milestone,) if milestone else (),
            assignees=_names(row, "assignees", "login"),
            fields=tuple(self._fields(row, ref)),
            parent_id=parent_id,
            parent_key=parent_key,
            created=_moment(row, "created_at"),
            updated=_moment(row, "updated_at"),
            resolved=closed_at if state == "closed" else None,
            checklist=parse_checklist(body) if self.checklists else (),
            mirrors=mirrors(body),
            unnamed_blockers=open_blockers(row),
        )

    def _fields(self, row: Mapping[str, Any], ref: IssueRef) -> Iterator[tuple[str, FieldValue]]:
        """The fields that are asked for: those of projects, and all others as the organisation's own."""
        for name in self.fields:
            of_project = self.projects(name, ref.id, ref.key)
            if of_project is not None:
                yield name, of_project.value
            else:
                yield from field_values(row, (name,))

    def _option(self, row: Mapping[str, Any], ref: IssueRef) -> Chosen:
        """What is chosen in the field that tells the status."""
        if not self.status_field:
            return Chosen()
        of_project = self.projects(self.status_field, ref.id, ref.key)
        return of_project if of_project is not None else _chosen(row, self.status_field)

    def _category(self, row: Mapping[str, Any], labels: tuple[str, ...], option: Chosen) -> StatusCategory:
        state, reason = row.get("state"), row.get("state_reason")
        if state == "open":
            moving = bool(self.in_progress_labels) and any(
                fold_name(label) in self.in_progress_labels for label in labels
            )
            if self.in_progress_statuses and isinstance(option.value, str):
                named = {fold_name(option.value), option.id}
                moving = moving or not named.isdisjoint(self.in_progress_statuses)
            return StatusCategory.IN_PROGRESS if moving else StatusCategory.TODO
        if state != "closed" or not isinstance(reason, str | None):
            return StatusCategory.UNKNOWN
        # A pull request that was closed and not merged delivered nothing.
        request = row.get("pull_request")
        if isinstance(request, dict) and "merged_at" in request and request["merged_at"] is None:
            return StatusCategory.CANCELLED
        return _REASONS.get(reason, StatusCategory.UNKNOWN)

    def _parent(
        self, row: Mapping[str, Any], parent: tuple[str, str] | None
    ) -> tuple[str | None, str | None]:
        address = row.get("parent_issue_url")
        place = place_of_api(address) if isinstance(address, str) else None
        if place is None:
            return parent if parent else (None, None)
        key = self.spelling.place(place).key
        return (parent[0] if parent and parent[1] == key else None, key)


def open_blockers(row: Mapping[str, Any]) -> int:
    """How many open issues block an open one, by GitHub's count; 0 where it gives none."""
    summary = row.get("issue_dependencies_summary")
    if row.get("state") != "open" or not isinstance(summary, dict):
        return 0
    return bounds.whole(summary.get("blocked_by"), 0, bounds.LARGEST_ID) or 0


def field_values(row: Mapping[str, Any], requested: Sequence[str]) -> Iterator[tuple[str, FieldValue]]:
    """The values of an organisation's fields for issues, by the requested name or id; None where unset.

    Servers without such fields send none. Raises Unreadable for a value that is not what GitHub documents.
    """
    if not requested:
        return
    held = row.get("issue_field_values", [])
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise Unreadable("issue_field_values: expected a list of values")
    for name in requested:
        result = [one for one in held if _is_field(one, name)]
        yield name, _field_value(result[0]) if result else None


def _chosen(row: Mapping[str, Any], name: str) -> Chosen:
    """What is chosen in one of the organisation's fields, with the id of the option where it has one."""
    for _, value in field_values(row, (name,)):
        held: list[Mapping[str, Any]] = [
            one for one in row.get("issue_field_values", ()) if _is_field(one, name)
        ]
        option = held[0].get("single_select_option") if held else None
        return Chosen(value, str(option.get("id") or "") if isinstance(option, dict) else "")
    return Chosen()


def _is_field(value: Mapping[str, Any], name: str) -> bool:
    called = value.get("issue_field_name")
    by_name = isinstance(called, str) and fold_name(called) == fold_name(name)
    return by_name or str(value.get("issue_field_id")) == name


def _field_value(value: Mapping[str, Any]) -> FieldValue:
    kind, plain = value.get("data_type"), value.get("value")
    if kind == "multi_select":
        options = value.get("multi_select_options")
        if not isinstance(options, list):
            raise Unreadable("issue_field_values: expected the options of a multi_select")
        return tuple(_option(one) for one in options)
    if kind == "single_select" and plain is not None:
        return _option(value.get("single_select_option"))
    if isinstance(plain, bool) or not isinstance(plain, str | int | float | None):
        raise Unreadable(f"issue_field_values: expected a text or a number, got {type(plain).__name__}")
    return plain


def _option(option: object) -> str:
    name = option.get("name") if isinstance(option, dict) else None
    if not isinstance(name, str):
        raise Unreadable("issue_field_values: expected an option with a name")
    return name


def mirrors(body: str) -> tuple[str, ...]:
    """The same work elsewhere: a URL alone on its line after certain words at the line's start.

    The words are `Mirrors:`, `Mirror of`, `Jira:`, `Upstream URL:` and `Synced from`, in any case; a line
    that says more is prose and no statement.
    """
    if "://" not in body:
        return ()
    result = (match[1] for match in _MIRROR.finditer(body.replace("\r\n", "\n")))
    return tuple(dict.fromkeys(result))


def container_of(ref: IssueRef) -> str:
    """The repository that an issue is in, by its key."""
    return ref.key.rpartition("#")[0]


def names_issue(row: object) -> bool:
    """Whether a row says of which issue it is, by its id or by an address."""
    return isinstance(row, dict) and (type(row.get("id")) is int or place_in(row) is not None)


def label_names(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of an issue's labels. Raises Unreadable."""
    return _names(row, "labels", "name")


def _resolution(state: str, row: Mapping[str, Any]) -> str | None:
    return _text(row, "state_reason", "") or None if state == "closed" else None


def place_in(row: Mapping[str, Any]) -> Place | None:
    """Where the issue stands: a pull request's own `url` may be that of the issue or of the request."""
    url, page = row.get("url"), row.get("html_url")
    place = place_of_api(url) if isinstance(url, str) else None
    if place is None and isinstance(page, str):
        place = place_of_page(page)
    repository, number = row.get("repository_url"), row.get("number")
    if place is None and isinstance(repository, str) and type(number) is int:
        name = repository_of_api(repository)
        place = Place(name, number) if name and number > 0 else None
    return place


def _text(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = row.get(name)
    if isinstance(value, str):
        return value
    if value is None and default is not None:
        return default
    raise Unreadable(f"{name}: expected text, got {_what(value)}")


def _number(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if type(value) is not int or not 0 < value <= bounds.LARGEST_ID:
        raise Unreadable(f"{name}: expected a positive whole number, got {_what(value)}")
    return value


def _moment(row: Mapping[str, Any], name: str) -> datetime:
    value = row.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{name}: expected a time with a zone, got {_what(value)}")


def _name(row: Mapping[str, Any], name: str, inner: str) -> str | None:
    """The name of a single thing that may be absent: a milestone's title, a type's name."""
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Unreadable(f"{name}: expected an object, got {_what(value)}")
    return _text(value, inner)


def _names(row: Mapping[str, Any], name: str, inner: str) -> tuple[str, ...]:
    """Names of several things; GitHub documents labels as text or objects, everything else as objects."""
    value = row.get(name)
    if not value and (value is None or isinstance(value, list)):
        return ()
    if not isinstance(value, list):
        raise Unreadable(f"{name}: expected a list, got {_what(value)}")
    result: list[Any] = [item.get(inner) if isinstance(item, dict) else item for item in value]
    for entry in result:
        if type(entry) is not str:
            raise Unreadable(f"{name}.{inner}: expected text, got {_what(entry)}")
    return tuple(result)


def _what(value: object) -> str:
    """A value for a message, cut to 60 characters, since it comes from outside."""
    text = repr(value)
    return "nothing" if value is None else text if len(text) <= 60 else f"{text[:59]}…"
