"""One request to a sandbox GitHub: who asks, for which repository and issue, and whether they may."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import orjson
from werkzeug import Request

from connectors.sandbox.github_truth.model import ROLES, Credential, Issue, Label, Repo
from connectors.sandbox.github_truth.moves import Moves
from connectors.sandbox.github_wire.answers import (
    MAX_PER_PAGE,
    ApiError,
    Blocked,
    Paging,
    Reply,
    invalid,
    moved,
    not_found,
)
from connectors.sandbox.github_wire.render import Render, when

T = TypeVar("T")
Behind = Callable[[int], Moves | None]
"""The site as it was so many seconds ago, or None for now."""
TERMS = "https://github.com/tos"


class Handler(Protocol):
    """A function that answers the calls of one route."""

    def __call__(self, call: "Call") -> Reply: ...


@dataclass(frozen=True)
class Call:
    """A request whose route is known. `args` are the route's parameters, decoded."""

    site: Moves
    request: Request
    base: str
    """The URL of the API's root, without a slash at the end."""
    args: Mapping[str, str]
    tail: str
    """The path below the repository, still encoded."""
    credential: Credential | None
    version: str
    limits: Mapping[str, dict[str, int]]
    """What is left of each rate limit."""
    behind: Behind

    @cached_property
    def render(self) -> Render:
        """The JSON of this site's things, for this request."""
        return Render(self.site, self.base, self.version)

    def late(self, seconds: int, about: Repo | Issue | None = None) -> "Call":
        """The same request to the site as it was so many seconds ago, if what it is about was there then."""
        past = self.behind(seconds)
        if past is None or (about and about.id not in past.repos and about.id not in past.issues):
            return self
        return replace(self, site=past)

    # -- parameters and body

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of one given twice, the first."""
        return self.request.args

    def number(self, name: str) -> int:
        """A route's parameter as a number; anything else is not found."""
        text = self.args[name]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise not_found()
        return int(text)

    @cached_property
    def body(self) -> Any:
        """The JSON that came with the request; an empty object if nothing came."""
        raw = self.request.get_data()
        try:
            return orjson.loads(raw) if raw else {}
        except orjson.JSONDecodeError:
            raise ApiError(400, "Problems parsing JSON") from None

    def fields(self) -> dict[str, Any]:
        """The body as an object."""
        if not isinstance(self.body, dict):
            raise ApiError(422, "Invalid request.")
        return self.body

    def text(self, resource: str, name: str) -> str:
        """A field of the body that must be there and be text."""
        value = self.fields().get(name)
        if value is None:
            raise invalid(resource, "missing_field", name)
        if not isinstance(value, str):
            raise ApiError(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value

    def readable(self, repo: Repo) -> bool:
        """Whether the bearer may see a repository and its issues, wherever these are gathered."""
        return self.allowed(repo, "pull") and not repo.blocked and repo.has_issues

    # -- who asks

    def bearer(self) -> Credential:
        """Whoever asks; 401 for nobody."""
        if self.credential is None:
            raise ApiError(401, "Requires authentication")
        return self.credential

    def writer(self) -> Credential:
        """Whoever asks, if their token may write to issues at all."""
        bearer = self.bearer()
        if bearer.issues != "write":
            kind = "integration" if bearer.installation is not None else "personal access token"
            raise ApiError(403, f"Resource not accessible by {kind}")
        return bearer

    def allowed(self, repo: Repo, role: str) -> bool:
        """Whether the bearer has at least this role in a repository."""
        return ROLES.index(self.site.role(repo, self.credential)) >= ROLES.index(role)

    def require(self, repo: Repo, role: str) -> Credential:
        """Whoever asks, if they may write and have at least this role; otherwise 403."""
        bearer = self.writer()
        if not self.allowed(repo, role):
            raise ApiError(403, "Must have admin rights to Repository.")
        return bearer

    def app_slug(self) -> str | None:
        """The App that the bearer's token belongs to."""
        if self.credential is None or self.credential.installation is None:
            return None
        return self.site.installations[self.credential.installation].slug

    # -- what it is about

    @cached_property
    def repo(self) -> Repo:
        """The repository that the route names; 404 if out of sight, a redirect if it goes by another name."""
        if "repository_id" in self.args:
            repo = self.site.repos.get(self.number("repository_id"))
            if repo is None or not self.allowed(repo, "pull"):
                raise not_found()
            return self._opened(repo)
        name = f"{self.args['owner']}/{self.args['repo']}"
        try:
            repo = self.site.repo(name)
        except KeyError:
            raise not_found() from None
        if not self.allowed(repo, "pull"):
            raise not_found()
        if repo.full_name.casefold() != name.casefold():
            raise self._elsewhere(f"{self.base}/repositories/{repo.id}{self.tail}")
        return self._opened(repo)

    def _opened(self, repo: Repo) -> Repo:
        """The repository, unless it is closed to everyone, or to this kind of request."""
        if repo.blocked:
            block = {"reason": repo.blocked, "created_at": when(repo.updated_at), "html_url": TERMS}
            raise Blocked(403 if repo.blocked == "tos" else 451, block)
        if repo.archived and self.request.method not in ("GET", "HEAD"):
            raise ApiError(403, "Repository was archived so is read-only.")
        if not repo.has_issues and re.match(r"/issues(/|$)", self.tail) and not self._lists_pulls(repo):
            raise ApiError(410, "Issues are disabled for this repo")
        return repo

    def _lists_pulls(self, repo: Repo) -> bool:
        """Whether this is the list of a repository without issues that shows its pull requests."""
        return self.site.settings.pulls_where_disabled and self.tail == "/issues" and not repo.has_issues

    @cached_property
    def issue(self) -> Issue:
        """The issue that the route names; 410 if deleted, 301 if transferred."""
        repo, number = self.repo, self.number("issue_number")
        result = self.site.numbers.get((repo.id, number))
        if result is not None:
            return self.site.issues[result]
        target = self.site.issues.get(repo.moved.get(number, 0))
        if target is not None and self.allowed(self.site.repos[target.repo_id], "pull"):
            rest = self.tail.removeprefix(f"/issues/{number}")
            raise self._elsewhere(
                f"{self.base}/repositories/{target.repo_id}/issues/{target.number}{rest}", 301
            )
        if number in repo.deleted or (number in repo.moved and target is None):
            raise ApiError(410, "This issue was deleted")
        raise not_found()

    @property
    def key(self) -> str:
        """The key of the route's issue."""
        return self.site.key(self.issue)

    @property
    def label(self) -> Label:
        """The label of the repository that the route names."""
        result = self.site.label(self.repo, self.args["name"])
        if result is None:
            raise not_found()
        return result

    def _elsewhere(self, location: str, status: int | None = None) -> ApiError:
        query = self.request.query_string.decode()
        safe = self.request.method in ("GET", "HEAD")
        return moved(status or (301 if safe else 307), f"{location}?{query}" if query else location)

    # -- lists

    @cached_property
    def paging(self) -> Paging:
        """The page asked for: 30 items unless told, 100 at most."""
        within = "owner" in self.args or "repository_id" in self.args
        url = f"{self.base}/repositories/{self.repo.id}{self.tail}" if within else f"{self.base}{self.tail}"
        size = min(MAX_PER_PAGE, max(1, self._integer("per_page", 30)))
        query = tuple(self.request.args.items(multi=True))
        return Paging(url, query, max(1, self._integer("page", 1)), size)

    def listed(self, items: Sequence[T], show: Callable[[T], Any]) -> Reply:
        """One page of a list, with links to its neighbours."""
        start, stop = self.paging.bounds()
        return Reply([show(item) for item in items[start:stop]], headers=self.paging.links(len(items)))

    def _integer(self, name: str, default: int) -> int:
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
