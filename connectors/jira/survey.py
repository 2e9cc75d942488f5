"""One listing of everything in scope and in the trees, by the cheap fields alone."""

from collections.abc import Iterable, Iterator, Mapping

from connectors.errors import BadConfiguration, InvalidResponse, TrackerDown, Unavailable
from connectors.jira import jql
from connectors.jira.client import JiraClient
from connectors.jira.id_set import IdSet
from connectors.jira.issues import IssueParser
from connectors.jira.json_answers import Json
from connectors.jira.projects import Projects, Readable
from connectors.jira.roots import find_roots
from connectors.jira.rows import NAMELESS, asked_for, nameless, unnamed_below, unsent
from connectors.jira.search import Search
from connectors.jira.tree import Tree
from connectors.models import Container, Interest, IssueOutline, SurveyPage, Unread


class Surveyor:
    """Lists a scope project by project where one of them spoils the whole; then trees and named keys."""

    def __init__(
        self,
        client: JiraClient,
        search: Search,
        projects: Projects,
        parser: IssueParser,
        interest: Interest,
    ) -> None:
        self._client = client
        self._search = search
        self._projects = projects
        self._parser = parser
        self._interest = interest
        self._fields = parser.fields.outlined()
        self._seen = IdSet()
        self._containers: dict[str, Container] = {}
        self._names: dict[str, str] = {}

    def containers(self) -> tuple[Container, ...]:
        """What the pages brought to light, by name; without configured projects: those of the issues."""
        return tuple(sorted(self._containers.values(), key=lambda one: (one.name, one.id)))

    def names(self) -> Mapping[str, str]:
        """See `Survey`."""
        return dict(self._names)

    def pages(self) -> Iterator[SurveyPage]:
        """Everything, each issue once. Raises TrackerError where the tracker or the whole scope fails."""
        if self._client.settings.projects:
            yield from self._configured()
        else:
            yield from self._listed(jql.scope_of(self._client), note=True)
        named = sorted(self._interest.keys | self._interest.roots)
        for rows, unread in asked_for(self._search, named, self._fields):
            page = self._page(rows, ())
            yield SurveyPage(outlines=page.outlines, unread=(*page.unread, *unread))
        yield from self._below()
        configured = set(self._client.settings.projects)
        self._names.update(self._projects.names(self._interest.containers - configured))

    def _configured(self) -> Iterator[SurveyPage]:
        readable = self._projects.readable()
        for key, project in readable.projects.items():
            self._containers[project.id] = project
            if not project.error:
                self._names[key] = project.id
        if readable.failed and not readable.keys and not readable.archived:
            raise self._projects.nothing_readable(readable.failed)
        if not readable.keys:
            return
        jql.scope_of(self._client)  # a jql that is not whole is an error of the configuration
        try:
            yield from self._listed(self._projects.condition(readable.keys.values()))
        except (BadConfiguration, InvalidResponse):
            if len(readable.keys) == 1:
                raise
            yield from self._one_by_one(readable)
            return
        self._clear_errors(readable.keys)

    def _one_by_one(self, readable: Readable) -> Iterator[SurveyPage]:
        """Each project by itself: one that is refused gets an `error`, and the others are listed."""
        refused: BadConfiguration | None = None
        for key, today in readable.keys.items():
            try:
                yield from self._listed(self._projects.condition([today]))
            except TrackerDown:
                raise
            except (BadConfiguration, InvalidResponse, Unavailable) as problem:
                refused = problem if isinstance(problem, BadConfiguration) else refused
                project = readable.projects[key]
                failed = Container(project.id, project.name, project.archived, error=problem.reason)
                self._containers[project.id] = failed
            else:
                self._clear_errors([key])
        if refused is not None and all(
            self._containers[readable.projects[key].id].error for key in readable.keys
        ):
            raise refused  # then it is not the projects but the jql or the account

    def _clear_errors(self, keys: Iterable[str]) -> None:
        """A project whose own address failed was listed all the same."""
        for id_, project in list(self._containers.items()):
            if project.error and project.name in keys:
                self._containers[id_] = Container(project.id, project.name)

    def _listed(self, condition: str, *, note: bool = False) -> Iterator[SurveyPage]:
        for rows, errors in self._search.everything(condition, self._fields):
            if note:
                for row in rows:
                    self._note_project(row)
            if any(map(nameless, rows)):
                raise InvalidResponse(self._client.name, self._client.request("POST", "search"), NAMELESS)
            yield self._page(rows, errors)

    def _note_project(self, row: Json) -> None:
        fields = row.get("fields")
        project = fields.get("project") if isinstance(fields, dict) else None
        if isinstance(project, dict):
            id_, key = project.get("id"), project.get("key")
            if isinstance(id_, str) and isinstance(key, str) and id_ and key:
                self._containers[id_] = Container(id_, key)

    def _below(self) -> Iterator[SurveyPage]:
        roots = find_roots(self._search, self._interest.roots)
        yield SurveyPage(unread=roots.unread)
        if roots.ids:
            tree = Tree(self._search, self._parser.fields, self._client.server().cloud)
            for rows_below in tree.rows(roots.ids, self._fields, None):
                page = self._page([row for row in rows_below if not nameless(row)], ())
                lost = unnamed_below(self._interest.roots) if any(map(nameless, rows_below)) else ()
                yield SurveyPage(outlines=page.outlines, unread=(*page.unread, *lost))

    def _page(self, rows: Iterable[Json], errors: Iterable[Json]) -> SurveyPage:
        new = [row for row in rows if row.get("id") is None or self._seen.add(str(row["id"]))]
        read = [self._parser.outline(row) for row in new]
        return SurveyPage(
            outlines=tuple(one for one in read if isinstance(one, IssueOutline)),
            unread=(*(one for one in read if isinstance(one, Unread)), *unsent(errors)),
        )
