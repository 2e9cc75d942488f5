"""The world of the isolation campaign: places with milestones of their own, a story, what rests on what."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.publish.publish_policy import LimitPolicy
from tests.runs import MARKETING, House, milestone

RUNS = 10
DAY = 86_400.0
QUARTER = 900.0
NAMED, ORGANISATION = "named", "organisation"
"""The two scopes of GitHub."""

MAPPING = (
    MARKETING
    + milestone("shop", 'repository = "acme/shop"', 'tracking = "acme/shop#1"')
    + milestone("words", 'project = "MKT"\nlabel = "words"', 'tracking = "MKT-7"')
    + milestone("pages", 'project = "BLOG"\nlabel = "pages"', 'tracking = "BLOG-8"')
    + milestone("asked", 'jql = "labels = asked"', 'tracking = "MKT-9"')
    + milestone("found", 'search = "label:found"', 'tracking = "acme/shop#4"')
    + milestone("forest", 'sub_issues_of = "acme/shop#5"')
)
"""The example, and milestones that rest on one container or one query alone."""

GOAL = "MKT-1"
"""Where the goal is tracked, to which all milestones lead."""
TRACKING: Mapping[str, tuple[str, ...]] = {
    "BLOG-1": ("blog",),
    "MKT-1": ("blog", "site", "newsletter", "shop", "words", "pages", "asked", "found", "forest"),
    "MKT-2": ("newsletter",),
    "acme/site#1": ("site",),
    "acme/shop#1": ("shop",),
    "MKT-7": ("words",),
    "BLOG-8": ("pages",),
    "MKT-9": ("asked",),
    "acme/shop#4": ("found",),
    "acme/shop#5": ("forest",),
}
"""Which milestones the comment on each tracking issue tells of."""
JIRA, TREES, SEARCHES = "jira", "github trees", "github searches"
SOURCES: Mapping[str, frozenset[str]] = {
    "blog": frozenset({JIRA, "BLOG", "BLOG-1", "BLOG-4"}),
    "site": frozenset({"acme/site", TREES, "acme/site#1", "acme/site#4"}),
    "newsletter": frozenset({JIRA, "MKT", "MKT-5", "acme/site"}),
    "shop": frozenset({"acme/shop", TREES, "acme/shop#1", "acme/shop#2", "acme/shop#5", "acme/shop#6"}),
    "words": frozenset({JIRA, "MKT", "MKT-8"}),
    "pages": frozenset({JIRA, "BLOG"}),
    "asked": frozenset({JIRA, "MKT", "the JQL"}),
    "found": frozenset({"acme/shop", SEARCHES}),
    "forest": frozenset({"acme/shop", TREES, "acme/shop#5", "acme/shop#6"}),
}
"""What the numbers of each milestone come from, and the issues among it whose rows are spoilt."""
ROWS = (
    "BLOG-1",
    "BLOG-4",
    "MKT-5",
    "MKT-6",
    "MKT-8",
    "acme/site#4",
    "acme/site#8",
    "acme/shop#2",
    "acme/shop#6",
)
"""Issues whose rows are spoilt, wherever they come: tracking issues, tasks, and two that count nowhere."""
REPOSITORIES = frozenset({"acme/site", "acme/shop"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One path of one tracker that a run asks for, or a part of it by method or body."""

    site: str
    path: str
    method: str | None = None
    body: str | None = None
    """Matches the bodies of the requests that are meant."""
    sources: frozenset[str] = frozenset()
    """What it stands for, where the path alone does not say."""

    @property
    def pattern(self) -> str:
        """Matches the path and no other."""
        return f"^{re.escape(self.path)}$"

    def __str__(self) -> str:
        part = f" with {self.body}" if self.body else ""
        return f"{self.site} {self.method or 'any'} {self.path}{part}"


@dataclass(frozen=True, slots=True)
class Text:
    """What a comment says of its own milestones, and the labels, of one issue."""

    comment: str
    labels: frozenset[str]


def furnish(here: House) -> None:
    """More places in the world, each with a milestone of its own."""
    here.github.create_repo("acme/shop")
    here.github.create_issue("acme/shop", "Open a shop")
    here.github.create_issue("acme/shop", "Choose what to sell")
    here.github.create_issue("acme/shop", "Find out what it costs", labels=["found"])
    here.github.create_issue("acme/shop", "Be found", labels=["found"])
    here.github.create_issue("acme/shop", "Plant a forest")
    here.github.create_issue("acme/shop", "Plant the first tree")
    here.github.add_sub_issue("acme/shop#5", "acme/shop#6")
    here.jira.create_issue("MKT", "Find better words", type="Epic")
    here.jira.create_issue("MKT", "Read what others write", labels=["words"])
    here.jira.create_issue("BLOG", "Better pages", type="Epic")
    here.jira.create_issue("BLOG", "Shorten the longest page", labels=["pages"])
    here.jira.create_issue("MKT", "Answer what is asked", type="Epic")
    here.jira.create_issue("MKT", "Answer the first question", labels=["asked"])


def configure(here: House, scope: str) -> None:
    """Let it read all of that, and let no limit hold what this world does at once."""
    here.settings["github"] = (
        {"repositories": sorted(REPOSITORIES)}
        if scope == NAMED
        else {"repositories": [], "organization": "acme"}
    )
    here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=100, max_removed_percent=100)


Step = Callable[[House], None]
JIRA_TASKS = ("BLOG-2", "BLOG-4", "BLOG-5", "MKT-4", "MKT-5", "MKT-8", "BLOG-9", "MKT-10")
GITHUB_TASKS = ("acme/site#4", "acme/site#5", "acme/site#7", "acme/shop#2", "acme/shop#3", "acme/shop#6")


def steps(seed: int) -> list[Step]:
    """What happens before each run: time goes by, and before every other one tasks move everywhere."""
    dice = random.Random(seed)

    def step(number: int, jira: list[tuple[str, str]], github: list[str]) -> Step:
        def happen(here: House) -> None:
            here.world.clock.advance(DAY / 2 if number in (3, 7) else QUARTER)
            for key, status in jira:
                here.jira.transition(key, status)
            for key in github:
                opened = here.github.issue(key).state == "open"
                (here.github.close if opened else here.github.reopen)(key)

        return happen

    made = []
    for number in range(RUNS):
        moves = number % 2 == 0
        jira = [(key, dice.choice(["To Do", "Done"])) for key in dice.sample(JIRA_TASKS, 3 if moves else 0)]
        made.append(step(number, jira, dice.sample(GITHUB_TASKS, 2 if moves else 0)))
    return made


def resting_on(
    resource: Resource, here: House, right: Mapping[str, Text], *, everything: bool
) -> tuple[set[str], set[str]]:
    """The keys of the issues whose comment, and of those whose labels, may rest on this resource.

    `right`: what stands without the fault. `everything`: its answer speaks for the tracker as a whole.
    """
    if everything:
        jira = resource.site == "jira"
        return _of_sources(frozenset({JIRA}) if jira else REPOSITORIES | {TREES, SEARCHES}, here, right)
    if resource.sources:
        return _of_sources(resource.sources, here, right)
    return _in_jira(resource, here, right) if resource.site == "jira" else _in_github(resource, here, right)


def _in_jira(resource: Resource, here: House, right: Mapping[str, Text]) -> tuple[set[str], set[str]]:
    numbered = re.search(r"/issue/(\d+)(/comment)?", resource.path)
    if numbered:
        return _of_issue(here.jira.issue(numbered[1]).key, resource, here)
    project = re.search(r"/project/([A-Z]+)", resource.path)
    return _of_sources({project[1] if project else JIRA}, here, right)


def _in_github(resource: Resource, here: House, right: Mapping[str, Text]) -> tuple[set[str], set[str]]:
    numbered = re.match(r"/repos/([^/]+/[^/]+)/issues/(\d+)", resource.path)
    if numbered:
        return _of_issue(f"{numbered[1]}#{numbered[2]}", resource, here)
    if re.match(r"/repos/[^/]+/[^/]+/issues/comments/", resource.path):
        row = here.github.comment_by_id(int(resource.path.rpartition("/")[2]))
        return ({here.github.key(row[0])} if row else set()), set()
    if re.match(r"/repos/[^/]+/[^/]+/labels", resource.path):
        home = "/".join(resource.path.split("/")[2:4])
        return set(), {key for key in here.standing() if key.startswith(f"{home}#")}
    repository = re.match(r"/repos/([^/]+/[^/]+)", resource.path)
    if repository:
        return _of_sources({repository[1]}, here, right)
    if resource.path.endswith("/graphql"):
        return _of_sources({TREES}, here, right)
    if resource.path.startswith("/search"):
        return _of_sources({SEARCHES}, here, right)
    return _of_sources(REPOSITORIES | {TREES, SEARCHES}, here, right)


def _of_issue(key: str, resource: Resource, here: House) -> tuple[set[str], set[str]]:
    """Writing to an issue concerns it alone; what is read of it may be what its milestones count."""
    del resource, here
    return {key}, {key}


def _of_sources(
    sources: frozenset[str] | set[str], here: House, right: Mapping[str, Text]
) -> tuple[set[str], set[str]]:
    down = {name for name, drawn in SOURCES.items() if drawn & sources}
    homes = ["BLOG-", "MKT-"] if JIRA in sources else [f"{one}-" for one in sources if one.isupper()]
    whole = (*homes, *(f"{source}#" for source in sources & REPOSITORIES))
    placed = {key for key in here.standing() if key.startswith(whole)}
    comments = {key for key, told in TRACKING.items() if down.intersection(told)}
    # A label tells of health and progress of what its issue is tagged to or tracks.
    return comments | placed, comments | placed | _tagged(down, here, right)


def _tagged(down: set[str], here: House, right: Mapping[str, Text]) -> set[str]:
    """Issues that carry, or will carry, a label of one of these milestones."""
    names = {f"mp/milestone/{name}" for name in down}
    now = {key for key, standing in here.standing().items() if names & standing.labels}
    return now | {key for key, text in right.items() if names & text.labels}


def texts(here: House) -> dict[str, Text]:
    """By key: our comment without what it leads to and since when, and our labels."""
    found = {}
    for key, standing in here.standing().items():
        body = "\n---\n".join(sorted(standing.ours))
        own = re.split(r"\*\*Leads to\*\*|\*Leads to\*|h\d\. Leads to", body)[0]
        own = re.sub(r"(?s)\*+Since .*?(?=\n\n\S*\*|\Z)", "", own)
        own = re.sub(r"\n\s*\n", "\n", re.sub(r"(_Kept up to date by )?milepost:\S+", "", own))
        found[key] = Text(own, frozenset(name for name in standing.labels if name.startswith("mp/")))
    return found
