"""The first state of the built-in trackers: a marketing team in the middle of its first quarter."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.world import Clock, Site, World

BEGIN = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
"""When the team set its issues up."""
TODAY = datetime(2027, 2, 15, 9, 0, tzinfo=UTC)
"""The sandbox's present: half of the quarter has passed."""

FACES = {"jira": ("", "cloud", "datacenter"), "github": ("", "cloud")}
"""What may follow `sandbox:`, by kind; nothing means the cloud."""


def world_for(requested: Mapping[str, tuple[str, str | None]], world: World | None = None) -> World:
    """The world with a seeded site for each wanted tracker: name -> (kind, face). Sites that are there stay.

    Raises ValueError for a kind or a face that the sandbox does not have.
    """
    world = world or World(Clock(TODAY), {})
    for name, (kind, face) in requested.items():
        if kind not in FACES or (face or "") not in FACES[kind]:
            existing = ", ".join(f'"sandbox:{item}"' for item in FACES.get(kind, ())) or "none"
            message = f'trackers.{name}: there is no built-in tracker "sandbox:{face or ""}" of kind {kind}'
            raise ValueError(f"{message}; there is {existing}")
        if name in world.sites:
            continue
        now = world.clock.now()
        world.clock.set(BEGIN)
        site = _site(name, kind, face or "cloud", world.clock)
        world.clock.set(max(now, TODAY))
        world.sites[name] = site
    return world


def _site(name: str, kind: str, face: str, clock: Clock) -> Site:
    if kind == "jira":
        jira = JiraSite(name, face="datacenter" if face == "datacenter" else "cloud")
        jira.clock = clock
        _seed_jira(jira)
        return jira
    github = GitHubSite(name)
    github.clock = clock
    _seed_github(github)
    return github


def _days(clock: Clock, days: int) -> None:
    clock.advance(timedelta(days=days).total_seconds())


def _seed_jira(jira: JiraSite) -> None:
    ana, ben = jira.person("ana"), jira.person("ben")
    jira.create_issue("MKT", "Show people how our company works", labels=["quarter-goal"], by=ana)
    jira.create_issue("MKT", "Launch a monthly newsletter", type="Epic", labels=["content"], by=ana)
    jira.create_issue("BLOG", "Set up an attractive blog", type="Epic", labels=["content", "Q1"], by=ana)
    blog = {
        "home": "Create blog homepage",
        "structure": "Set up post structure",
        "authors": "Create authors page with photo and description",
        "posts": "Write 5 initial posts",
        "guests": "Add a guest book",
    }
    keys = {
        name: jira.create_issue("BLOG", title, parent="BLOG-1", by=ben).key for name, title in blog.items()
    }
    posts = ["Who we are", "A day with us", "What we build", "Meet our first customer", "Where we want to go"]
    written = "\n".join(f"- [{'x' if place < 3 else ' '}] {post}" for place, post in enumerate(posts))
    jira.edit(keys["posts"], description=f"One post for each part of the company:\n{written}", assignee="ben")
    jira.create_issue("BLOG", "Renew the lease of the printer", type="Task", labels=["office"], by=ana)
    changed = {
        "template": "Choose a template for the newsletter",
        "first": "Write the first issue",
        "list": "Import the addresses of people who asked for news",
    }
    letters = {
        name: jira.create_issue("MKT", title, labels=["newsletter"], by=ben).key
        for name, title in changed.items()
    }
    jira.create_issue("MKT", "Order business cards", by=ana)
    _days(jira.clock, 14)
    jira.transition(keys["home"], "Done", "Done")
    jira.comment("BLOG-1", "The homepage looks great, thank you all!", author=ana)
    _days(jira.clock, 7)
    jira.transition(keys["structure"], "Done", "Done")
    jira.transition(keys["guests"], "Done", "Won't Do")
    _days(jira.clock, 9)
    jira.edit(keys["authors"], assignee="ana")
    jira.transition(keys["authors"], "In Progress")
    jira.transition(letters["template"], "Done", "Done")
    jira.comment("MKT-2", "Can we send the first one before the fair?", author=ben)


def _seed_github(github: GitHubSite) -> None:
    repo = "acme/site"
    github.create_repo(repo)
    github.define_label(github.repo(repo), "seo", "fbca04", "Found by people who search")
    github.create_issue(
        repo, "Make the site easy to find", labels=["epic"], author="ana", body="What is missing:"
    )
    tasks = (
        "Add titles and descriptions to all pages",
        "Publish a sitemap",
        "Bring the start page below two seconds",
        "List the company in three directories",
        "Buy links",
    )
    for number, title in enumerate(tasks, start=2):
        github.create_issue(repo, title, labels=["seo"], author="ana")
        github.add_sub_issue(f"{repo}#1", f"{repo}#{number}")
    github.create_issue(repo, "Sign-up form for the newsletter", milestone="Newsletter", author="ben")
    github.create_issue(repo, "Footer shows last year", labels=["bug"], author="ben")
    github.create_issue(repo, "Correct the year in the footer", pull_request=True, author="ben")
    _days(github.clock, 20)
    github.close(f"{repo}#2")
    github.comment(f"{repo}#1", "Titles are done. @ben has a look at the sitemap next.", author="ana")
    _days(github.clock, 7)
    github.close(f"{repo}#6", reason="not_planned")
    github.close(f"{repo}#3")
