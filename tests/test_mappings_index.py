"""Tagging issues by compiled rules."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from connectors.models import Issue, IssueRef
from mappings.rule import RuleId
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet
from tests.builders import GITHUB, JIRA, a_goal, a_key_result, a_mapping, a_milestone, an_issue, tracker_info

TRACKERS = (JIRA, GITHUB)


def no_ids(_tracker: str, _key: str) -> str | None:
    return None


def builder_ids(_tracker: str, key: str) -> str | None:
    return f"id-{key}"


def compiled(*rules: dict[str, Any], resolve: Any = no_ids, **milestone: Any) -> RuleSet:
    mapping = a_mapping([a_milestone("blog", rules=rules, **milestone)])
    return RuleSet.compile(mapping, TRACKERS, resolve)


def positions(rules: RuleSet, issue: Issue, *ancestors: str, hits: Iterable[Query] = ()) -> list[int]:
    matches = {query: frozenset({issue.ref.id}) for query in hits}
    refs = [an_issue(key).ref for key in ancestors]
    return [tag.rule.position for tag in rules.tagger(matches)(issue, refs)]


def tags(rule: dict[str, Any], issue: Issue, *ancestors: str, resolve: Any = no_ids) -> bool:
    return positions(compiled(rule, resolve=resolve), issue, *ancestors) == [1]


@pytest.mark.parametrize(
    ("rule", "issue", "ancestors"),
    [
        ({"tracker": "jira"}, an_issue(), []),
        ({"project": "blog"}, an_issue(), []),
        ({"repository": "Acme/Site"}, an_issue("acme/site#4"), []),
        ({"repository": "acme/*"}, an_issue("acme/site#4"), []),
        ({"keys": ["blog-1", "BLOG-2"]}, an_issue("BLOG-2"), []),
        ({"keys": "jira:BLOG-2"}, an_issue("BLOG-2"), []),
        ({"epic": "BLOG-9"}, an_issue(), ["BLOG-5", "BLOG-9"]),
        ({"parent": "BLOG-9"}, an_issue(), ["BLOG-9"]),
        ({"sub_issues_of": "acme/site#1"}, an_issue("acme/other#7"), ["acme/site#1"]),
        ({"label": ["x", "Blog"]}, an_issue(labels=("BLOG",)), []),
        ({"label": {"all": ["a", "b"]}}, an_issue(labels=("b", "c", "A")), []),
        ({"label": {"none": ["a"]}}, an_issue(labels=("b",)), []),
        ({"component": "Web"}, an_issue(components=("web",)), []),
        ({"fix_version": "1.0"}, an_issue(versions=("1.0",)), []),
        ({"github_milestone": "Q1"}, an_issue("acme/site#4", versions=("q1",)), []),
        ({"type": ["Bug", "Task"]}, an_issue(type="task"), []),
        ({"sprint": "Sprint 3"}, an_issue(sprints=("Sprint 2", "sprint 3")), []),
        ({"assignee": "Ada L."}, an_issue(assignees=("5b10", "ada l.")), []),
        ({"team": "Marketing"}, an_issue(team="marketing"), []),
        ({"title": r"^\[blog\]"}, an_issue(title="[Blog] Write it"), []),
        ({"field": {"Channel": "Mail"}}, an_issue(fields=(("Channel", ("web", "mail")),)), []),
        ({"field": {"Size": [2, 3]}}, an_issue(fields=(("Size", 3.0),)), []),
        ({"field": {"Public": True}}, an_issue(fields=(("Public", True),)), []),
        ({"any": [{"label": "a"}, {"title": "b"}]}, an_issue(title="b"), []),
        ({"all": [{"label": "a"}, {"type": "bug"}]}, an_issue(labels=("a",), type="Bug"), []),
        ({"label": "a", "none": [{"type": "bug"}]}, an_issue(labels=("a",), type="Task"), []),
    ],
)
def test_a_rule_tags_what_it_names(rule: dict[str, Any], issue: Issue, ancestors: list[str]) -> None:
    assert tags(rule, issue, *ancestors)


@pytest.mark.parametrize(
    ("rule", "issue"),
    [
        ({"tracker": "github"}, an_issue()),
        ({"project": "BLOG", "label": "x"}, an_issue(labels=("y",))),
        ({"epic": "BLOG-9"}, an_issue("BLOG-9")),
        ({"label": {"any": ["a"], "none": ["b"]}}, an_issue(labels=("a", "b"))),
        ({"label": {"all": ["a", "b"]}}, an_issue(labels=("a",))),
        ({"title": "(?-i:Blog)"}, an_issue(title="blog")),
        ({"fix_version": "Q1"}, an_issue("acme/site#4", versions=("Q1",))),
        ({"github_milestone": "Q1"}, an_issue(versions=("Q1",))),
        ({"field": {"Size": 1}}, an_issue(fields=(("Size", True),))),
        ({"field": {"Size": 3}}, an_issue(fields=(("Size", "3"),))),
        ({"label": "a", "none": [{"type": "bug"}]}, an_issue(labels=("a",), type="BUG")),
    ],
)
def test_a_rule_leaves_alone_what_it_does_not_name(rule: dict[str, Any], issue: Issue) -> None:
    assert not tags(rule, issue)


def test_pull_requests_count_only_where_the_rule_says_so() -> None:
    request = an_issue("acme/site#5", pull_request=True, labels=("blog",))
    assert not tags({"label": "blog"}, request)
    assert tags({"label": "blog", "pull_requests": True}, request)


def test_a_moved_issue_is_found_by_its_former_key() -> None:
    moved = an_issue("MKT-8")

    def resolve(_tracker: str, key: str) -> str | None:
        return moved.ref.id if key == "BLOG-3" else None

    assert tags({"keys": "BLOG-3"}, moved, resolve=resolve)
    child = compiled({"epic": "BLOG-3"}, resolve=resolve).tagger({})(an_issue("BLOG-4"), [moved.ref])
    assert [tag.rule.position for tag in child] == [1]


def test_where_keys_lead_is_asked_before_any_issue_is_tagged() -> None:
    asked: list[str] = []

    def resolve(_tracker: str, key: str) -> str | None:
        asked.append(key)
        return f"id-{key}"

    elsewhere = {"any": [{"keys": ["acme/site#7"], "tracker": "jira"}, {"label": "blog"}]}
    rules = compiled({"keys": "BLOG-3"}, elsewhere, resolve=resolve, tracking=["BLOG-1", "acme/site#1"])
    before = sorted(asked)
    positions(rules, an_issue("BLOG-3"))
    positions(rules, an_issue("acme/site#4"))
    assert before == sorted(asked) == ["BLOG-1", "BLOG-3", "acme/site#1", "acme/site#7"]


def test_the_first_rule_in_the_files_gives_the_tag() -> None:
    rules = compiled({"label": "rare"}, {"label": "blog"}, {"project": "BLOG", "name": "All of it"})
    assert positions(rules, an_issue(labels=("blog",))) == [2]
    assert positions(rules, an_issue(labels=("blog", "rare"))) == [1]
    (tag,) = rules.tagger({})(an_issue(), ())
    assert tag.rule == RuleId("blog", 3, "All of it")
    assert rules.rule(tag.rule).project == ("BLOG",)


def test_one_issue_may_belong_to_a_milestone_and_a_key_result() -> None:
    mapping = a_mapping(
        [
            a_milestone("site", "visitors", rules=[{"label": "a"}]),
            a_milestone("blog", rules=[{"label": "a"}]),
        ],
        [a_key_result(rules=[{"project": "BLOG"}])],
        [a_goal()],
    )
    found = RuleSet.compile(mapping, TRACKERS, no_ids).tagger({})(an_issue(labels=("A",)), ())
    assert [tag.owner for tag in found] == ["blog", "site", "visitors"]


def test_the_label_of_a_milestone_tags_without_any_rule() -> None:
    rules = compiled()
    tags_of = rules.tagger({})
    found = tags_of(an_issue(labels=("Milestone/Blog",)), ())
    assert [tag.rule for tag in found] == [RuleId("blog", 0, "label milestone/blog")]
    assert rules.rule(found[0].rule).label == ("milestone/blog",)
    assert not tags_of(an_issue(labels=("milestone/blogs", "blog")), ())
    assert not tags_of(an_issue(labels=("milestone/blog",), pull_request=True), ())


def test_a_written_rule_goes_before_the_label_of_the_milestone() -> None:
    assert positions(compiled({"project": "BLOG"}), an_issue(labels=("milestone/blog",))) == [1]


def test_a_milestones_own_epic_is_none_of_its_tasks() -> None:
    rules = compiled({"epic": "BLOG-1"}, {"project": "BLOG"})
    assert positions(rules, an_issue("BLOG-1", labels=("milestone/blog",))) == []
    assert positions(rules, an_issue("BLOG-2")) == [2]
    assert positions(compiled({"project": "BLOG"}, tracking="BLOG-1"), an_issue("BLOG-1")) == []
    assert positions(compiled({"keys": "BLOG-1"}, tracking="BLOG-1"), an_issue("BLOG-1")) == [1]
    nested = compiled({"any": [{"keys": "BLOG-1"}, {"label": "x"}]}, tracking="BLOG-1")
    assert positions(nested, an_issue("BLOG-1")) == [1]


def test_a_task_list_rule_tags_the_issues_that_hold_the_list() -> None:
    rules = compiled({"sub_issues_of": "acme/site#1", "task_list": True})
    assert positions(rules, an_issue("acme/site#1")) == [1]
    assert positions(rules, an_issue("acme/site#2"), "acme/site#1") == []


def test_what_a_server_matched_is_tagged_in_that_tracker_only() -> None:
    mine, other = tracker_info("mine", "jira", "BLOG"), tracker_info("other", "jira", "OPS")
    mapping = a_mapping([a_milestone(rules=[{"tracker": "mine", "jql": "x = 1"}])])
    rules = RuleSet.compile(mapping, [mine, other, GITHUB], no_ids)
    assert rules.queries == (Query("mine", "x = 1"),)
    assert rules.query_owners == {Query("mine", "x = 1"): {"blog"}}
    issue = replace(an_issue(), ref=IssueRef("mine", "7", "BLOG-7"))
    twin = replace(an_issue(), ref=IssueRef("other", "7", "OPS-7"))
    matches = {Query("mine", "x = 1"): frozenset({"7"})}
    assert rules.tagger(matches)(issue, ())
    assert not rules.tagger({})(issue, ())
    assert not rules.tagger(matches)(twin, ())


def test_an_issue_of_a_tracker_that_is_not_configured_has_no_tag() -> None:
    stranger = replace(an_issue(labels=("milestone/blog",)), ref=IssueRef("old", "1", "BLOG-1"))
    assert not compiled({"project": "BLOG"}).tagger({})(stranger, ())


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({"epic": "BLOG-1"}, {"jira"}),
        ({"sub_issues_of": "acme/site#1"}, {"github"}),
        ({"label": "blog"}, {"jira", "github"}),
        ({"label": "blog", "tracker": "github"}, {"github"}),
        ({"any": [{"project": "BLOG"}, {"repository": "acme/*"}]}, {"jira", "github"}),
        ({"jql": "x = 1"}, {"jira"}),
        ({"component": "web"}, {"jira"}),
        ({"project": "ELSEWHERE"}, set()),
    ],
)
def test_a_milestone_rests_on_the_trackers_its_rules_can_draw_from(
    rule: dict[str, Any], names: set[str]
) -> None:
    assert compiled(rule).rests_on == {"blog": names}


def test_the_interest_names_what_a_pull_must_bring() -> None:
    mapping = a_mapping(
        [
            a_milestone(
                weigh_by="Effort",
                rules=[
                    {"epic": "blog-1", "checklist": True, "field": {"Channel": "Mail"}},
                    {"any": [{"keys": ["BLOG-4", "MKT-2"]}, {"parent": "MKT-3"}]},
                    {"sub_issues_of": "acme/site#1", "pull_requests": True},
                ],
            )
        ],
        goals=[a_goal(tracking="MKT-1")],
    )
    rules = RuleSet.compile(mapping, TRACKERS, no_ids)
    jira, github = rules.interest("jira"), rules.interest("github")
    assert jira.roots == {"BLOG-1", "MKT-3"}
    assert jira.keys == {"BLOG-1", "BLOG-4", "MKT-1", "MKT-2", "MKT-3"}
    assert jira.fields == {"Channel", "Effort"}
    assert (jira.checklists, jira.pull_requests) == (True, False)
    assert github.roots == github.keys == {"acme/site#1"}
    assert (github.checklists, github.pull_requests) == (False, True)


def test_comments_stand_on_the_issues_named_or_else_on_the_epics_of_the_rules() -> None:
    rules = [{"epic": ["blog-1", "BLOG-2"]}, {"sub_issues_of": "acme/site#1"}, {"any": [{"epic": "BLOG-3"}]}]
    by_rules = a_mapping([a_milestone(rules=rules)], goals=[a_goal(tracking="MKT-1")])
    index = RuleSet.compile(by_rules, TRACKERS, no_ids)
    assert index.references.tracked(by_rules.milestones["blog"]) == (
        ("jira", "BLOG-1"),
        ("jira", "BLOG-2"),
        ("github", "acme/site#1"),
    )
    assert index.references.tracked(by_rules.goals["show"]) == (("jira", "MKT-1"),)
    named = a_mapping(
        [a_milestone(rules=rules, tracking="MKT-9"), a_milestone("b", rules=rules, tracking=[])]
    )
    assert index.references.tracked(named.milestones["blog"]) == (("jira", "MKT-9"),)
    assert index.references.tracked(named.milestones["b"]) == ()


def test_the_digest_follows_the_meaning_and_not_the_writing() -> None:
    def digest(*rules: dict[str, Any], **milestone: Any) -> str:
        return compiled(*rules, **milestone).digest("blog")

    plain = digest({"label": ["a", "b"]})
    assert plain == digest({"label": {"any": ["B", "a"]}, "name": "A name"})
    assert len({plain, digest({"label": "a"}), digest({"label": {"all": ["a", "b"]}}), digest()}) == 4
    assert plain != digest({"label": ["a", "b"]}, weigh_by="story_points")
    assert plain != digest({"label": ["a", "b"], "weight": 2})
    assert plain != digest({"label": ["a", "b"]}, tracking="BLOG-7")
    assert digest({"title": "a"}) != digest({"title": "A"})
    with pytest.raises(KeyError):
        compiled().digest("nobody")
