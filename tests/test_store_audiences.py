"""What the store keeps of who may read projects, repositories and issues."""

from pathlib import Path

from connectors.audience import Audience
from connectors.models import Page, Pull
from core.store import open_store
from core.store.stored_values import RestrictedIssue, StoredAudience
from tests.builders import NOON, an_issue


def test_what_was_told_stays_until_it_is_told_anew(
    tmp_path: Path,
) -> None:
    with open_store(tmp_path / "milepost.db") as store:
        issues = (an_issue("BLOG-1"), an_issue("MKT-10"))
        store.save_pull("jira", Pull("c1", iter([Page(issues)]), full=True), NOON)
        present = store.issue_containers("jira")
        assert present == {"blog", "mkt"}
        store.save_audiences("jira", {"BLOG": Audience.PUBLIC, "OLD": Audience.PUBLIC}, present)
        assert store.audiences()["jira"] == {
            "blog": StoredAudience(Audience.PUBLIC),
            "mkt": StoredAudience(None),
        }
        store.save_audiences("jira", {"MKT": None}, present)
        assert store.audiences()["jira"]["mkt"] == StoredAudience(None, refused=True)
        store.mark_gone("jira", [each.ref for each in issues], NOON)
        store.save_audiences("jira", {}, store.issue_containers("jira"))
        assert store.audiences()["jira"] == {"blog": StoredAudience(Audience.PUBLIC)}


def test_restricted_issues_are_found_whatever_their_texts_hold(tmp_path: Path) -> None:
    with open_store(tmp_path / "milepost.db") as store:
        issues = (
            an_issue("BLOG-1", security="10001"),
            an_issue("BLOG-2", title='"security": "10001", \\"security\\":'),
            an_issue("BLOG-3"),
        )
        store.save_pull("jira", Pull("c1", iter([Page(issues)]), full=True), NOON)
        assert store.restricted_issues() == (RestrictedIssue("jira", "id-BLOG-1", "10001"),)
        store.mark_gone("jira", [issues[0].ref], NOON)
        assert len(store.restricted_issues()) == 1


def test_a_restricted_issue_is_found_by_an_index(tmp_path: Path) -> None:
    """So that a run does not look through all documents for the few that matter."""
    import sqlite3
    from contextlib import closing

    with open_store(tmp_path / "milepost.db") as store:
        assert store.restricted_issues() == ()
    with closing(sqlite3.connect(tmp_path / "milepost.db")) as raw:
        plan = raw.execute(
            "EXPLAIN QUERY PLAN SELECT tracker, id, document FROM issues "
            "WHERE instr(document, '\"security\":') > 0"
        ).fetchall()
    assert "ix_issues_restricted" in str(plan)
