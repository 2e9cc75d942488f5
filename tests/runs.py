"""Whole runs on the sandbox: real clients over loopback, a real store file, and the world's own truth."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from connectors.interface import Tracker, TrackerInfo, TrackerSettings
from connectors.registry import connector
from connectors.sandbox.github_truth.truth import BOT
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import Logged, SandboxServer
from connectors.sandbox.world import World
from core.context import RunContext
from core.engine.policy import HealthPolicy, ProgressPolicy
from core.publish.comment.mark import KEPT_BY, Mark, parse_mark, read_mark
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from core.publish.release import Release
from core.reconcile_rules import ReconcileRules
from core.shutdown import Stop
from core.steps.run_report import Conclusion, Report
from core.store import Store, open_store
from core.sync import conclude, sync
from core.undo_runs import runs_to_undo, undo
from mappings.load import load
from tests.statements import share_statements
from tests.tools.openapi import kept_to

share_statements()

MARKETING = (Path(__file__).parent.parent / "mappings/examples/marketing.toml").read_text(encoding="utf-8")
"""The mapping that comes with milepost; the seeded sandbox is its world."""
PREFIX = "mp/"
READS = re.compile(r"/graphql$|/search(/|$)|/bulkfetch$|/comment/list$|/jql/|/approximate-count$")
"""Requests that only ask, although they are a POST."""

CLOUD = "cloud"
DATACENTER = "datacenter"


@dataclass(frozen=True)
class Standing:
    """What stands on one issue: all labels, and every comment with whether milepost's account wrote it."""

    labels: frozenset[str]
    comments: tuple[tuple[bool, str], ...]

    @property
    def ours(self) -> tuple[str, ...]:
        """The text of the comments by milepost's account."""
        return tuple(body for mine, body in self.comments if mine)

    @property
    def foreign(self) -> "Standing":
        """What milepost must not touch."""
        labels = frozenset(name for name in self.labels if not name.startswith(PREFIX))
        return Standing(labels, tuple(one for one in self.comments if not one[0]))


class House:
    """One installation of milepost and the world around it; every `sync` is a run of its own."""

    def __init__(self, folder: Path, world: World, server: SandboxServer, face: str, mapping: str) -> None:
        self.folder = folder
        self.world = world
        self.server = server
        self.face = face
        self.mapping = mapping
        self.tracker_names = ["jira", "github"]
        self.settings: dict[str, dict[str, Any]] = {"jira": {}, "github": {}}
        """Settings of a tracker beside those that every test has, by tracker."""
        self.publish = PublishPolicy()
        self.limits = LimitPolicy()
        self.progress = ProgressPolicy()
        self.health = HealthPolicy()
        self.reconcile_every = timedelta(hours=24)
        self.stop = Stop()
        self.zone: tzinfo = UTC
        self.ahead = timedelta(0)
        """By how much the clock of this machine is ahead of the trackers'."""

    @property
    def jira(self) -> JiraSite:
        site = self.world.sites["jira"]
        assert isinstance(site, JiraSite)
        return site

    @property
    def github(self) -> GitHubSite:
        site = self.world.sites["github"]
        assert isinstance(site, GitHubSite)
        return site

    @property
    def database(self) -> Path:
        return self.folder / "milepost.db"

    def now(self) -> datetime:
        """The time by the clock of this machine."""
        return self.world.clock.now() + self.ahead

    # Runs

    @contextmanager
    def job(self, *, force: bool | Release = False, full: bool = False) -> Iterator[RunContext]:
        """A job wired as the commands wire it."""
        settings = {name: self._settings(name) for name in self.tracker_names}
        infos: dict[str, TrackerInfo] = {name: each.info(name) for name, each in settings.items()}
        (self.folder / "mapping.toml").write_text(self.mapping, encoding="utf-8")
        loaded = load(["mapping.toml"], self.folder, tuple(infos.values()))
        with ExitStack() as stack:
            store = stack.enter_context(self.opened())
            yield RunContext(
                mapping=loaded.mapping,
                infos=infos,
                trackers={name: self._open(name, settings[name], store, stack) for name in settings},
                store=store,
                progress=self.progress,
                health=self.health,
                publish=self.publish,
                limits=self.limits,
                pulls=ReconcileRules(
                    self.reconcile_every,
                    self.limits.max_lost_percent,
                    full=full,
                    never_held=self.limits.never_held,
                ),
                force=Release(everything=force) if isinstance(force, bool) else force,
                now=self.now(),
                stop=self.stop,
                zone=self.zone,
                problem=loaded.problem,
            )

    def opened(self) -> AbstractContextManager[Store]:
        """The store, opened for one run."""
        return open_store(self.database)

    def sync(
        self,
        *,
        force: bool | Release = False,
        full: bool = False,
        step: Callable[[int, int], None] = lambda *_: None,
    ) -> Report:
        """One run."""
        with self.job(force=force, full=full) as job, job.store.lock():
            return sync(job, step)

    def plan(self) -> Conclusion:
        """A run up to its plan."""
        with self.job() as job:
            return conclude(job)

    def undo(self, run: int | None = None, *, everything: bool = False) -> tuple[str, ...]:
        """Take back a run (None: the last that wrote), or everything; what was held back and why."""
        with self.job() as job:
            runs = runs_to_undo(job.store, run, everything=everything)
            plan, written = undo(job, runs)
        assert all(each.outcome == "done" for each in written), written
        return tuple(f"{held.what}: {held.why}" for held in plan.held)

    def agreed(self) -> Report:
        """A run after which nothing is left to do, shown by another that finds nothing."""
        report = self.sync()
        assert not report.failed, (report.line, report.conclusion.problems, report.conclusion.plan.held)
        again = self.plan()
        assert not again.plan.actions, sentences(again)
        assert not again.plan.held, again.plan.held
        return report

    def rested(self) -> None:
        """Nobody asks to stop any more, as after a new start."""
        self.stop = Stop()

    # The truth

    def standing(self) -> dict[str, Standing]:
        """Everything that could be written to, by key, as the trackers hold it."""
        found: dict[str, Standing] = {}
        bot = self.jira.bot.id
        for issue in self.jira.issues.values():
            comments = tuple((one.author == bot, unsigned(one.body)) for one in self.jira.comments(issue.key))
            found[issue.key] = Standing(frozenset(issue.labels), comments)
        for row in self.github.issues.values():
            said = tuple((one.author == BOT, unsigned(one.body)) for one in row.comments)
            found[self.github.key(row)] = Standing(frozenset(self.github.label_names(row)), said)
        return found

    def foreign(self) -> dict[str, Standing]:
        """The part of the truth that belongs to other people."""
        return {key: standing.foreign for key, standing in self.standing().items()}

    def ours(self) -> dict[str, str]:
        """The one comment of ours on each issue that has any; two on one issue fail the test."""
        found = {key: standing.ours for key, standing in self.standing().items() if standing.ours}
        assert all(len(bodies) == 1 for bodies in found.values()), found
        return {key: bodies[0] for key, bodies in found.items()}

    def labels(self) -> dict[str, set[str]]:
        """Our labels by issue, where there are any."""
        named = {
            key: {name for name in standing.labels if name.startswith(PREFIX)}
            for key, standing in self.standing().items()
        }
        return {key: names for key, names in named.items() if names}

    def definitions(self, repo: str = "acme/site") -> set[str]:
        """The names of all labels that a repository defines."""
        return {label.name for label in self.github.repo(repo).labels.values()}

    # The wire

    def watch(self) -> "Watch":
        """From now on count what is written."""
        return Watch(self, len(self.server.log))

    def _settings(self, name: str) -> TrackerSettings:
        found = connector(name.partition("_")[0])
        assert found is not None
        common = {
            "url": self.server.url(name),
            "token": "sandbox",
            "write_spacing": 0,
            "backoff": 0,
            "attempts": 2,
        }
        own: dict[str, Any] = {"repositories": ["acme/site"]}
        if found.kind == "jira":
            own = {"projects": ["BLOG", "MKT"], "site_url": f"https://{name}.example"}
            own |= {"email": "milepost@sandbox.test"} if self.face == CLOUD else {}
        return found.settings.model_validate({"kind": found.kind, **common, **own, **self.settings[name]})

    def _open(self, name: str, settings: TrackerSettings, store: Store, stack: ExitStack) -> Tracker:
        found = connector(settings.kind)
        assert found is not None
        tracker = found.open(
            name,
            settings,
            memory=store.memory(name),
            clock=self.now,
            notify=lambda _line: None,
        )
        stack.callback(tracker.close)
        return tracker


@dataclass(frozen=True)
class Watch:
    """What goes over the wire from a moment on."""

    house: House
    start: int

    @property
    def writes(self) -> list[Logged]:
        """The requests that asked for a change, whatever came of them."""
        later = self.house.server.log[self.start :]
        return [each for each in later if each.method != "GET" and not READS.search(each.path)]

    @property
    def edited(self) -> list[str]:
        """The issues whose comments were edited, once for each request, in order of their keys."""
        return self._about("PUT", "PATCH")

    @property
    def created(self) -> list[str]:
        """The issues on which a comment was created, once for each request."""
        return self._about("POST")

    @property
    def deleted(self) -> list[str]:
        """The issues from which a comment was deleted, once for each request."""
        return self._about("DELETE")

    @property
    def labelled(self) -> list[Logged]:
        """What was asked to change of labels on issues, and of their definitions."""
        return [each for each in self.writes if "/comment" not in each.path]

    def _about(self, *methods: str) -> list[str]:
        asked = [each for each in self.writes if "/comment" in each.path and each.method in methods]
        return sorted(self._issue(each) for each in asked)

    def _issue(self, request: Logged) -> str:
        """The key of the issue that a request about a comment names, by its path."""
        here = self.house
        if request.site == "jira":
            return here.jira.issue(request.path.partition("/issue/")[2].partition("/")[0]).key
        created = re.search(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments", request.path)
        if created:
            return here.github.key(here.github.issue(f"{created[1]}#{created[2]}"))
        found = here.github.comment_by_id(int(request.path.rpartition("/")[2]))
        return here.github.key(found[0]) if found else "a comment that is gone"


@contextmanager
def house(folder: Path, face: str = CLOUD, mapping: str = MARKETING) -> Iterator[House]:
    """The seeded world, running, and an installation that has not run yet."""
    world = world_for({"jira": ("jira", face), "github": ("github", None)})
    with SandboxServer(world) as server, kept_to(server):
        yield House(folder, world, server, face, mapping)


def mark_in(comment: Any) -> Mark | None:
    """The mark of a comment as a sandbox stores it: beside its text, or in it."""
    beside = getattr(comment, "properties", {}).get("milepost")
    return (read_mark(beside["mark"]) if beside else None) or parse_mark(comment.body)


def sentences(done: Report | Conclusion) -> list[str]:
    """What was planned."""
    concluded = done.conclusion if isinstance(done, Report) else done
    return [action.sentence for action in concluded.plan.actions]


def percents(body: str) -> list[int]:
    """The percentages in the headline of a comment."""
    return [int(found) for found in re.findall(r"(\d+)%", body.splitlines()[0])]


def unsigned(body: str) -> str:
    """A comment without the random id of the installation that wrote it: two installations differ in it.

    And without the mark in words, which a Jira shows until it was seen to keep marks elsewhere.
    """
    body = re.sub(rf"\n+_{KEPT_BY}milepost:\S+_(?=\s*$)", "", body)
    return re.sub(r"(?<=/)[0-9a-f]{8}(?=\.[0-9a-f]{6}:)", "00000000", body)


def plain(body: str) -> str:
    """A comment without the invisible signs that keep its references from firing."""
    return body.replace("&#8203;", "").replace("\u200b", "")


def without(mapping: str, *tables: str) -> str:
    """A mapping without these tables, such as `milestones.blog`; a table's rules go with it."""
    parts = re.split(r"(?m)^(?=\[)", mapping)
    gone: Sequence[str] = [f"{table}{end}" for table in tables for end in ("]", ".")]
    return "".join(part for part in parts if not part.lstrip("[").startswith(tuple(gone)))


def milestone(name: str, rule: str, more: str = "") -> str:
    """The TOML of a milestone with one rule."""
    head = f'\n[milestones.{name}]\ntitle = "The {name}"\nleads_to = "visitors"\n{more}\n'
    return f"{head}\n[[milestones.{name}.rules]]\n{rule}\n"


def change_of(body: str) -> tuple[int, int]:
    """From where to where a comment's change section says that its milestone went, in percent."""
    found = re.search(r"Since [\d-]+: (\d+)% → (\d+)%", body)
    assert found, body
    return int(found[1]), int(found[2])


def points_of(body: str) -> list[int]:
    """The signed points of every part of a comment's change section."""
    found = re.findall(r"(?m)^\W*([+−]\d+) points? ·", body)
    return [int(each.replace("−", "-")) for each in found]


def counted(standing: Mapping[str, Standing]) -> int:
    """How many comments of ours there are."""
    return sum(len(each.ours) for each in standing.values())
