"""A small world for long histories: two trackers, every kind of rule, and every move that the sandbox can."""

import random

from connectors.sandbox.github_truth.truth import BOT
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.world import Clock, World

MAPPING = """
[goals.show]
title = "Show how we work"
tracking = "MKT-1"

[key_results.reach]
goal = "show"
title = "Be seen"

[milestones.epic]
title = "Everything below an epic"
leads_to = "reach"
[[milestones.epic.rules]]
epic = "BLOG-1"

[milestones.named]
title = "What is called so"
leads_to = "reach"
tracking = "MKT-2"
[[milestones.named.rules]]
project = "MKT"
label = "news"
[[milestones.named.rules]]
project = "MKT"
fix_version = "1.0"

[milestones.kinds]
title = "What is of this kind"
leads_to = "reach"
tracking = "BLOG-2"
[[milestones.kinds.rules]]
project = "BLOG"
component = "Web"
[[milestones.kinds.rules]]
tracker = "jira"
sprint = "Sprint 1"
[[milestones.kinds.rules]]
tracker = "jira"
type = "Story"

[milestones.site]
title = "A tree on GitHub"
leads_to = "reach"
[[milestones.site.rules]]
sub_issues_of = "acme/site#1"

[milestones.docs]
title = "Lists on GitHub"
leads_to = "reach"
tracking = "acme/docs#1"
[[milestones.docs.rules]]
repository = "acme/docs"
any = [{ label = "words" }, { github_milestone = "Q1" }]
[[milestones.docs.rules]]
repository = "acme/shop"
type = "Task"
"""
"""No dates: health would move by itself while nothing happens."""

REPOSITORIES = ("acme/site", "acme/docs", "acme/shop")
KEPT_KEYS = ("MKT-1", "MKT-2", "BLOG-1", "BLOG-2")
"""Issues that the mapping names; what happens to them beside edits is another matter."""


def new_world(face: str) -> World:
    """The world at its beginning."""
    clock = Clock()
    jira = JiraSite("jira", "datacenter" if face == "datacenter" else "cloud", clock)
    for project, title, kind in (
        ("MKT", "Goal", "Task"),
        ("MKT", "News", "Task"),
        ("BLOG", "Blog", "Epic"),
        ("BLOG", "Kinds", "Task"),
    ):
        jira.create_issue(project, title, type=kind)
    jira.create_issue("BLOG", "Post", parent="BLOG-1", components=["Web"], points=3)
    jira.create_issue("BLOG", "Story", type="Story", parent="BLOG-1", sprints=["Sprint 1"])
    jira.create_issue("BLOG", "Draft", type="Sub-task", parent="BLOG-3")
    jira.create_issue("MKT", "Letter", labels=["news"], priority="High")
    jira.create_issue("MKT", "Release", versions=["1.0"])
    jira.create_issue("MKT", "Office", labels=["office"])
    github = GitHubSite("github")
    github.clock = clock
    for name in REPOSITORIES:
        github.create_repo(name)
    github.create_repo("acme/late", role="none")
    for title in ("Site", "Map", "Speed", "Links"):
        github.create_issue("acme/site", title)
    for number in (2, 3):
        github.add_sub_issue("acme/site#1", f"acme/site#{number}")
    github.create_issue("acme/docs", "Docs")
    github.create_issue("acme/docs", "Words", labels=["words"])
    github.create_issue("acme/docs", "Quarter", milestone="Q1")
    github.create_issue("acme/shop", "Shop", type="Task")
    github.create_issue("acme/late", "Late", labels=["milestone/docs"])
    github.add_sub_issue("acme/site#1", "acme/shop#1")
    return World(clock, {"jira": jira, "github": github})


class Sites:
    """The two sites of a world, and what a history has to remember of them."""

    def __init__(self, world: World, dice: random.Random) -> None:
        jira, github = world.sites["jira"], world.sites["github"]
        assert isinstance(jira, JiraSite)
        assert isinstance(github, GitHubSite)
        self.world, self.jira, self.github, self.dice = world, jira, github, dice

    def number(self) -> int:
        """A number for new names."""
        return self.dice.randrange(1, 1000)

    def task(self) -> JiraIssue:
        """A Jira issue that the mapping does not name."""
        kept = {self.jira.issue(key).id for key in KEPT_KEYS}
        return self.dice.choice([one for one in self.jira.issues.values() if one.id not in kept])

    def work(self) -> str:
        """The key of a GitHub issue that the mapping does not name."""
        roots = {self.github.issue(key).id for key in ("acme/site#1", "acme/docs#1")}
        return self.github.key(
            self.dice.choice([one for one in self.github.issues.values() if one.id not in roots])
        )

    def repo(self) -> str:
        """The name of a repository today."""
        return self.dice.choice(list(self.github.repos.values())).full_name

    def project(self) -> str:
        """The key of a project today."""
        return self.dice.choice(list(self.jira.projects))


def readable_again(at: Sites, *, organisation: bool) -> None:
    """Give back what keeps a configured place from being read, so that a fresh store can know it."""
    for project in at.jira.projects.values():
        project.hidden = project.archived = False
    for issue in at.jira.issues.values():
        issue.archived = False
    at.jira.bulk_errors.clear()
    at.jira.changes += 1
    for repo in at.github.repos.values():
        repo.blocked, repo.has_issues = "", True
        unseen = at.github.role(repo, at.github.tokens["sandbox"]) == "none"
        if unseen and repo.name.partition("-")[0] != "late" and not organisation:
            at.github.grant(repo.full_name, BOT, "push")
    at.github.tick()
