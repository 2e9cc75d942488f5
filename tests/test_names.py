"""Which names are one name: by the function, and by every key of a rule that asks for one."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.names import fold_name, without_unseen
from core.engine.calculation import explain_milestone
from core.engine.milestones import measure
from core.engine.policy import HealthPolicy, ProgressPolicy
from mappings.rules.ruleset import RuleSet
from tests.builders import NOON, a_mapping, a_milestone, an_issue, some_inputs, tagged, tracker_info

SAME = (
    ("✨ New", ":sparkles: new"),
    ("✨", "✨\ufe0f"),
    ("\u2764\ufe0f docs", "\u2764 Docs"),
    (":+1:", "👍"),
    (":beetle:", "🪲"),
    ("bug :Bug:", "BUG 🐛"),
    ("Café", "Cafe\u0301"),
    ("STRASSE", "straße"),
    ("Team  Web", "team\u00a0web "),
    ("blog\u200b", "\ufeffblog"),
    ("co\u00adop", "coop"),
    ("Won’t Do", "won't do"),
    ("\u202eweb\u202c", "web"),
)
OTHERS = (
    ("blog", "blogs"),
    ("cafe", "café"),
    (":sparkles:", ":sparkle:"),
    ("👍", "👎"),
    ("a b", "ab"),
    ("1", "１"),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_people_take_for_one_name_is_one(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_people_tell_apart_stays_apart(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_folding_twice_is_folding_once_and_no_form_of_a_text_matters(text: str) -> None:
    folded = fold_name(text)
    assert fold_name(folded) == folded
    for form in ("NFC", "NFD"):
        assert fold_name(unicodedata.normalize(form, text)) == folded


TRACKERS = (tracker_info("jira", "jira", "BLOG"), tracker_info("github", "github", "acme/site"))
KINDS: dict[str, tuple[str, str, Any]] = {
    "label": ("BLOG-1", "labels", ()),
    "component": ("BLOG-1", "components", ()),
    "fix_version": ("BLOG-1", "versions", ()),
    "sprint": ("BLOG-1", "sprints", ()),
    "assignee": ("BLOG-1", "assignees", ()),
    "team": ("BLOG-1", "team", None),
    "type": ("BLOG-1", "type", ""),
    "github_milestone": ("acme/site#1", "versions", ()),
    "field": ("BLOG-1", "fields", ()),
}


@pytest.mark.parametrize(("wanted", "held"), [*SAME, *[(other, one) for one, other in SAME]])
@pytest.mark.parametrize("key", KINDS)
def test_every_key_of_a_rule_compares_names_as_people_see_them(key: str, wanted: str, held: str) -> None:
    issue_key, attribute, empty = KINDS[key]
    rule = {"field": {"Channel": wanted}} if key == "field" else {key: [wanted]}
    mapping = a_mapping([a_milestone("blog", rules=[rule])])
    tags_of = RuleSet.compile(mapping, TRACKERS, lambda *_: None).tagger({})
    value: Any = (held,) if empty == () else held
    value = (("Channel", held),) if key == "field" else value
    assert [tag.owner for tag in tags_of(an_issue(issue_key, **{attribute: value}), ())] == ["blog"]
    assert tags_of(an_issue(issue_key, **{attribute: empty}), ()) == ()


def test_characters_that_nobody_sees_are_left_out_of_titles_and_joined_emoji_stay() -> None:
    title = "Wri\u200bte \ufeffthe\u00ad post 👩\u200d💻 ❤\ufe0f"
    assert without_unseen(title) == "Write the post 👩\u200d💻 ❤\ufe0f"
    mapping = a_mapping([a_milestone("blog")])
    state = measure(
        some_inputs(tagged(an_issue(title=title)), mapping=mapping), ProgressPolicy(), HealthPolicy(), NOON
    )
    shown = "\n".join(explain_milestone("blog", mapping, state).lines)
    assert "Write the post 👩\u200d💻 ❤\ufe0f" in shown
    assert "\N{REPLACEMENT CHARACTER}" not in shown
