"""What a connector need not write itself where its tracker can give all of its issues at once.

For small trackers: every question reads all issues. Jira and GitHub are read in parts, and derive from
nothing here.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, Self, TypeVar

from connectors import bounds
from connectors.errors import BadConfiguration, InvalidResponse, Missing, TrackerError
from connectors.interface import ConnectorState, Reader, TrackerInfo, TrackerSettings, Writer
from connectors.isolation import read_apart
from connectors.models import (
    MARK_PREFIX,
    Capability,
    Container,
    Fate,
    Finding,
    Interest,
    Issue,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    SurveyPage,
    Whereabouts,
)

_VERSION = 1
_PAGE = 100
"""Issues in one page of a pull or a survey."""

S = TypeVar("S", bound=TrackerSettings)


class SimpleTracker(Reader, Writer, Generic[S]):
    """Tracker, reader and writer in one; also the opener of its kind.

    A connector gives the abstract methods. It may replace every other one, and should replace `id_of` where
    issues move, `containers` where the tracker tells who may write, and `matching` where it has queries.
    """

    overlap = timedelta(minutes=2)
    """How far before its cursor a pull begins: as much as the tracker's clock may differ from ours."""

    def __init__(
        self,
        name: str,
        settings: S,
        *,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
    ) -> None:
        """Open a tracker without a request; `clock` tells the time in UTC."""
        self.name = name
        self.settings = settings
        self.memory = memory
        self.clock = clock
        self.notify = notify
        self._info = settings.info(name)

    # What a connector gives

    @abstractmethod
    def read_issues(self, *, checklists: bool) -> Page:
        """Every issue that the account can read, in scope or not, with its checklist only if asked for.

        An issue that cannot be understood is in `Page.unread`. Raises TrackerError where any may be missing:
        what is stored and did not come counts as deleted.
        """

    @abstractmethod
    def read_comments(self, ref: IssueRef) -> Sequence[PostedComment]:
        """All comments of an issue, whoever wrote them. Raises Missing if the issue is gone."""

    @abstractmethod
    def create_comment(self, ref: IssueRef, body: str, mark: str) -> PostedComment:
        """See Writer."""

    @abstractmethod
    def edit_comment(self, ref: IssueRef, comment: PostedComment, body: str, mark: str) -> PostedComment:
        """See Writer."""

    @abstractmethod
    def delete_comment(self, ref: IssueRef, comment: PostedComment) -> None:
        """See Writer."""

    @abstractmethod
    def change_labels(self, ref: IssueRef, add: Iterable[str], remove: Iterable[str]) -> tuple[str, ...]:
        """See Writer."""

    def id_of(self, key: str) -> str | None:
        """The id that a key tells by itself, a former key too; None where only issues tell their keys."""
        del key
        return None

    def containers(self) -> tuple[Container, ...]:
        """What the configuration names, and whether the account may write there."""
        return tuple(Container(name, name) for name in self._info.containers)

    def matching(self, query: str) -> frozenset[str]:
        """See Reader. Raises BadConfiguration unless a connector replaces it: there is no query language."""
        raise BadConfiguration(self.name, query, "this kind of tracker has no queries", "Use other rules")

    # Tracker

    @property
    def info(self) -> TrackerInfo:
        """What the settings alone tell of it."""
        return self._info

    @property
    def reader(self) -> Self:
        """The reading half."""
        return self

    @property
    def writer(self) -> Self:
        """The writing half."""
        return self

    def check(self, needs: frozenset[Capability]) -> tuple[Finding, ...]:
        """See Tracker. Reads all issues, and takes what `containers` tells of writing."""
        try:
            findings = [Finding("read", True, f"{len(self.present())} issues")]
            containers = self.containers() if needs - {Capability.READ} else ()
        except TrackerError as error:
            return (Finding("read", False, error.reason, error.hint),)
        for container in containers:
            reasons = {True: "granted", False: "no permission", None: "shows when something is written"}
            reason = reasons[container.writable]
            findings.append(Finding(f"write in {container.name}", container.writable is not False, reason))
        return tuple(findings)

    def close(self) -> None:
        """Nothing to do, unless a connector holds connections or files open."""

    # Reader

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See Reader. An issue changed if its `updated` is not before the cursor's time."""
        now = self.clock()
        scope = self._digest(interest)
        since = self._since(cursor, scope, now)
        text = json.dumps({"v": _VERSION, "since": now.isoformat(), "scope": scope})
        return Pull(text, self._pages(since, interest), full=since is None)

    def present(self) -> frozenset[str]:
        """See Reader."""
        page = self.read_issues(checklists=False)
        ids = {issue.ref.id for issue in page.issues if self._info.owns(issue.ref.key)}
        return frozenset(ids | {one.id for one in page.unread if one.id and self._info.owns(one.key or "")})

    def survey(self, interest: Interest) -> Survey:
        """See Reader. Brings whole issues."""
        pages = (SurveyPage(page.issues, (), page.unread) for page in self._pages(None, interest))
        return Survey(pages, self.containers, lambda: {one.name: one.id for one in self.containers()})

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """See Reader."""
        page = self.read_issues(checklists=False)
        fates = {one.id: Whereabouts(Fate.UNKNOWN, reason=one.why) for one in page.unread}
        fates |= {issue.ref.id: Whereabouts(Fate.PRESENT, issue) for issue in page.issues}
        gone = Whereabouts(Fate.GONE, reason="there is no such issue")
        return {ref: fates.get(ref.id, gone) for ref in refs}

    def fetch(self, keys: Sequence[str]) -> Page:
        """See Reader."""
        page = self.read_issues(checklists=False)
        ids = self._ids_of(keys, page.issues)
        unread = tuple(one for one in page.unread if one.id in keys or one.key in keys)
        return Page(tuple(issue for issue in page.issues if issue.ref.id in ids), unread)

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """See Reader."""
        try:
            return next((one for one in self.read_comments(ref) if one.id == comment_id), None)
        except Missing:
            return None

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """See Reader."""
        page = self.read_issues(checklists=False)
        issues = {issue.ref.id: issue for issue in page.issues}
        unread = {one.id: one.why for one in page.unread}

        def read(ref: IssueRef) -> Posted | None:
            if ref.id in unread:
                raise InvalidResponse(self.name, f"read {ref}", unread[ref.id])
            if ref.id not in issues:
                return None
            today, labels = issues[ref.id].ref, issues[ref.id].labels
            try:
                comments = self.read_comments(today)
            except Missing:
                return None  # gone since the issues were read
            ours = tuple(one for one in comments if MARK_PREFIX in one.body or one.mark)
            return Posted(today, labels, ours)

        return read_apart(refs, read)

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See Reader. There are none."""
        del container
        return ()

    # Writer

    def define_label(self, container: str, definition: LabelDefinition) -> None:
        """Nothing to do: labels have no definitions."""

    def remove_label_definition(self, container: str, name: str) -> None:
        """Nothing to do: labels have no definitions."""

    # Cursor and pages

    def _digest(self, interest: Interest) -> str:
        """Changes whenever a pull would bring other issues, or other values, than the one before."""
        named = [sorted(interest.roots), sorted(interest.keys), sorted(interest.fields)]
        scope = [*self._info.containers, named, interest.checklists, interest.pull_requests]
        return hashlib.sha256(json.dumps(scope).encode()).hexdigest()

    def _since(self, cursor: str | None, scope: str, now: datetime) -> datetime | None:
        """From when on to read; None for a cursor that is of another connector, scope or interest."""
        try:
            before = json.loads(cursor or "null")
            at = bounds.past(bounds.moment(before["since"]), now) if before["v"] == _VERSION else None
            return at - self.overlap if at is not None and before["scope"] == scope else None
        except (ValueError, KeyError, TypeError):
            return None

    def _pages(self, since: datetime | None, interest: Interest) -> Iterator[Page]:
        """What changed in scope (None: all of it), and all of the trees and named issues out of scope."""
        everything = self.read_issues(checklists=interest.checklists)
        roots = self._ids_of(interest.roots, everything.issues)
        named = self._ids_of(interest.keys, everything.issues) | self._tree(roots, everything.issues)
        issues = [
            issue
            for issue in everything.issues
            if (
                since is None or issue.updated >= since
                if self._info.owns(issue.ref.key)
                else issue.ref.id in named
            )
        ]
        keys = interest.roots | interest.keys
        unread = [
            one for one in everything.unread if one.key is None or one.key in keys or self._info.owns(one.key)
        ]
        if unread:
            yield Page((), tuple(unread))
        for start in range(0, len(issues), _PAGE):
            yield Page(tuple(issues[start : start + _PAGE]))

    def _ids_of(self, keys: Collection[str], issues: Iterable[Issue]) -> set[str]:
        """The ids of the issues that these keys or ids mean."""
        ids = {identity for key in keys if (identity := self.id_of(key)) is not None}
        return {
            issue.ref.id
            for issue in issues
            if issue.ref.id in ids or issue.ref.key in keys or issue.ref.id in keys
        }

    def _tree(self, roots: set[str], issues: Sequence[Issue]) -> set[str]:
        """The ids of the roots and of everything below them, at any depth."""
        ids = {issue.ref.key: issue.ref.id for issue in issues}
        children: dict[str, set[str]] = {}
        for issue in issues:
            parent = issue.parent_id or ids.get(issue.parent_key or "")
            if parent is not None:
                children.setdefault(parent, set()).add(issue.ref.id)
        tree: set[str] = set()
        level = roots
        while level:
            tree |= level
            level = {child for parent in level for child in children.get(parent, ())} - tree
        return tree
