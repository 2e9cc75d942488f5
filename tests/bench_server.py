"""The sandbox trackers as a process of their own, told what to do by lines of JSON on standard input."""

import sys
from collections import Counter
from typing import Any

import orjson
from werkzeug import Request, Response

from connectors.sandbox.github_truth.model import Label
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import Site, World
from tests.bench_world import BEGIN, label_names, rows

WRITES = ("PUT", "PATCH", "DELETE")
ASKING = ("/search", "/bulkfetch", "/graphql", "/approximate-count", "/list")
"""Ends of paths whose POST only asks."""


class CachingServer(SandboxServer):
    """Renders each page once: what is measured is the client, and every client gets the same bytes."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._at: tuple[int, ...] = ()
        self._pages: dict[tuple[str, ...], tuple[int, list[tuple[str, str]], bytes]] = {}

    def _respond(self, site: str, request: Request) -> Response:
        with self.world.lock:
            if self._at != self.world.changes:
                self._pages.clear()
                self._at = self.world.changes
        query, body = request.query_string.decode(), request.get_data()
        key = (site, request.method, request.path, query, body.decode("utf-8", "replace"))
        found = self._pages.get(key)
        if found is not None:
            return Response(found[2], status=found[0], headers=found[1])
        response = super()._respond(site, request)
        if response.status_code == 200 and self._at == self.world.changes:
            self._pages[key] = (response.status_code, list(response.headers), response.get_data())
        return response


class Desk:
    """One command after another, each answered by one line."""

    def __init__(self) -> None:
        self.server: CachingServer | None = None

    def build(self, sites: dict[str, dict[str, Any]], delay: float) -> str:
        """Make the world and serve it."""
        made: list[Site] = []
        for name, more in sites.items():
            made.append(_github(name, **more) if name.startswith("github") else _jira(name, **more))
        self.server = CachingServer(World.of(*made, start=BEGIN))
        self.server.delay = delay
        self.server.start()
        return "ready"

    def url(self, site: str) -> str:
        """Where a site is."""
        return self._running.url(site)

    def delay(self, seconds: float) -> str:
        """The latency of each request from now on."""
        self._running.delay = seconds
        return "set"

    def log(self) -> dict[str, Any]:
        """What was asked since the last time: how many requests, how many writes, and which paths."""
        log, self._running.log = self._running.log, []
        writes = [each for each in log if _writes(each.method, each.path)]
        paths = Counter(f"{each.site}: {each.method} {_shape(each.path)}" for each in log)
        return {"requests": len(log), "writes": len(writes), "paths": dict(paths.most_common())}

    def touch(self, site: str, count: int) -> str:
        """Change that many issues of a site, spread evenly."""
        world = self._running.world
        with world.lock:
            here = world.sites[site]
            assert isinstance(here, JiraSite | GitHubSite)
            ids = list(here.issues)
            for id_ in ids[:: max(1, len(ids) // count)][:count]:
                if isinstance(here, JiraSite):
                    issue = here.issues[id_]
                    here.edit(issue.key, summary=f"{issue.summary} again")
                else:
                    row = here.issues[id_]
                    here.edit(here.key(row), title=f"{row.title} again")
        return "touched"

    def advance(self, seconds: float) -> str:
        """Let the trackers' time pass."""
        self._running.world.clock.advance(seconds)
        return "passed"

    @property
    def _running(self) -> CachingServer:
        assert self.server is not None, "nothing was built"
        return self.server


def _writes(method: str, path: str) -> bool:
    return method in WRITES or (method == "POST" and not path.endswith(ASKING) and "/search" not in path)


def _shape(path: str) -> str:
    return "/".join("N" if any(char.isdigit() for char in step) else step for step in path.split("/"))


def _github(name: str, *, issues: int, repositories: int = 1) -> GitHubSite:
    site = GitHubSite(name)
    share = -(-issues // repositories)
    for place in range(repositories):
        repo = site.create_repo(f"acme/repo-{place}")
        ids = {}
        for label in label_names():
            made = Label(site.new_id(), label, "ededed", None)
            repo.labels[made.id] = made
            ids[label] = made.id
        for row in rows(share, seed=place):
            issue = site.create_issue(repo.full_name, row.title, body=row.body, assignees=("ana",))
            issue.labels = [ids[label] for label in row.labels]
            if row.done:
                site.close(site.key(issue))
    return site


def _jira(name: str, *, issues: int, face: str = "cloud") -> JiraSite:
    site = JiraSite(name, face="datacenter" if face == "datacenter" else "cloud")
    site.person("ana")
    for row in rows(issues, seed=7):
        site.create_issue(
            "BENCH",
            row.title,
            status="Done" if row.done else "To Do",
            labels=list(row.labels),
            assignee="ana",
            description=row.body,
        )
    return site


def main() -> None:
    """Obey until standard input ends."""
    desk = Desk()
    for line in sys.stdin.buffer:
        asked = orjson.loads(line)
        said = getattr(desk, asked.pop("do"))(**asked)
        sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
        sys.stdout.buffer.flush()
    if desk.server is not None:
        desk.server.close()


if __name__ == "__main__":
    main()
