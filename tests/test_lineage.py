"""Parents and ancestors."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.models import IssueRef
from tests.builders import an_issue
from tests.lineage import Lineage


def no_ids(_tracker: str, _key: str) -> str | None:
    return None


def test_ancestors_come_nearest_first_at_any_depth() -> None:
    chain = [an_issue("BLOG-0")]
    for number in range(1, 2000):
        chain.append(an_issue(f"BLOG-{number}", parent_id=chain[-1].ref.id))
    lineage = Lineage(chain, no_ids)
    assert lineage.ancestors(chain[-1].ref) == tuple(issue.ref for issue in reversed(chain[:-1]))
    assert lineage.ancestors(chain[0].ref) == ()


def test_a_parent_is_found_by_key_whatever_its_case() -> None:
    parent, child = an_issue("acme/Site#1"), an_issue("acme/site#2", parent_key="Acme/site#1")
    assert Lineage([child, parent], no_ids).parents == {child.ref: parent.ref}


def test_a_parent_that_moved_is_found_by_its_former_key() -> None:
    moved, child = an_issue("MKT-7"), an_issue("BLOG-2", parent_key="BLOG-1")

    def resolve(tracker: str, key: str) -> str | None:
        return moved.ref.id if (tracker, key) == ("jira", "BLOG-1") else None

    (parent,) = Lineage([child, moved], resolve).ancestors(child.ref)
    assert (parent, parent.key) == (moved.ref, "MKT-7")


def test_a_parent_out_of_scope_is_still_a_parent() -> None:
    by_both = an_issue("BLOG-2", parent_id="77", parent_key="OPS-1")
    by_id, by_key = an_issue("BLOG-3", parent_id="77"), an_issue("BLOG-4", parent_key="OPS-1")
    lineage = Lineage([by_both, by_id, by_key], no_ids)
    assert [ref.key for ref in lineage.ancestors(by_both.ref)] == ["OPS-1"]
    assert lineage.ancestors(by_id.ref) == (IssueRef("jira", "77", "77"),)
    assert [ref.key for ref in lineage.ancestors(by_key.ref)] == ["OPS-1"]


def test_the_same_id_in_another_tracker_is_no_parent() -> None:
    stranger = an_issue("acme/site#1")
    child = an_issue("BLOG-2", parent_id=stranger.ref.id)
    assert Lineage([child, stranger], no_ids).ancestors(child.ref)[0].tracker == "jira"


def test_an_issue_is_never_its_own_parent() -> None:
    assert Lineage([an_issue("BLOG-1", parent_key="BLOG-1")], no_ids).parents == {}


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_cycles_end(parents: list[int]) -> None:
    issues = [an_issue(f"BLOG-{place}", parent_key=f"BLOG-{parent}") for place, parent in enumerate(parents)]
    lineage = Lineage(issues, no_ids)
    for issue in issues:
        found = lineage.ancestors(issue.ref)
        assert issue.ref not in found
        assert len(set(found)) == len(found)
