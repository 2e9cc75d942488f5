"""The reading half of a Jira."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from connectors.errors import BadConfiguration, InvalidResponse, Missing, TrackerError, Unavailable
from connectors.http.urls import path_segment
from connectors.isolation import read_apart
from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.comments import read_comment, read_comments
from connectors.jira.cursor import Cursor, earliest, scope_digest
from connectors.jira.field_cache import FieldCache
from connectors.jira.fields import FieldMap
from connectors.jira.issues import IssueParser, container_of, read_labels
from connectors.jira.json_answers import Json
from connectors.jira.locate import Locator
from connectors.jira.projects import Projects
from connectors.jira.pull import PullRun
from connectors.jira.rows import asked_for, joined, named_rows, read_page
from connectors.jira.search import Search
from connectors.jira.survey import Surveyor
from connectors.jira.tree import Tree
from connectors.jira.tree_cache import TreeCache
from connectors.jira.windows import STEP, Window, Windows
from connectors.models import (
    Container,
    Interest,
    IssueRef,
    LabelDefinition,
    Page,
    Posted,
    PostedComment,
    Pull,
    Survey,
    Whereabouts,
)


class JiraReader:
    """Reads one Jira. `fetch` and `present` go by the interest of the latest `changed_since`."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._search = Search(client)
        self._interest = Interest()
        self._fields = FieldCache(client)
        self._projects = Projects(client)
        self._windows = Windows(client, self._search)
        self._notified: set[str] = set()
        self._parsers: dict[Interest, IssueParser] = {}

    def changed_since(self, cursor: str | None, interest: Interest) -> Pull:
        """See Reader. The cursor's time is the server's own, so that no clock here matters.

        Where all that is needed is remembered, the first page of what changed is asked for here, and tells
        the time as well: one request, if nothing changed.
        """
        self._interest = interest
        self._parsers.clear()
        before = Cursor.parse(cursor)
        remembered = self._fields.remembered(interest)
        if before is not None and remembered is not None:
            run = self._since(before, interest, self._parser(interest, remembered))
            if run is not None:
                return run.pull()
        parser = self._parser(interest, remembered or self._fields.ask(interest))
        asked_at = self._client.asked_at if remembered is None else None
        taken = asked_at or self._client.ask_time()
        if before is not None and before.at - STEP <= taken:
            run = self._since(before, interest, parser)
            if run is not None:
                return run.pull()
        jql.scope_of(self._client)  # a jql that is not whole is an error before anything is read
        return self._run(parser, interest, taken).pull()

    def _since(self, before: Cursor, interest: Interest, parser: IssueParser) -> PullRun | None:
        """The pull of what changed since this cursor; None if it was another scope's, or of the future.

        A project that could not be read for a while is read from where that began.
        """
        scope = self._scope(interest, parser)
        if before.scope != scope:
            return None
        behind = self._projects.behind(scope)
        since = earliest(before.at, behind.values())
        if since is None:
            return None
        failed: tuple[Container, ...] = ()
        try:
            opened = self._opened(since, jql.scope_of(self._client), scope, parser)
        except BadConfiguration as problem:
            readable = self._projects.narrowed(problem)
            failed = readable.failed
            opened = self._opened(since, self._projects.condition(readable.keys.values()), scope, parser)
        if opened is None:
            return None
        window, outside = opened
        run = self._run(parser, interest, window.taken)
        run.window, run.outside, run.failed = window, outside, failed
        run.behind = {one.name: behind.get(one.name, before.at.isoformat()) for one in failed}
        return run

    def _run(self, parser: IssueParser, interest: Interest, taken: datetime) -> PullRun:
        return PullRun(
            client=self._client,
            search=self._search,
            projects=self._projects,
            windows=self._windows,
            field_cache=self._fields,
            parser=parser,
            interest=interest,
            taken=taken,
            scope=self._scope(interest, parser),
        )

    def _opened(
        self, since: datetime, condition: str, scope: str, parser: IssueParser
    ) -> tuple[Window, TreeCache | None] | None:
        """A window on the scope, and on what is outside of it where one search can have both.

        Jira refuses a condition that names an issue which is gone. Then the scope is asked alone, and the
        others by their keys, which tells what is gone.
        """
        links = () if self._client.server().cloud else parser.fields.epic_link
        outside = TreeCache.recall(self._client.memory, scope, links)
        if outside is not None:
            beside = outside.condition()
            both = f"({condition}) OR {beside}" if beside else condition
            with suppress(BadConfiguration):
                window = self._windows.open(since, both, parser.requested())
                if window is not None:
                    return window, outside
        window = self._windows.open(since, condition, parser.requested())
        return (window, None) if window is not None else None

    def present(self) -> frozenset[str]:
        """The ids of everything in scope, and of what the latest interest brings from outside of it."""
        result = set(self._search.ids(jql.scope_of(self._client)))
        roots = named_rows(self._search.all_of(sorted(self._interest.roots), ["updated"]))
        result.update(roots, named_rows(self._search.all_of(sorted(self._interest.keys), ["updated"])))
        if roots:
            result |= self._tree().ids(roots)
        return frozenset(result)

    def survey(self, interest: Interest) -> Survey:
        """See Reader. Brings outlines; what differs is fetched by its id."""
        self._interest = interest
        self._parsers.clear()
        survey = Surveyor(self._client, self._search, self._projects, self._parser(interest), interest)
        return Survey(survey.pages(), survey.containers, survey.names)

    def locate(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Whereabouts]:
        """See Reader."""
        return Locator(self._client, self._search, self._parser(self._interest)).locate(refs)

    def fetch(self, keys: Sequence[str]) -> Page:
        """See Reader."""
        parser = self._parser(self._interest)
        pages = []
        for rows, unread in asked_for(self._search, keys, parser.requested()):
            page = read_page(parser, rows)
            pages.append(Page(page.issues, (*page.unread, *unread)))
        return joined(pages)

    def matching(self, query: str) -> frozenset[str]:
        """See Reader. Raises BadConfiguration for a query that is not whole or not understood."""
        requested = jql.both(jql.scope_of(self._client), jql.condition_of(self._client, query))
        return frozenset(self._search.ids(requested))

    def comment(self, ref: IssueRef, comment_id: str) -> PostedComment | None:
        """See Reader."""
        account, site = self._client.account(), self._client.server().site
        path = f"issue/{path_segment(ref.id)}/comment/{path_segment(comment_id)}"
        try:
            answer = self._client.get(path, {"expand": "properties"})
        except Missing:
            return None
        comment = read_comment(answer.json_object(), account, site, ref)
        if comment is None:
            raise InvalidResponse(self._client.name, answer.request, "a comment came without id or text")
        return comment

    def posted(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Posted | TrackerError]:
        """See Reader."""
        account, site = self._client.account(), self._client.server().site
        rows = self._label_rows(refs)

        def read(ref: IssueRef) -> Posted | None:
            row = rows.get(ref)
            if row is None:
                return None
            if isinstance(row, TrackerError):
                raise row
            today = IssueRef(ref.tracker, ref.id, str(row.get("key") or ref.key))
            try:
                comments = read_comments(self._client, account, site, today)
            except Missing:
                return None  # gone between the two requests
            return Posted(today, read_labels(self._client.name, row), comments)

        return read_apart(refs, read, container_of)

    def _label_rows(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Json | TrackerError]:
        """Each issue with its labels as they are now, or why it did not come; without those that are gone."""
        by_id = {ref.id: ref for ref in refs}
        if not self._client.server().cloud:
            return read_apart(refs, lambda ref: self._search.one(ref.id, ["labels"]), container_of)
        result: dict[IssueRef, Json | TrackerError] = {}
        for rows, errors in self._search.by_keys(by_id, ["labels"], fresh=True):
            result.update((by_id[id_], row) for row in rows if (id_ := str(row.get("id"))) in by_id)
            for error in errors:
                ref = by_id.get(str(error.get("id")))
                if ref is not None:
                    request = self._client.request("POST", "issue/bulkfetch")
                    reason = f"Jira could not send {ref.key} this time"
                    result[ref] = Unavailable(self._client.name, request, reason)
        return result

    def label_definitions(self, container: str) -> tuple[LabelDefinition, ...]:
        """See Reader."""
        del container  # labels have no definitions in Jira
        return ()

    def _tree(self) -> Tree:
        return Tree(self._search, self._parser(self._interest).fields, self._client.server().cloud)

    def _notify_wrong(self, fields: FieldMap) -> None:
        """Notify once a run of what a setting names and Jira does not have."""
        for message in fields.wrong:
            if message not in self._notified:
                self._notified.add(message)
                self._client.notify(f"{self._client.name}: {message}")

    def _scope(self, interest: Interest, parser: IssueParser) -> str:
        return scope_digest(self._client.settings, interest, parser.requested())

    def _parser(self, interest: Interest, existing: FieldMap | None = None) -> IssueParser:
        """How rows are read for this interest; asks what the fields mean where that is not remembered."""
        if interest not in self._parsers:
            fields = existing or self._fields.remembered(interest) or self._fields.ask(interest)
            self._notify_wrong(fields)
            self._parsers[interest] = IssueParser.of(
                self._client, self._projects.with_ids(fields), interest.checklists
            )
        return self._parsers[interest]
