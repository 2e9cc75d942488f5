"""What the connector sends keeps to Atlassian's OpenAPI document, answer by answer."""

from connectors.models import Capability, Interest
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import posted_on
from tests.test_connector_jira import JiraHarness
from tests.tools.openapi import Watch, jira_contract, jira_path

MARK = "milepost:test:1:0123456789ab"


def test_every_request_of_a_whole_run_keeps_to_jiras_document() -> None:
    watch = Watch(jira_contract(), jira_path)
    site = JiraSite("jira")
    with SandboxServer(World.of(site)) as server:
        server.answers.append(watch)
        harness = JiraHarness(server, site)
        site.add_field("Country", "text")
        epic = site.create_issue("OTHER", "Epic elsewhere", type="Epic")
        home = site.create_issue("BLOG", "Home", parent=epic.key, points=3, labels=["old"]).key
        for number in range(120):
            site.create_issue("BLOG", f"Task {number}")
        tracker = harness.open(projects=("BLOG",))
        tracker.check(frozenset(Capability))
        interest = Interest(
            roots=frozenset({epic.key}),
            keys=frozenset({epic.key}),
            fields=frozenset({"Country"}),
            checklists=True,
        )
        first = tracker.reader.changed_since(None, interest)
        issues = {issue.ref.key: issue.ref for page in first.pages for issue in page.issues}
        assert {epic.key, home} <= issues.keys()
        assert len(issues) == 122
        list(tracker.reader.changed_since(first.cursor, interest).pages)
        assert len(tracker.reader.present()) == 122
        assert len(tracker.reader.matching('summary ~ "Task"')) == 120
        assert tracker.reader.fetch([home]).issues
        ref = issues[home]
        written = tracker.writer.create_comment(ref, f"Hello\n{{{{{MARK}}}}}", MARK)
        written = tracker.writer.edit_comment(ref, written, f"Changed\n{{{{{MARK}}}}}", MARK)
        assert posted_on(tracker.reader, ref).comments[0].mine
        assert set(tracker.writer.change_labels(ref, ["new"], ["old"])) == {"new"}
        tracker.writer.delete_comment(ref, written)
    assert watch.problems == []
    assert watch.checked > 20
