"""What a connector has to give: reader, writer, tracker and settings; the one place to import types from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pydantic import BaseModel

from connectors.audience import Audience, TellsAudiences
from connectors.connector_state import ConnectorState
from connectors.errors import (
    AnswerLost,
    BadConfiguration,
    InvalidResponse,
    Missing,
    QuotaExhausted,
    Refused,
    TooLong,
    TrackerDown,
    TrackerError,
    Unavailable,
)
from connectors.models import (
    MARK_PREFIX,
    STATUS_FIELD,
    Blocker,
    Capability,
    ChecklistItem,
    Container,
    Fate,
    FieldValue,
    Finding,
    Interest,
    Issue,
    IssueOutline,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    StatusCategory,
    Survey,
    SurveyPage,
    Unread,
    Whereabouts,
    with_mark,
)
from connectors.names import JOINERS, fold_name, without_unseen
from connectors.tracker_info import TrackerInfo

__all__ = [
    "JOINERS",
    "MARK_PREFIX",
    "STATUS_FIELD",
    "AnswerLost",
    "Audience",
    "BadConfiguration",
    "Blocker",
    "Capability",
    "ChecklistItem",
    "ConnectorState",
    "Container",
    "Fate",
    "FieldValue",
    "Finding",
    "Interest",
    "InvalidResponse",
    "Issue",
    "IssueOutline",
    "IssueRef",
    "LabelDefinition",
    "Missing",
    "Page",
    "Posted",
    "PostedComment",
    "Pull",
    "QuotaExhausted",
    "Reader",
    "Refused",
    "StatusCategory",
    "Survey",
    "SurveyPage",
    "TellsAudiences",
    "TooLong",
    "Tracker",
    "TrackerDown",
    "TrackerError",
    "TrackerInfo",
    "TrackerSettings",
    "Unavailable",
    "Unread",
    "Whereabouts",
    "Writer",
    "fold_name",
    "with_mark",
    "without_unseen",
]


class Reader(Protocol):
    """The reading half of a tracker. Every method may raise a TrackerError."""

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """Everything in scope that changed since `cursor` (None: everything), and the trees of the roots.

        Overlaps the cursor, so the same issue may come again; never misses one that changed before the
        cursor was taken. A cursor that this connector did not write is treated as None.
        """
        ...

    def present(self) -> frozenset[str]:
        """The ids of all issues in scope now; what is stored but missing here is deleted or out of reach."""
        ...

    def survey(self, interest: Interest) -> Survey:
        """One listing of everything in scope, in the trees of the roots, and named by keys.

        Brings an outline of each issue, or the whole issue where that costs no more; an issue may come
        again. A container that cannot be listed by itself stands in `Survey.containers()` with its `error`,
        and the others go on. Raises TrackerError, here or while its pages are read, only where the tracker
        as a whole does not answer or refuses the login, or a list of containers cannot be had.
        """
        ...

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """What became of each of these issues, asked one by one or in batches; every one has an answer.

        A question that fails by itself is `Fate.UNKNOWN`; raises only where the tracker is down.
        """
        ...

    def fetch(self, keys: Sequence[str]) -> Page:
        """The issues with these keys or, for text of digits only, ids; whichever do not exist are left out.

        A key that moved resolves to the issue under its new key.
        """
        ...

    def matching(self, query: str) -> frozenset[str]:
        """The ids of issues in scope that a JQL or a GitHub search matches, complete or an error."""
        ...

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """What stands on each of these issues, or why that cannot be read; one that is gone is left out.

        Raises only where the tracker is down: no connection, a refused login, or several different places
        in a row that do not answer.
        """
        ...

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """One comment by its id, whether or not it bears a mark; None if it is gone."""
        ...

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """The labels that a repository defines; empty where the tracker has no definitions."""
        ...


class Writer(Protocol):
    """The writing half; `plan` never gets one. No method repeats a create whose answer was lost."""

    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """Write a comment once. Raises AnswerLost if it may or may not have been written.

        Raises TooLong, here and for an edit, for a text that is longer than this server takes.
        """
        ...

    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """Replace a comment's text. Raises Missing if the comment is gone."""
        ...

    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """Remove a comment; one that is gone already is no error."""
        ...

    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """Add and remove single labels, never replacing the set; all labels as they stand afterwards.

        Raises Refused if the tracker took the request but did not do it (GitHub without push access).
        """
        ...

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """Create a label definition, or give an existing one this colour and description."""
        ...

    def remove_label_definition(self, container: str, name: str) -> None:
        """Remove a label definition; one that is gone already is no error."""
        ...


class Tracker(Protocol):
    """One configured tracker, opened. Opening sends no request."""

    @property
    def info(self) -> TrackerInfo:
        """What the settings alone tell of it."""
        ...

    @property
    def reader(self) -> Reader:
        """The reading half."""
        ...

    @property
    def writer(self) -> Writer:
        """The writing half, given to `apply` alone."""
        ...

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """Reach the tracker and check whether the account may do what `needs` lists; writes nothing."""
        ...

    def close(self) -> None:
        """Drop connections, and remember what the next run needs."""
        ...


class TrackerSettings(BaseModel):
    """What every kind of tracker is configured with; each connector's settings derive from this."""

    kind: str
    audience: Audience | None = None
    """Who may read this tracker, whatever it tells itself; None: what it tells, place by place."""
    audiences: dict[str, Audience] = {}
    """The same for single projects or repositories, by key or `owner/name`."""

    def info(self, name: str) -> TrackerInfo:
        """What the settings alone tell of this tracker."""
        raise NotImplementedError

    def with_audiences(self, info: TrackerInfo) -> TrackerInfo:
        """The same, with what these settings say of who may read it."""
        named = {name.strip().casefold(): audience for name, audience in self.audiences.items()}
        return replace(info, audience=self.audience, audiences=named)

    def sites(self) -> frozenset[str]:
        """The addresses of its server, by `connectors.http.urls.site_of`; empty: not to be compared."""
        return frozenset()

    def shared_scope(self, other: "TrackerSettings") -> str | None:
        """What two trackers of one kind and site both read, for a person; None if that is nothing."""
        del other
        return "the same issues"

    def secrets(self) -> Iterator[str]:
        """The credentials themselves, as they go out: none of them is ever stored or shown."""
        return iter(())

    def secrets_missing(self, name: str) -> tuple[str, ...]:
        """The environment variables (`MILEPOST_TRACKERS__<NAME>__TOKEN`) that must be set and are not."""
        del name
        return ()
