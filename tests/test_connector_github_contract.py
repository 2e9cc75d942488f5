"""What the connector sends keeps to GitHub's OpenAPI document, answer by answer."""

from connectors.models import Capability, Interest, LabelDefinition
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import posted_on
from tests.github_builders import on_sandbox
from tests.tools.openapi import Watch, github_contract, repository_path

MARK = "milepost:test:1:0123456789ab"


def test_every_request_of_a_whole_run_keeps_to_githubs_document() -> None:
    watch = Watch(github_contract(), repository_path)
    site = GitHubSite("github")
    for name in ("acme/site", "acme/plans", "acme/app"):
        site.create_repo(name)
    root = site.key(site.create_issue("acme/plans", "Root", labels=["old"]))
    for number in range(3):
        child = site.create_issue("acme/app", f"Child {number}", type="Task", milestone="Q1")
        site.add_sub_issue(root, site.key(child))
    for number in range(120):
        site.create_issue("acme/site", f"Task {number}", assignees=["octocat"])
    with SandboxServer(World.of(site)) as server:
        server.answers.append(watch)
        tracker = on_sandbox(server, site, repositories=["acme/site"], organization="other")
        site.create_repo("other/thing")
        tracker.check(frozenset(Capability))
        first = tracker.reader.changed_since(None, Interest(frozenset({root}), frozenset({"acme/app#2"})))
        issues = {issue.ref.key: issue.ref for page in first.pages for issue in page.issues}
        assert {root, "acme/app#1", "acme/site#120"} <= issues.keys()
        list(tracker.reader.changed_since(first.cursor, Interest(frozenset({root}))).pages)
        tracker.reader.present()
        tracker.reader.matching("Task in:title")
        ref = issues[root]
        written = tracker.writer.create_comment(ref, f"Hello {MARK}", MARK)
        tracker.writer.edit_comment(ref, written, f"Changed {MARK}", MARK)
        assert posted_on(tracker.reader, ref).comments[0].mine
        tracker.writer.change_labels(ref, ["new", "two words"], ["old", "never-there"])
        for colour in ("0e8a16", "d93f0b"):
            tracker.writer.define_label("acme/site", LabelDefinition("goal-a", colour, "What for"))
        tracker.reader.label_definitions("acme/site")
        tracker.writer.remove_label_definition("acme/site", "goal-a")
        tracker.writer.delete_comment(ref, written)
    assert watch.problems == []
    assert watch.checked > 25
