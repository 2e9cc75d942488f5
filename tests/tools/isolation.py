"""One resource answers one lasting fault for ten runs: everything that does not rest on it goes on.

`python -m tests.tools.isolation --help`. A resource is a path of a tracker that a run asks for. While it
answers the fault, the world goes on: tasks get done in every project and repository. What does not rest on
the resource must be as in a world without the fault, run by run; the requests of a run must not grow; and a
day after the fault is over everything must be as without it.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Html, Kind, Replace, Status
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from core.publish.policy import LimitPolicy
from core.sync import Report
from tests.runs import CLOUD, DATACENTER, MARKETING, House, milestone

RUNS = 10
DAY = 86_400.0
QUARTER = 900.0
MORE = (
    milestone("shop", 'repository = "acme/shop"', 'tracking = "acme/shop#1"')
    + milestone("words", 'project = "MKT"\nlabel = "words"', 'tracking = "MKT-7"')
    + milestone("pages", 'project = "BLOG"\nlabel = "pages"', 'tracking = "BLOG-8"')
)
"""Milestones that rest on one container alone, beside those of the example."""

TRACKING = {
    "BLOG-1": ("blog",),
    "MKT-1": ("blog", "site", "newsletter", "shop", "words", "pages"),
    "MKT-2": ("newsletter",),
    "acme/site#1": ("site",),
    "acme/shop#1": ("shop",),
    "MKT-7": ("words",),
    "BLOG-8": ("pages",),
}
"""Which milestones the comment on each tracking issue tells of."""
SOURCES = {
    "blog": {"jira"},
    "site": {"acme/site", "github trees"},
    "newsletter": {"jira", "acme/site"},
    "shop": {"acme/shop"},
    "words": {"jira"},
    "pages": {"jira"},
}
"""What the numbers of each milestone come from."""


def _odd(_request: Request, response: Response) -> Response:
    """The answer with every number as text and every text as a number."""
    body = re.sub(rb'": ?"[^"\\]*"', b'": 7', response.get_data())
    return Response(body, status=response.status_code, content_type="application/json")


FAULTS: Mapping[str, Kind] = {
    "500": Status(500, body={"message": "no"}),
    "403": Status(403, body={"message": "no"}),
    "404": Status(404, body={"message": "no"}),
    "410": Status(410, body={"message": "no"}),
    "451": Status(451, body={"message": "no"}),
    "HTML": Html(),
    "odd values": Replace(_odd),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One path of one tracker, which requests of a run name."""

    site: str
    path: str

    @property
    def pattern(self) -> str:
        """Matches the path and no other."""
        return f"^{re.escape(self.path)}$"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one trial; empty texts where all was well."""

    resource: Resource
    fault: str
    spilled: str = ""
    grew: str = ""
    not_healed: str = ""
    broke: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.spilled or self.grew or self.not_healed or self.broke)


@dataclass(frozen=True, slots=True)
class Text:
    """What a comment says of its own milestones, and the labels, of one issue."""

    comment: str
    labels: frozenset[str]


def resting_on(resource: Resource, here: House) -> tuple[set[str], set[str]]:
    """The keys of the issues whose comment, and of those whose labels, may rest on this resource."""
    if resource.site == "jira":
        found = re.search(r"/issue/(\d+)(/comment)?", resource.path)
        if found:
            key = here.jira.issue(found[1]).key
            return {key}, {key}
        return _of_sources({"jira"}, here)
    numbered = re.match(r"/repos/([^/]+/[^/]+)/issues/(\d+)", resource.path)
    if numbered:
        key = f"{numbered[1]}#{numbered[2]}"
        return {key}, {key}
    if re.match(r"/repos/[^/]+/[^/]+/issues/comments/", resource.path):
        row = here.github.comment_by_id(int(resource.path.rpartition("/")[2]))
        return ({here.github.key(row[0])} if row else set()), set()
    if re.match(r"/repos/[^/]+/[^/]+/labels", resource.path):
        home = "/".join(resource.path.split("/")[2:4])
        return set(), {key for key in here.standing() if key.startswith(f"{home}#")}
    repository = re.match(r"/repos/([^/]+/[^/]+)(/issues)?$", resource.path)
    if repository:
        return _of_sources({repository[1]}, here)
    if resource.path.endswith("/graphql"):
        return _of_sources({"github trees"}, here)
    return _of_sources({"acme/site", "acme/shop", "github trees"}, here)


def _of_sources(sources: set[str], here: House) -> tuple[set[str], set[str]]:
    down = {name for name, drawn in SOURCES.items() if drawn & sources}
    homes = ("BLOG-", "MKT-") if "jira" in sources else ()
    whole = [*homes, *(f"{source}#" for source in sources if "/" in source)]
    placed = {key for key in here.standing() if key.startswith(tuple(whole))} if whole else set()
    comments = {key for key, told in TRACKING.items() if down.intersection(told)}
    # A label tells of health and progress of what its issue is tagged to or tracks.
    return comments | placed, comments | placed | _tagged(down, here)


def _tagged(down: set[str], here: House) -> set[str]:
    """Issues that carry, or will carry, a label of one of these milestones."""
    names = {f"mp/milestone/{name}" for name in down}
    return {key for key, standing in here.standing().items() if names & standing.labels}


def texts(here: House) -> dict[str, Text]:
    """By key: our comment without what it leads to and since when, and our labels."""
    found = {}
    for key, standing in here.standing().items():
        body = "\n---\n".join(sorted(standing.ours))
        own = re.split(r"\*\*Leads to\*\*|\*Leads to\*|h\d\. Leads to", body)[0]
        own = re.sub(r"(?s)\*+Since .*?(?=\n\n\S*\*|\Z)", "", own)
        own = re.sub(r"\n\s*\n", "\n", re.sub(r"milepost:\S+", "", own))
        found[key] = Text(own, frozenset(name for name in standing.labels if name.startswith("mp/")))
    return found


WRONGS = ("spilled", "grew", "not_healed", "broke")

Step = Callable[[House], None]


def steps(seed: int) -> list[Step]:
    """What happens in the world before each run: some tasks move, in every project and repository."""
    dice = random.Random(seed)

    def step(here: House) -> None:
        here.world.clock.advance(QUARTER if dice.random() < 0.7 else DAY / 3)
        for key in dice.sample(["BLOG-2", "BLOG-4", "BLOG-5", "MKT-4", "MKT-5", "BLOG-9", "MKT-8"], 2):
            here.jira.transition(key, dice.choice(["To Do", "In Progress", "Done"]))
        for number in dice.sample(["acme/site#4", "acme/site#5", "acme/shop#2", "acme/shop#3"], 2):
            row = here.github.issue(number)
            if row.state == "open":
                here.github.close(number)
            else:
                here.github.reopen(number)

    return [step for _ in range(RUNS)]


def furnish(here: House) -> None:
    """More places in the world, each with a milestone of its own."""
    here.github.create_repo("acme/shop")
    here.github.create_issue("acme/shop", "Open a shop")
    here.github.create_issue("acme/shop", "Choose what to sell")
    here.github.create_issue("acme/shop", "Find out what it costs")
    here.jira.create_issue("MKT", "Find better words", type="Epic")
    here.jira.create_issue("MKT", "Read what others write", labels=["words"])
    here.jira.create_issue("BLOG", "Better pages", type="Epic")
    here.jira.create_issue("BLOG", "Shorten the longest page", labels=["pages"])
    here.settings["github"] = {"repositories": ["acme/site", "acme/shop"]}
    here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=100)


class Campaign:
    """One server; each trial begins with the same world and an empty store."""

    def __init__(self, face: str, server: SandboxServer, seed: int) -> None:
        self.face = face
        self.server = server
        self.seed = seed
        self._reference: list[dict[str, Text]] = []

    @contextmanager
    def house(self) -> Iterator[House]:
        """An installation that has not run, beside a world at its beginning."""
        with TemporaryDirectory() as folder:
            self.server.world = world_for({"jira": ("jira", self.face), "github": ("github", None)})
            self.server.clear_faults()
            self.server.log.clear()
            here = House(Path(folder), self.server.world, self.server, self.face, MARKETING + MORE)
            furnish(here)
            yield here
            self.server.clear_faults()

    def reference(self) -> list[dict[str, Text]]:
        """The texts after each run of the story without a fault."""
        if not self._reference:
            with self.house() as here:
                here.sync()
                for step in steps(self.seed):
                    step(here)
                    here.sync()
                    self._reference.append(texts(here))
                self._reference.append(self._after(here))
        return self._reference

    def resources(self) -> list[Resource]:
        """Every path that a run of the story asks for, the first run's among them."""
        with self.house() as here:
            here.sync()
            for step in steps(self.seed)[:5]:
                step(here)
                here.sync()
            asked = Counter(Resource(each.site, each.path) for each in self.server.log)
        return sorted(asked, key=lambda one: (one.site, one.path))

    def trial(self, resource: Resource, fault: str) -> Outcome:
        """Ten runs while the resource answers the fault, and a day after it is over."""
        reference = self.reference()
        try:
            with self.house() as here:
                return self._trial(here, resource, fault, reference)
        except Exception as error:
            return Outcome(resource, fault, broke=f"{type(error).__name__}: {error}"[:300])

    def _trial(
        self, here: House, resource: Resource, fault: str, reference: Sequence[Mapping[str, Text]]
    ) -> Outcome:
        here.sync()
        self.server.plan(Fault(kind=FAULTS[fault], site=resource.site, path=resource.pattern, times=None))
        spilled, requests, breaking = "", [], ""
        for number, step in enumerate(steps(self.seed)):
            before = len(self.server.log)
            step(here)
            report = here.sync()
            requests.append(len(self.server.log) - before)
            breaking = breaking or _broken(report)
            spilled = spilled or self._difference(here, resource, reference[number], number)
        self.server.clear_faults()
        healed = self._after(here)
        wrong = [key for key, text in reference[-1].items() if healed.get(key) != text]
        # The first faulted runs may try each place once; from then on a run must not ask more and more.
        early, late = max(requests[:4]), max(requests[6:])
        grew = f"{requests}" if late > early + 12 else ""
        return Outcome(resource, fault, spilled, grew, ", ".join(sorted(wrong)[:4]), breaking)

    def _difference(self, here: House, resource: Resource, expected: Mapping[str, Text], number: int) -> str:
        comments, labels = resting_on(resource, here)
        for key, text in texts(here).items():
            if key not in comments and text.comment != expected[key].comment:
                return f"run {number + 1}: the comment on {key} is not as without the fault"
            if key not in comments | labels and text.labels != expected[key].labels:
                return f"run {number + 1}: the labels of {key} are not as without the fault"
        return ""

    def _after(self, here: House) -> dict[str, Text]:
        """What stands once nothing is wrong any more and a reconciliation has come by."""
        for _ in range(4):
            here.world.clock.advance(DAY / 3 + 60)
            here.sync()
        return texts(here)


def _broken(report: Report) -> str:
    """An error that says nothing to a person."""
    bare = [text for text in report.concluded.problems if not text.strip() or "Traceback" in text]
    return f"a problem without words: {bare[0]!r}" if bare else ""


@contextmanager
def campaign(face: str = CLOUD, seed: int = 1) -> Iterator[Campaign]:
    """A campaign whose waits take no time but the world's own."""
    world = world_for({"jira": ("jira", face), "github": ("github", None)})
    with ExitStack() as stack:
        server = stack.enter_context(SandboxServer(world))

        def wait(seconds: float) -> None:
            with server.world.lock:
                server.world.clock.advance(seconds)

        stack.enter_context(mock.patch("connectors.transport._interruptible", wait))
        yield Campaign(face, server, seed)


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures by fault, as Markdown."""
    lines = [
        "| fault | trials | spilled over | requests grew | not healed a day later | broke |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    groups = [(name, [one for one in outcomes if one.fault == name]) for name in FAULTS]
    for name, some in [*groups, ("all", list(outcomes))]:
        figures = [
            len(some),
            *(sum(bool(getattr(one, wrong)) for one in some) for wrong in WRONGS),
        ]
        lines.append(f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the campaign, or a part of it, and print its table; code 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--face", choices=[CLOUD, DATACENTER], default=CLOUD)
    parser.add_argument("--seconds", type=float, default=1200.0, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression for paths")
    chosen = parser.parse_args()
    end = time.monotonic() + chosen.seconds
    outcomes: list[Outcome] = []
    with campaign(chosen.face, chosen.seed) as trials:
        places = [one for one in trials.resources() if re.search(chosen.only, f"{one.site} {one.path}")]
        todo = [(place, fault) for place in places for fault in FAULTS]
        random.Random(chosen.seed).shuffle(todo)
        for place, fault in todo:
            if time.monotonic() > end:
                break
            outcomes.append(trials.trial(place, fault))
            if not outcomes[-1].fine:
                sys.stderr.write(f"{outcomes[-1]}\n")
    sys.stdout.write(f"{len(outcomes):,} of {len(todo):,} trials\n\n{table(outcomes)}\n")
    sys.exit(0 if all(one.fine for one in outcomes) else 1)


if __name__ == "__main__":
    main()
