"""What `milepost status` says of the issues and rules that the mapping does not bring together."""

from collections.abc import Collection

from connectors.contract import Issue, IssueRef
from core.cli.standing import reach_lines
from core.engine.model import Inputs, Tagged
from core.gather import Gathered
from mappings.rules.index import CompiledRules
from mappings.rules.model import Rule
from tests.builders import GITHUB, JIRA, a_mapping, a_milestone, an_issue


def lines(*issues: Issue, tracking: Collection[IssueRef] = ()) -> list[str]:
    """The lines for one milestone with two rules, and these issues; labels decide which it tags."""
    rules = (Rule(label=("blog",)), Rule(name="Texts", label=("texts",)))
    mapping = a_mapping([a_milestone("blog", rules=rules)])
    compiled = CompiledRules.compile(mapping, (JIRA, GITHUB), lambda _tracker, _key: None)
    tags = {issue.ref: tags for issue in issues if (tags := compiled.tag(issue, (), {}))}
    tagged = tuple(Tagged(issue, tag.rule) for issue in issues for tag in tags.get(issue.ref, ()))
    inputs = Inputs(mapping, {"blog": tagged}, {}, {}, compiled.rests_on, {}, {})
    found = {issue.ref: issue for issue in issues}
    gathered = Gathered(inputs, found, tags, compiled, {})
    return list(reach_lines(gathered, mapping, tracking))


def test_issues_that_no_rule_tags_are_counted_by_place() -> None:
    told = lines(an_issue("BLOG-1", labels=("blog",)), an_issue("BLOG-2"), an_issue("BLOG-3"))
    assert told[0] == "1 of 3 issues count somewhere; no rule tags 2: 2 in BLOG"


def test_a_rule_that_tags_nothing_is_named() -> None:
    told = lines(an_issue("BLOG-1", labels=("blog",)))
    assert told[1:] == ["! no issue is tagged by Texts (blog, rule 2)"]


def test_a_label_that_names_no_milestone_is_told_with_its_issues() -> None:
    told = lines(
        an_issue("BLOG-1", labels=("blog", "texts")),
        an_issue("BLOG-2", labels=("texts", "milestone/blogg")),
    )
    assert "! milestone/blogg names no milestone: BLOG-2" in told


def test_an_issue_that_carries_a_comment_is_no_forgotten_work() -> None:
    epic = an_issue("MKT-1")
    told = lines(an_issue("BLOG-1", labels=("blog", "texts")), epic, tracking=[epic.ref])
    assert told[0] == "1 of 1 issues count somewhere"
