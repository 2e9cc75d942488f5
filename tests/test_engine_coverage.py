"""What the mapping does not reach."""

from core.engine.coverage import coverage
from tests.builders import an_issue


def test_issues_without_a_tag_are_counted_by_place_and_epics_of_tagged_work_are_not_among_them() -> None:
    epic = an_issue("BLOG-1")
    strangers = [an_issue("OPS-2"), an_issue("OPS-10"), an_issue("acme/site#1")]
    others = [(issue.ref, issue.container) for issue in (epic, *strangers)]
    result = coverage(1, others, {epic.ref})
    assert (result.pulled, result.tagged, result.structure) == (5, 1, 1)
    assert result.untagged == 3
    assert result.untagged_in == (("OPS", 2), ("acme/site", 1))
