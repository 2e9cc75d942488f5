"""One installation over places of every audience, with a word of its own in each field that people read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.audience import Audience
from tests.runs import CLOUD, House, house

PUBLIC, ORGANISATION, RESTRICTED = Audience
ORDER = list(Audience)
PLACES = {
    "acme/site#10": PUBLIC,
    "acme/inner#1": ORGANISATION,
    "MKT-9": PUBLIC,
    "BLOG-8": ORGANISATION,
    "BLOG-9": RESTRICTED,
}
"""The tracking issues by key, and who may read each."""
REPOSITORIES = {"repositories": ["acme/site", "acme/inner"]}


class Words:
    """Makes words that tell by themselves whom they are meant for; another `seed` makes others."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __call__(self, audience: Audience, what: str) -> str:
        return f"zq{self._seed if audience is not PUBLIC else ''}{audience.value[:3]}{what}"


def readable(audience: Audience) -> set[str]:
    """How the words begin that the readers of such a place may be told, whatever the seed."""
    return {each.value[:3] for each in ORDER[: audience.narrowness + 1]}


def mapping_of(words: Words, figure: int) -> str:
    """A goal, a key result and a milestone for each audience; each milestone counts tasks everywhere."""
    tables = []
    tracking = {
        audience: [key for key, place in PLACES.items() if place is audience] for audience in Audience
    }
    for audience in Audience:
        name = words(audience, "id")
        ids = {kind: f"{name}-{kind}" for kind in ("goal", "result", "guard", "stone")}
        private = figure if audience is not PUBLIC else 40
        tables.append(f'''
[goals.{ids["goal"]}]
title = "{words(audience, "goaltitle")}"
owner = "{words(audience, "goalowner")}"
audience = "{audience}"
start = 2026-01-01
due = 2026-12-31

[key_results.{ids["result"]}]
goal = "{ids["goal"]}"
title = "{words(audience, "resulttitle")}"
audience = "{audience}"
metric = {{ start = 0, target = 997, current = {private}, unit = "{words(audience, "unit")}" }}

[key_results.{ids["guard"]}]
goal = "{ids["goal"]}"
title = "{words(audience, "guardtitle")}"
audience = "{audience}"
guardrail = {{ keep_below = 500, current = {private}, unit = "{words(audience, "unit")}" }}

[milestones.{ids["stone"]}]
title = "{words(audience, "stonetitle")}"
owner = "{words(audience, "stoneowner")}"
audience = "{audience}"
start = 2026-01-01
due = 2026-12-31
leads_to = {[f"{words(each, 'id')}-result" for each in Audience]!r}
tracking = {[key for keys in tracking.values() for key in keys]!r}

[[milestones.{ids["stone"]}.rules]]
tracker = "jira"
label = "counted"

[[milestones.{ids["stone"]}.rules]]
tracker = "github"
label = "counted"
''')
    return "\n".join(tables)


@contextmanager
def world(folder: Path, seed: str = "a", figure: int = 60, face: str = CLOUD) -> Iterator[House]:
    """Six open tasks for each audience, and an epic or tracking issue in every kind of place."""
    words = Words(seed)
    with house(folder, face, mapping_of(words, figure)) as here:
        jira, hub = here.jira, here.github
        here.settings["github"] = dict(REPOSITORIES)
        hub.create_repo("acme/inner")
        hub.show_repo("acme/site", "public")
        jira.open_project("MKT")
        for key in ("acme/site#10", "MKT-9", "BLOG-8", "BLOG-9", "acme/inner#1"):
            container = key.rpartition("#" if "#" in key else "-")[0]
            title = words(PLACES[key], "tracking")
            made = hub.key(hub.create_issue(container, title)) if "#" in key else ""
            made = made or fill_up(here, container, key, title)
            assert made == key
        jira.secure("BLOG-9", "Board", seen=True)
        for audience in (ORGANISATION, RESTRICTED):
            jira.add_status(words(audience, "status"), "indeterminate")
        for number in range(3):
            hub.create_issue("acme/site", words(PUBLIC, f"task{number}"), labels=["counted"])
            hub.create_issue("acme/inner", words(ORGANISATION, f"task{number}"), labels=["counted"])
            jira.create_issue("MKT", words(PUBLIC, f"task{number}"), labels=["counted"])
            secret = ("BLOG", ORGANISATION), ("BLOG", RESTRICTED)
            for project, audience in secret:
                key = jira.create_issue(project, words(audience, f"task{number}"), labels=["counted"]).key
                jira.edit(key, assignee=words(audience, "person"))
                if audience is RESTRICTED:
                    jira.secure(key, "Board", seen=True)
                jira.transition(key, words(audience, "status"))
        counted = [each.key for each in jira.issues.values() if "counted" in each.labels]
        for key, by in zip(counted, [*counted[1:], counted[0]], strict=True):
            jira.block(key, by)  # an open task of each audience waits for one of each other
        tasks = [hub.key(row) for row in hub.issues.values() if "counted" in hub.label_names(row)]
        for key, by in zip(tasks, [*tasks[1:], tasks[0]], strict=True):
            hub.block(key, by)
        yield here


def fill_up(here: House, project: str, key: str, title: str) -> str:
    """Make issues until the next one bears this key."""
    while True:
        made = here.jira.create_issue(project, title, type="Epic").key
        if made == key:
            return made


def later_in_the_world(here: House, seed: str = "a") -> None:
    """One task of each audience gets done, and one moves on, so that every comment has changes to tell."""
    for issue in [each for each in here.jira.issues.values() if "counted" in each.labels][::3]:
        here.jira.transition(issue.key, "Done", "Done")
    for row in [each for each in here.github.issues.values() if "counted" in here.github.label_names(each)][
        ::3
    ]:
        here.github.close(here.github.key(row))


def published(here: House, audience: Audience) -> dict[str, str]:
    """By place that these may read: everything of ours that stands there, as bytes would show it."""
    found: dict[str, str] = {}
    for key, standing in here.standing().items():
        if place_of(here, key) is audience:
            ours = sorted(name for name in standing.labels if name.startswith("mp/"))
            found[key] = "\n".join([*standing.ours, *ours])
    for repo in here.github.repos.values():
        if (PUBLIC if not repo.private else ORGANISATION) is audience:
            found[repo.full_name] = "\n".join(
                f"{label.name} {label.color} {label.description}"
                for label in repo.labels.values()
                if label.name.startswith("mp/")
            )
    return found


def place_of(here: House, key: str) -> Audience:
    """Who may read an issue, by the world's own truth."""
    if "#" in key:
        return ORGANISATION if here.github.repo(key.partition("#")[0]).private else PUBLIC
    issue = here.jira.issue(key)
    if issue.security is not None:
        return RESTRICTED
    return PUBLIC if here.jira.projects[issue.project].public else ORGANISATION
