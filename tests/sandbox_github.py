"""A sandbox GitHub on loopback, the real client on it, and GitHub's document watching every exchange."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from github import Auth, Github

from connectors.sandbox.github_world import TOKEN, GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.tools.openapi import Watch, github_contract, repository_path


class Lab:
    """One running site. `client` is PyGithub without pauses and retries; `get` asks as plainly as can be."""

    def __init__(self, server: SandboxServer, site: GitHubSite) -> None:
        self.server = server
        self.site = site
        self.url = server.url(site.name) + site.api_path

    def client(self, token: str = TOKEN, per_page: int = 30) -> Github:
        """PyGithub as a user of this token would have it."""
        return self.client_by(Auth.Token(token), per_page)

    def client_by(self, auth: Auth.Auth, per_page: int = 30) -> Github:
        """PyGithub with any kind of credentials."""
        return Github(
            base_url=self.url,
            auth=auth,
            per_page=per_page,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    def send(
        self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **headers: str
    ) -> requests.Response:
        """One request, without following redirects; `headers` with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        url = path if path.startswith("http") else self.url + path
        return requests.request(method, url, json=body, headers=sent, allow_redirects=False, timeout=5)

    def get(self, path: str, token: str | None = TOKEN, **headers: str) -> requests.Response:
        """One GET."""
        return self.send("GET", path, None, token, **headers)

    def query(self, query: str, **variables: Any) -> Any:
        """The JSON that answers a GraphQL query."""
        url = self.server.url(self.site.name) + ("/api/graphql" if self.site.enterprise else "/graphql")
        answer = self.send("POST", url, {"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def lab(enterprise: str | None = None, *, contract: bool = True) -> Iterator[Lab]:
    """A site with one repository, acme/site; unless `contract` is off, every exchange must keep to it."""
    site = GitHubSite("hub", enterprise)
    with SandboxServer(World.of(site)) as server:
        site.create_repo("acme/site")
        watch = Watch(github_contract(), repository_path) if contract else None
        if watch is not None:
            server.answers.append(watch)
        yield Lab(server, site)
    assert watch is None or not watch.problems, "\n".join(watch.problems)


def numbers(answer: requests.Response) -> list[int]:
    """The numbers of the issues in a list."""
    assert answer.status_code == 200, answer.text
    return [each["number"] for each in answer.json()]


def follow(answer: requests.Response, at: Lab) -> Iterator[requests.Response]:
    """A list's pages, by its own links."""
    yield answer
    while "next" in answer.links:
        answer = at.get(answer.links["next"]["url"])
        yield answer
