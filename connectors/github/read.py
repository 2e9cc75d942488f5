"""The reading half of a GitHub tracker."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import (
    Fate,
    Garbled,
    Interest,
    Issue,
    IssueRef,
    LabelDefinition,
    Memory,
    Missing,
    Page,
    Posted,
    PostedComment,
    Pull,
    Refused,
    Survey,
    SurveyPage,
    TrackerError,
    Unread,
    Whereabouts,
)
from connectors.github.api import Api
from connectors.github.comments import read_comment, read_comments
from connectors.github.cursor import Cursor, scope_digest, standing_at
from connectors.github.identity import Identity
from connectors.github.keys import Place, Spelling, is_repository, place_of
from connectors.github.listing import PER_PAGE, Listing
from connectors.github.organisation import Organisation
from connectors.github.parse import Parser, Unreadable, label_names, place_in
from connectors.github.pull import OVERLAP, PullRun
from connectors.github.search import matching
from connectors.isolation import read_apart


class _Unwritten(Memory):
    """What is remembered, without remembering more: a survey is no pull that a next one could rest on."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def get(self, key: str) -> str | None:
        return self._memory.get(key)

    def set(self, key: str, value: str) -> None:
        pass


class GitHubReader:
    """Reads issues, pull requests, trees, comments and labels."""

    def __init__(self, api: Api, memory: Memory, identity: Identity) -> None:
        self._api = api
        self._memory = memory
        self._identity = identity
        self._spelling = Spelling(api.settings.repositories)

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See Reader. The cursor holds GitHub's own time from before the pull."""
        scope = scope_digest(self._api.settings, interest)
        base = Cursor.read(cursor)
        base = base if base and base.scope == scope else None
        if base and Organisation(self._api, self._memory).doubted(base.at):
            base = None
        before = standing_at(self._memory, base) if base else None
        if before is None and (interest.roots or interest.keys):
            base = None  # what left the trees since then is not known
        listing = Listing(self._api, self._memory, base.at - OVERLAP if base else None)
        now = Cursor(listing.moment, scope, base.count + 1 if base else 0)
        run = PullRun(
            self._api,
            self._memory,
            self._spelling,
            self._parser(interest.checklists),
            interest,
            base,
            now,
            listing,
            before,
        )
        return Pull(str(now), run.pages(), full=base is None)

    def present(self) -> frozenset[str]:
        """See Reader. Pull requests are among them, since a mapping may ask for those too."""
        ids: set[str] = set()
        for rows in Listing(self._api, self._memory, None).rows():
            for row in rows:
                found = row.get("id") if isinstance(row, dict) else None
                if type(found) is not int:
                    raise Garbled(self._api.tracker, "GET issues", "an issue came without an id")
                ids.add(str(found))
        return frozenset(ids)

    def survey(self, interest: Interest) -> Survey:
        """See Reader. Every list that it reads brings whole issues."""
        listing = Listing(self._api, self._memory, None)
        now = Cursor(listing.moment, scope_digest(self._api.settings, interest), 0)
        parser = self._parser(interest.checklists)
        run = PullRun(
            self._api, _Unwritten(self._memory), self._spelling, parser, interest, None, now, listing, None
        )
        pages = (SurveyPage(issues=page.issues, unread=page.unread) for page in run.pages())
        return Survey(pages, tuple, dict)

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """See Reader. GitHub is asked by key: another issue under it means that this one is gone."""
        return {ref: self._whereabouts(ref) for ref in refs}

    def _whereabouts(self, ref: IssueRef) -> Whereabouts:
        try:
            page = self.fetch([ref.key])
        except Refused as problem:
            return Whereabouts(Fate.HIDDEN, reason=problem.said)
        except Garbled as problem:
            return Whereabouts(Fate.UNKNOWN, reason=problem.said)
        for issue in page.issues:
            if issue.ref == ref:
                return Whereabouts(Fate.PRESENT, issue)
            return Whereabouts(Fate.GONE, reason=f"{ref.key} leads to another issue, {issue.ref.key}")
        for unread in page.unread:
            return Whereabouts(Fate.UNKNOWN, reason=unread.why)
        return Whereabouts(Fate.GONE, reason="GitHub does not find it by its key")

    def fetch(self, keys: Sequence[str]) -> Page:
        """See Reader. GitHub finds no issue by its database id alone, so ids are left out."""
        parser = self._parser(checklists=True)
        found: dict[IssueRef, Issue] = {}
        unread: list[Unread] = []
        for place in dict.fromkeys(filter(None, map(place_of, keys))):
            try:
                read = parser.issue(self._api.json(place.path))
            except Missing:
                continue
            if isinstance(read, Issue):
                found[read.ref] = read
            else:
                unread.append(read)
        return Page(tuple(found.values()), tuple(unread))

    def matching(self, query: str) -> frozenset[str]:
        """See Reader. The query is GitHub's search syntax, without a scope of its own."""
        return matching(self._api, query)

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """See Reader."""
        place = place_of(ref.key)
        if place is None or not comment_id.isdigit():
            return None
        try:
            answer = self._api.get(f"/repos/{place.repository}/issues/comments/{comment_id}")
        except Missing:
            return None
        return read_comment(self._api, self._identity, self._api.record(answer))

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """See Reader. Costs one request an issue, and one for each 100 comments where there are any."""
        return read_apart(refs, self._posted)

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See Reader. Raises Missing for a repository that is not there for this account."""
        if not is_repository(container):
            raise Missing(self._api.tracker, "", f"{container!r} is no repository")
        pages = self._api.pages(f"/repos/{container}/labels", {"per_page": PER_PAGE})
        return tuple(self._definition(row) for rows in pages for row in rows)

    def _parser(self, checklists: bool) -> Parser:
        labels = frozenset(label.lower() for label in self._api.settings.in_progress_labels)
        return Parser(self._api.tracker, self._spelling, labels, checklists)

    def _posted(self, ref: IssueRef) -> Posted | None:
        asked = place_of(ref.key)
        try:
            row = self._api.record(self._api.get(asked.path)) if asked else {}
            place = place_in(row)
            if asked is None or place is None or self._is_another(ref, asked, place, row):
                return None
            place = self._spelling.place(place)
            comments = (
                read_comments(self._api, self._identity, place.path) if row.get("comments") != 0 else ()
            )
        except Missing:
            return None
        try:
            labels = label_names(row)
        except Unreadable as problem:
            raise Garbled(self._api.tracker, f"GET {asked.path}", str(problem)) from problem
        return Posted(IssueRef(ref.tracker, ref.id, place.key), labels, comments)

    def _is_another(self, ref: IssueRef, asked: Place, found: Place, row: Mapping[str, Any]) -> bool:
        """Whether the key now names another issue: same place, other id (a repository made anew).

        An issue that moved may get a new id; that GitHub led us there from its old place is enough.
        """
        return asked.key.lower() == found.key.lower() and str(row.get("id")) != ref.id

    def _definition(self, row: Any) -> LabelDefinition:
        try:
            description = row.get("description") or ""
            return LabelDefinition(str(row["name"]), str(row["color"]).lower(), str(description))
        except (AttributeError, KeyError, TypeError) as problem:
            said = "expected a label with name and color"
            raise Garbled(self._api.tracker, "GET labels", said) from problem
