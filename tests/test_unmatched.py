"""What of the mapping matches nothing is told, once, with file and line and the names that there are."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.models import Issue, Page, Pull
from core.run_log import changes_since
from core.store import open_store
from core.store.rollup.issue_names import Gathered
from mappings.goal_tree import Milestone
from mappings.rule import Rule
from mappings.unknown_names import SHOWN, asked_names, hint, unborne, what_is_wrong
from tests.builders import GITHUB, JIRA, NOON, an_issue
from tests.runs import MARKETING, House, house, milestone

ISSUES = (
    an_issue("BLOG-1", labels=("blog", "posts", "Straße"), type="Story", components=("Web",)),
    an_issue("acme/site#1", labels=("docs",), type="Bug", versions=("Beta",)),
)


def told(rule: Any, issues: Sequence[Issue] = ISSUES) -> list[str]:
    """The sentences for a milestone with this rule, each with its place."""
    owner = Milestone(id="blog", title="Blog", rules=(Rule.model_validate(rule),))
    asked = asked_names([owner], (JIRA, GITHUB))
    gathered = Gathered()
    gathered.add(issues)
    found = unborne(asked, gathered.names)
    return [
        f"{'.'.join(map(str, one.path))}: {'. '.join(what_is_wrong(one, gathered.names))}" for one in found
    ]


def test_a_name_that_no_issue_bears_is_told_with_the_nearest_and_the_others() -> None:
    [line] = told({"type": "Storry"})
    assert line.startswith('rules.0.type: no issue is of the type "Storry". ')
    assert line.endswith('. Did you mean "Story"? There are: Bug, Story')


@pytest.mark.parametrize(
    "rule",
    [
        {"label": ["BLOG", "strasse"]},
        {"label": {"all": ["posts"], "none": ["docs"]}},
        {"type": "bug", "tracker": "github"},
        {"component": "web"},
        {"github_milestone": "beta"},
        {"title": "nothing"},
        {"type": "Bug", "tracker": "jira"},  # elsewhere: no misspelling, but the rule may match nothing
    ],
)
def test_a_name_that_some_issue_bears_is_silent_however_it_is_spelt(rule: dict[str, object]) -> None:
    assert told(rule) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"label": "dosc", "component": "Web"}, "There are: Straße, blog, posts"),
        (
            {"any": [{"label": "blgo"}]},
            "rules.0.any.0.label: no issue has",
        ),
        ({"label": {"none": ["later"]}}, 'rules.0.label: no issue has the label "later"'),
        ({"assignee": "nobody"}, 'is assigned to "nobody". There is none at all yet'),
        ({"fix_version": "2.0"}, 'rules.0.fix_version: no issue has the fix version "2.0"'),
        ({"label": "blog, posts"}, 'For several write a list: ["blog", "posts"]'),
    ],
)
def test_where_a_rule_looks_decides_what_it_can_match(rule: dict[str, object], said: str) -> None:
    [line] = told(rule)
    assert said in line


def test_a_long_list_of_names_is_cut() -> None:
    there = tuple(f"label-{number:03}" for number in range(SHOWN + 5))
    assert hint("x", there).endswith("label-009 and 5 more")


def test_names_come_with_issues_and_go_with_the_next_comparison(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.mapping += milestone("printing", 'label = "printing"')
        here.jira.create_issue("BLOG", "Flyers", labels=["printing"])
        assert here.sync().conclusion.warnings == ()
        here.jira.remove_labels("BLOG-8", "printing")
        here.world.clock.advance(3600)
        [warning] = here.sync().conclusion.warnings  # the name is still known, and the rule is idle
        assert warning.startswith("mapping.toml:")
        assert "milestones.printing: no task: its rule matches no issue" in warning
        here.reconcile_every = timedelta(0)
        [warning] = here.sync().conclusion.warnings
        assert 'milestones.printing.rules[1].label: no issue has the label "printing"' in warning


WRONG = (
    MARKETING.replace(
        "[milestones.newsletter]", '[[milestones.site.rules]]\ntype = "Bgu"\n\n[milestones.newsletter]'
    )
    + milestone("typo", 'type = "Storry"')
    + milestone("gone", 'keys = "MKT-77"')
    + milestone("empty", 'label = "newsletter"\ntype = "Epic"')
)


def warned(here: House) -> tuple[str, ...]:
    return here.sync().conclusion.warnings


def test_a_run_tells_each_once_and_the_log_only_what_appears_or_is_over(tmp_path: Path) -> None:
    with house(tmp_path, mapping=WRONG) as here:
        here.sync()
        first = warned(here)
        assert [line.partition(": ")[2].partition(". ")[0] for line in first] == [
            'milestones.site.rules[2].type: no issue is of the type "Bgu"',
            'milestones.typo.rules[1].type: no issue is of the type "Storry"',
            "milestones.gone.rules[1].keys: there is no issue MKT-77 in jira",
            "milestones.empty: no task: its rule matches no issue",
        ]
        assert first == here.plan().warnings
        with here.job() as job:
            report = here.sync()
            assert [each.item.kind for each in changes_since(job.store, report)] == ["warning"] * 4
            assert changes_since(job.store, here.sync()) == ()
            here.mapping = MARKETING
            assert {each.state for each in changes_since(job.store, here.sync())} == {"over"}


def test_an_issue_that_is_not_there_is_not_told_as_no_task_yet(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MARKETING + milestone("gone", 'keys = "MKT-77"\n', "tracking = []")) as here:
        state = here.sync().conclusion.evaluation.state.milestones["gone"]
        assert "an issue that its rules name is not there" in str(state.measure)
        assert "yet" not in str(state.measure)


def test_labels_for_milestones_that_are_not_there_are_told_with_the_nearest(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.jira.add_labels("BLOG-7", "milestone/blgo")
        here.sync()
        [warning] = warned(here)
        assert warning == 'jira: the label "milestone/blgo" names no milestone. Did you mean "blog"?'


def test_a_rule_that_tags_nothing_is_told_and_why_that_may_be(tmp_path: Path) -> None:
    behind = '[[milestones.blog.rules]]\nparent = "BLOG-1"\ntype = "Task"\n'
    first = '[[milestones.site.rules]]\nlabel = "newsletter"\ntype = "Epic"\n'
    mapping = MARKETING.replace("[milestones.site]", f"{behind}\n[milestones.site]")
    mapping = mapping.replace("[[milestones.site.rules]]", f"{first}\n[[milestones.site.rules]]", 1)
    with house(tmp_path, mapping=mapping) as here:
        here.sync()
        assert [line.partition(" ")[2] for line in warned(here)] == [
            "milestones.blog.rules[2]: no issue is tagged by this rule. Nothing matches it, or the rules "
            "before it match the same",
            "milestones.site.rules[1]: no issue is tagged by this rule. Nothing matches it",
        ]


def test_names_are_kept_by_tracker_and_kind(tmp_path: Path) -> None:
    with open_store(tmp_path / "milepost.db") as store:
        store.save_pull("jira", Pull("cursor", iter([Page(ISSUES[:1])]), full=True), NOON)
        gathered = Gathered()
        gathered.add(ISSUES)
        with store.updating_rollup() as writer:
            writer.set_names(gathered.names)
            writer.add_names({("jira", "label"): {"later"}})
        tags = store.rollup()
        assert tags.names([("jira", "label"), ("github", "label"), ("jira", "team")]) == {
            ("jira", "label"): ["Straße", "blog", "later", "posts"],
            ("github", "label"): ["docs"],
        }
        with store.updating_rollup() as writer:
            writer.set_names({("jira", "label"): {"blog"}})
        assert tags.names([("jira", "label"), ("github", "label")]) == {("jira", "label"): ["blog"]}
