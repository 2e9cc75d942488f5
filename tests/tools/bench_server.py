"""The sandbox trackers as a process of their own, told what to do by lines of JSON on standard input."""

import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from werkzeug import Request, Response

from connectors.sandbox.github_truth.model import Label
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import Clock, World
from tests.tools.bench_world import AREAS, rows

AGE = timedelta(days=4)
"""Since when issues were made: each takes a second or two, and none may look forgotten by all."""
SPARED = 5
"""Closed issues that are left alone: the first ones bear comments."""
WRITES = ("PUT", "PATCH", "DELETE")
ASKING = ("/search", "/bulkfetch", "/graphql", "/approximate-count", "/list")
"""Ends of paths whose POST only asks."""


class RunningClock(Clock):
    """The sandbox's clock, going as any other: milepost compares a server's time with its own."""

    def now(self) -> datetime:
        """The present moment, or a little later where changes were quicker than one a second."""
        return max(super().now(), datetime.now(UTC))

    def advance(self, seconds: float) -> datetime:
        """Let time pass from the present moment on."""
        self.set(self.now() + timedelta(seconds=seconds))
        return self.now()


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
            headers = [(name, value) for name, value in response.headers if name.casefold() != "date"]
            self._pages[key] = (response.status_code, headers, response.get_data())
        return response


class Desk:
    """One command after another, each answered by one line."""

    def __init__(self) -> None:
        self.server: CachingServer | None = None

    def ask(self, do: str, **more: Any) -> Any:
        """Obey one command: the name of one of the methods below."""
        return getattr(self, do)(**more)

    def close(self) -> None:
        """Serve no more."""
        if self.server is not None:
            self.server.close()

    def build(self, sites: dict[str, dict[str, Any]], delay: float) -> str:
        """Make the world and serve it."""
        past = Clock(datetime.now(UTC) - AGE)
        world = World(past, {})
        for name, more in sites.items():
            make = _github if name.startswith("github") else _jira
            world.sites[name] = make(name, past, **more)
        running = RunningClock(world.clock.now())
        world.clock = running
        for site in world.sites.values():
            site.clock = running
        self.server = CachingServer(world)
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
        """Change that many closed issues of a site, spread evenly, by what no comment tells of."""
        world = self._running.world
        with world.lock:
            here = world.sites[site]
            if isinstance(here, JiraSite):
                closed = [issue for issue in here.issues.values() if issue.resolved][SPARED:]
                for issue in closed[:: max(1, len(closed) // count)][:count]:
                    here.edit(issue.key, priority="Low" if issue.priority == "High" else "High")
            elif isinstance(here, GitHubSite):
                done = [row for row in here.issues.values() if row.state == "closed"][SPARED:]
                for row in done[:: max(1, len(done) // count)][:count]:
                    here.edit(here.key(row), labels=[*here.label_names(row), "reviewed"])
        return "touched"

    @property
    def _running(self) -> CachingServer:
        assert self.server is not None, "nothing was built"
        return self.server


def _writes(method: str, path: str) -> bool:
    return method in WRITES or (method == "POST" and not path.endswith(ASKING) and "/search" not in path)


def _shape(path: str) -> str:
    return "/".join("N" if any(char.isdigit() for char in step) else step for step in path.split("/"))


def _github(name: str, clock: Clock, *, issues: int, repositories: int = 1) -> GitHubSite:
    site = GitHubSite(name)
    site.clock = clock
    share, areas = -(-issues // repositories), AREAS // repositories
    for place in range(repositories):
        repo = site.create_repo(f"acme/repo-{place}")
        made: dict[str, Label] = {}
        for row in rows(share, place, range(place * areas, (place + 1) * areas)):
            issue = site.create_issue(repo.full_name, row.title, body=row.body, assignees=("ana",))
            for name in row.labels:
                if name not in made:
                    made[name] = Label(site.new_id(), name, "ededed", None)
                    repo.labels[made[name].id] = made[name]  # the verb would compare it with all others
            issue.labels = [made[name].id for name in row.labels]
            if row.done:
                site.close(site.key(issue))
    return site


def _jira(name: str, clock: Clock, *, issues: int, face: str = "cloud") -> JiraSite:
    site = JiraSite(name, face="datacenter" if face == "datacenter" else "cloud")
    site.clock = clock
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
    with closing(Desk()) as desk:
        for line in sys.stdin.buffer:
            sys.stdout.buffer.write(orjson.dumps(desk.ask(**orjson.loads(line))) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
