"""The reading half of a GitHub tracker."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors import bounds
from connectors.errors import InvalidResponse, Missing, Refused, TrackerError
from connectors.github.account import Account
from connectors.github.blockers import Blockers
from connectors.github.client import GitHubClient
from connectors.github.comments import read_comment, read_comments
from connectors.github.cursor import Cursor, Since, scope_digest, since_at
from connectors.github.issue_keys import Place, Spelling, is_repository, place_of
from connectors.github.issues import IssueParser, Unreadable, container_of, label_names, place_in
from connectors.github.listing import PER_PAGE, Listing, Plan
from connectors.github.organisation import Organisation
from connectors.github.pagination import LAG
from connectors.github.project_values import ProjectValues
from connectors.github.pull import OVERLAP, PullRun
from connectors.github.repositories import RepositoryNames
from connectors.github.search import matching
from connectors.github.survey import survey
from connectors.github.tree_cache import TreeCache
from connectors.isolation import read_apart
from connectors.models import (
    STATUS_FIELD,
    Fate,
    Interest,
    Issue,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    Unread,
    Whereabouts,
)
from connectors.names import fold_name


class GitHubReader:
    """Reads issues, pull requests, trees, comments and labels."""

    def __init__(self, client: GitHubClient, account: Account, names: RepositoryNames) -> None:
        self._client = client
        self._names = names
        self._account = account
        self._spelling = Spelling(client.settings.repositories)
        self._fields: frozenset[str] = frozenset()
        self._projects: ProjectValues | None = None

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See Reader. The cursor holds GitHub's own time from before the pull."""
        self._fields = interest.fields
        scope = scope_digest(self._client.settings, interest)
        base, before = self._base(cursor, scope, interest)
        listing, since = self._listing(base)
        if base is not None and self._ahead(base, listing.moment):
            listing, since = self._listing(None)
        self._projects = ProjectValues(self._client, self._asked_fields())
        if not self._projects.begin(base, self._client.clock()) and since.start is not None:
            listing, since = self._listing(None)
        if since.start is None:
            base, before = None, None
        at, dated = listing.moment or self._client.clock(), listing.moment is not None
        now = Cursor(at, scope, base.count + 1 if base else 0, dated)
        run = PullRun(
            client=self._client,
            memory=self._client.memory,
            spelling=self._spelling,
            parser=self._parser(interest.checklists),
            interest=interest,
            base=base,
            now=now,
            listing=listing,
            before=before,
            since=since,
            covers=self._names.covers,
            projects=self._projects,
        )
        full = base is None
        return Pull(
            now.text(),
            run.pages(),
            full=full,
            failed=lambda: listing.failed,
            listed=lambda: listing.listed,
            containers=lambda: listing.described() if full else (),
            missing_fields=self._missing_fields(self._projects),
        )

    def _base(
        self, cursor: str | None, scope: str, interest: Interest
    ) -> tuple[Cursor | None, TreeCache | None]:
        """The cursor to go on from, None where all must be read; and the trees as they were then."""
        base = Cursor.parse(cursor)
        if base is None or base.scope != scope or Organisation(self._client).doubted(base.at):
            return None, None
        before = TreeCache.recall(self._client.memory, base)
        if before is None and (interest.roots or interest.keys):
            return None, None  # nothing tells what left the trees since then
        return base, before

    def _listing(self, base: Cursor | None) -> tuple[Listing, Since]:
        since = since_at(self._client.memory, base) if base else Since(None)
        early = since.back(OVERLAP)
        plan = Plan(early.start, early.behind if early.start else {})
        return Listing(self._client, self._names, self._spelling, plan), since

    def _ahead(self, base: Cursor, moment: datetime | None) -> bool:
        """Whether a cursor is later than the server's present, so that changes until then would be missed.

        Where the server does not tell the time, by our clock, which may be wrong by a day.
        """
        if moment is None:
            return base.at > self._client.clock() + timedelta(seconds=bounds.LARGEST_SKEW)
        return base.at > moment + LAG

    def present(self) -> frozenset[str]:
        """See Reader. Pull requests are among them, since a mapping may ask for those too."""
        ids: set[str] = set()
        listing = Listing(self._client, self._names, self._spelling, Plan())
        for rows in listing.rows():
            for row in rows:
                result = row.get("id") if isinstance(row, dict) else None
                if type(result) is not int:
                    raise InvalidResponse(self._client.name, "GET issues", "an issue came without an id")
                ids.add(str(result))
        if listing.first_error is not None:
            raise listing.first_error
        return frozenset(ids)

    def survey(self, interest: Interest) -> Survey:
        """See Reader. Every list that it reads brings whole issues."""
        self._fields = interest.fields
        self._values().read_all(self._client.clock())
        return survey(
            self._client,
            self._names,
            self._spelling,
            self._parser(interest.checklists),
            interest,
        )

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """See Reader. GitHub is asked by key: another issue under it means that this one is gone."""
        result = read_apart(refs, self._whereabouts, container_of)
        return {
            ref: Whereabouts(Fate.UNKNOWN, reason=value.reason) if isinstance(value, TrackerError) else value
            for ref, value in result.items()
        }

    def _whereabouts(self, ref: IssueRef) -> Whereabouts:
        try:
            page = self.fetch([ref.key])
        except Refused as problem:
            return Whereabouts(Fate.HIDDEN, reason=problem.reason)
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
        result: dict[IssueRef, Issue] = {}
        unread: list[Unread] = []
        for place in dict.fromkeys(filter(None, map(place_of, keys))):
            try:
                read = parser.issue(self._client.get(place.path).json())
            except Missing:
                continue
            if isinstance(read, Issue):
                result[read.ref] = read
            else:
                unread.append(read)
        return Page(Blockers(self._client, parser).named(list(result.values())), tuple(unread))

    def matching(self, query: str) -> frozenset[str]:
        """See Reader. The query is GitHub's search syntax, without a scope of its own."""
        return matching(self._client, self._names, query)

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """See Reader."""
        place = place_of(ref.key)
        if place is None or not comment_id.isdigit():
            return None
        try:
            answer = self._client.get(f"/repos/{place.repository}/issues/comments/{comment_id}")
        except Missing:
            return None
        return read_comment(self._client, self._account, answer.json_object())

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """See Reader. Costs one request an issue, and one for each 100 comments where there are any."""
        return read_apart(refs, self._posted, container_of)

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See Reader. Raises Missing for a repository that is not there for this account."""
        if not is_repository(container):
            raise Missing(self._client.name, "", f"{container!r} is no repository")
        pages = self._client.pages(f"/repos/{container}/labels", {"per_page": PER_PAGE})
        return tuple(self._definition(row) for rows in pages for row in rows)

    def _parser(self, checklists: bool) -> IssueParser:
        settings = self._client.settings
        return IssueParser(
            self._client.name,
            self._spelling,
            frozenset(map(fold_name, settings.in_progress_labels)),
            checklists,
            tuple(sorted(self._fields)),
            settings.status_field or "",
            frozenset(map(fold_name, settings.in_progress_statuses)),
            self._values().of,
        )

    def _asked_fields(self) -> frozenset[str]:
        status = self._client.settings.status_field
        return self._fields | ({status} if status else frozenset())

    def _values(self) -> ProjectValues:
        """What projects say; as it was read last, before this reader read anything."""
        if self._projects is None:
            self._projects = ProjectValues(self._client, self._asked_fields())
            self._projects.recall()
        return self._projects

    def _missing_fields(self, projects: ProjectValues) -> dict[str, str]:
        missing = dict(projects.missing)
        status = missing.get(self._client.settings.status_field or "")
        return {**missing, STATUS_FIELD: status} if status else missing

    def _posted(self, ref: IssueRef) -> Posted | None:
        asked = place_of(ref.key)
        if asked is None:
            return None
        try:
            row = self._client.get(asked.path).json_object()
        except Missing:
            return None
        place = place_in(row)
        if place is None:
            raise InvalidResponse(
                self._client.name, f"GET {asked.path}", "expected an issue with its address"
            )
        if self._is_another(ref, asked, place, row):
            return None
        place = self._spelling.place(place)
        # The issue is there: a list of comments that is not is no sign that it is gone.
        comments = read_comments(self._client, self._account, place.path) if row.get("comments") != 0 else ()
        try:
            labels = label_names(row)
        except Unreadable as problem:
            raise InvalidResponse(self._client.name, f"GET {asked.path}", str(problem)) from problem
        return Posted(IssueRef(ref.tracker, ref.id, place.key), labels, comments)

    def _is_another(self, ref: IssueRef, asked: Place, result: Place, row: Mapping[str, Any]) -> bool:
        """Whether the key now names another issue: same place, other id (a repository made anew).

        An issue that moved may get a new id; that GitHub led us there from its old place is enough.
        """
        return asked.key.lower() == result.key.lower() and str(row.get("id")) != ref.id

    def _definition(self, row: Any) -> LabelDefinition:
        try:
            description = row.get("description") or ""
            return LabelDefinition(str(row["name"]), str(row["color"]).lower(), str(description))
        except (AttributeError, KeyError, TypeError) as problem:
            message = "expected a label with name and color"
            raise InvalidResponse(self._client.name, "GET labels", message) from problem
