"""The progress comment: what it says, that it fits, and that it is known again."""

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine.key_order import key_rank
from core.engine.model import ChangePart, Health, Part, Unmeasured, Why
from core.publish.comment import Page, Summary, markdown, phrase, summary_digest, wiki
from core.publish.comment.escape import length
from core.publish.comment.mark import Mark, body_hash, format_mark, parse_mark
from core.publish.comment.rounding import apportion
from mappings.goal_tree import HealthName
from tests.publish_builders import (
    DOWN,
    EPIC,
    TRACKING,
    a_change,
    a_milestone_state,
    a_task,
    marketing,
    marketing_state,
    the_summary,
    with_tasks,
)

MARK = Mark("default", "10001", "0123456789ab")
Render = Callable[[Summary, Mark, int], str]
RENDERERS: tuple[Render, ...] = (markdown.render, wiki.render)

BLOG = """\
### Set up an attractive blog: 50%, on track

▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░ 50%
2 of 4 tasks done · 1 in progress · 1 to do · 1 cancelled
On track: ahead of the pace that its dates ask for
Due 2027-03-31 · Owner: Ana

**Since 2027-01-04: 25% → 50% (+25 points)**

- −5 points · scope added: BLOG-5
- +5 points · cancelled: BLOG-6
- +25 points · finished: BLOG-3

**Open tasks**

- [Create authors page with photo and description](https://acme.atlassian.net/browse/BLOG-4) · In Progress
- [Write 5 initial posts](https://acme.atlassian.net/browse/BLOG-5) · To Do

**Leads to**

- Reach 3,000 visitors on the site: 40%, 1,200 of 3,000 visitors (2027-02-14)
- Convert 10% of visitors to leads: 12%, now 3%, from 2% to 10%
- Goal "Show people how our company works": delivered 50%, achieved 34%. \
Half of the planned work is delivered, but the key results moved less.

milepost keeps this comment; changes made to it by hand are set back. Why these numbers: `milepost why blog`

<!-- milepost:default:10001:0123456789ab -->"""

BLOG_WIKI = """\
h3. Set up an attractive blog: 50%, on track

▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░ 50%
2 of 4 tasks done · 1 in progress · 1 to do · 1 cancelled
On track: ahead of the pace that its dates ask for
Due 2027-03-31 · Owner: Ana

*Since 2027-01-04: 25% → 50% (+25 points)*
* −5 points · scope added: BLOG-5
* +5 points · cancelled: BLOG-6
* +25 points · finished: BLOG-3

*Open tasks*
* [BLOG-4|https://acme.atlassian.net/browse/BLOG-4] Create authors page with photo and description · \
In Progress
* [BLOG-5|https://acme.atlassian.net/browse/BLOG-5] Write 5 initial posts · To Do

*Leads to*
* Reach 3,000 visitors on the site: 40%, 1,200 of 3,000 visitors (2027-02-14)
* Convert 10% of visitors to leads: 12%, now 3%, from 2% to 10%
* Goal "Show people how our company works": delivered 50%, achieved 34%. \
Half of the planned work is delivered, but the key results moved less.

milepost keeps this comment; changes made to it by hand are set back. Why these numbers: {{milepost why blog}}
_Kept up to date by milepost:default:10001:0123456789ab_"""

GOAL = """\
### Goal: Show people how our company works: delivered 50%, achieved 34%, at risk

▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░ 50% delivered
▓▓▓▓▓▓░░░░░░░░░░░░░░ 34% achieved
Half of the planned work is delivered, but the key results moved less.
Due 2027-03-31

| Key result | Achieved | Delivered |
| --- | --- | --- |
| Reach 3,000 visitors on the site | 40%, 1,200 of 3,000 visitors (2027-02-14) | 50% |
| Convert 10% of visitors to leads | 12%, now 3%, from 2% to 10% | 50% |
| Obtain leads from at least 3 countries | 50% | 50% |

| Milestone | Progress | Tasks done | Health |
| --- | --- | --- | --- |
| [Set up an attractive blog](https://acme.atlassian.net/browse/BLOG-1) | 50% | 2 of 4 | on track |
| Open the new site | 50% | 1 of 2 | on track |

milepost keeps this comment; changes made to it by hand are set back. Why these numbers: `milepost why show`

<!-- milepost:default:10001:0123456789ab -->"""


def plain(body: str) -> str:
    return body.replace("  \n", "\n")


def test_the_comment_on_an_epic_reads_like_this_in_markdown() -> None:
    summary = the_summary(changes={"blog": a_change()})
    assert plain(markdown.render(summary, MARK, 65_536)) == BLOG


def test_the_comment_on_an_epic_reads_like_this_in_wiki_markup() -> None:
    assert wiki.render(the_summary(changes={"blog": a_change()}), MARK, 32_767) == BLOG_WIKI


def test_the_comment_on_a_goals_own_issue_shows_all_its_key_results_and_milestones() -> None:
    page = Page("BLOG-1", "https://acme.atlassian.net/browse/BLOG-1")
    assert (
        plain(markdown.render(the_summary("show", ref=TRACKING, pages={"blog": page}), MARK, 65_536)) == GOAL
    )


@pytest.mark.parametrize("render", RENDERERS)
def test_what_cannot_be_measured_has_no_bar_and_no_percent(render: Render) -> None:
    nothing = a_milestone_state("blog", a_task(1, "cancelled"))
    nothing = replace(nothing, measure=Unmeasured(Why.NO_SCOPE, "no scope: its only task is cancelled"))
    body = render(the_summary(state=marketing_state(blog=nothing)), MARK, 32_767)
    own = body.split("Leads to")[0]
    assert "cannot measure" in own.splitlines()[0]
    assert "Cannot measure: no scope: its only task is cancelled" in own
    assert "%" not in own
    assert "▓" not in own


def test_progress_without_dates_says_that_only_its_health_is_not_measured() -> None:
    blog = marketing_state().milestones["blog"]
    undated = replace(blog, health=Health(HealthName.UNMEASURED, "it has no due date", ""))
    body = markdown.render(the_summary(state=marketing_state(blog=undated)), MARK, 65_536)
    assert body.startswith("### Set up an attractive blog: 50%, health not measured\n")
    assert "Health not measured: it has no due date" in body


@pytest.mark.parametrize("render", RENDERERS)
def test_one_comment_tells_of_every_milestone_and_goal_of_its_issue(render: Render) -> None:
    body = render(the_summary("site", "blog", "show"), MARK, 32_767)
    assert (
        body.index("Set up an attractive blog") < body.index("Open the new site") < body.index("Goal: Show")
    )
    assert "Leads to" not in body  # the goal is told in full above


def test_open_tasks_beyond_the_configured_number_are_folded_into_a_count() -> None:
    many = a_milestone_state("blog", *(a_task(number) for number in range(1, 16)))
    body = markdown.render(the_summary(state=marketing_state(blog=many), open_tasks=3), MARK, 65_536)
    assert body.count("](https://acme") == 3
    assert "- and 12 more" in body


@pytest.mark.parametrize("render", RENDERERS)
@pytest.mark.parametrize("limit", [800, 2_000, 32_767])
def test_a_comment_stays_within_its_limit_and_keeps_headline_and_mark(render: Render, limit: int) -> None:
    tasks = [a_task(number, title="|_*[" * 60) for number in range(1, 1_500)]
    stones = {"blog": a_milestone_state("blog", *tasks)}
    body = render(the_summary("blog", "site", state=marketing_state(**stones), open_tasks=200), MARK, limit)
    assert length(body) <= limit
    assert "Set up an attractive blog: 0%" in body.splitlines()[0]
    assert parse_mark(body) == MARK


def test_thousands_of_milestones_of_one_goal_are_folded_with_a_count() -> None:
    mapping = marketing()
    stone = mapping.milestones["site"]
    many = {f"m{number}": stone.model_copy(update={"id": f"m{number}"}) for number in range(2_000)}
    state = marketing_state()
    state = replace(state, milestones={name: replace(state.milestones["site"], id=name) for name in many})
    mapping = mapping.model_copy(update={"milestones": many})
    summary = the_summary("show", ref=TRACKING, state=state, mapping=mapping)
    for render, limit in ((markdown.render, 65_536), (wiki.render, 32_767)):
        body = render(summary, MARK, limit)
        assert length(body) <= limit
        assert "more milestones" in body
    every = the_summary(*many, state=state, mapping=mapping)
    assert length(wiki.render(every, MARK, 32_767)) <= 32_767
    assert "more milestones and goals" in wiki.render(every, MARK, 32_767)


def test_a_title_that_looks_like_a_mark_is_none() -> None:
    fake = "milepost:default:10001:ffffffffffff"
    for title in (
        fake,
        f"<!-- {fake} -->",
        f"x\n<!-- {fake} -->\ny",
        f"{{{{{fake}}}}}",
        f"\u2028{{{{{fake}}}}}",
    ):
        blog = a_milestone_state("blog", a_task(1, title=title, status=title, url="javascript:alert(1)"))
        for render in RENDERERS:
            body = render(the_summary(state=marketing_state(blog=blog)), MARK, 32_767)
            assert parse_mark(body) == MARK
            assert fake not in body


FAKES = (
    "-->",
    "<!--",
    "milepost:default:1:0123456789ab",
    "\n\n{{milepost:a:1:0123456789ab}}",
    "\r\n<!-- milepost:a:1:0123456789ab -->\r\n",
)
hostile = st.text(max_size=60) | st.sampled_from(FAKES)


@settings(max_examples=60, deadline=None)
@given(
    titles=st.lists(hostile, min_size=1, max_size=4),
    instance=st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True),
    issue=st.from_regex(r"[0-9]{1,18}", fullmatch=True),
    digest=st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
)
def test_a_rendered_comment_keeps_its_identity_whatever_the_titles_hold(
    titles: list[str], instance: str, issue: str, digest: str
) -> None:
    blog = a_milestone_state(
        "blog", *(a_task(n, title=title, status=title) for n, title in enumerate(titles, 1))
    )
    summary = the_summary(state=marketing_state(blog=blog))
    mark = Mark(instance, issue, digest)
    for render in RENDERERS:
        assert parse_mark(render(summary, mark, 32_767)) == mark
    quoted = "\n".join(f"> {line}" for line in markdown.render(summary, mark, 32_767).splitlines())
    assert parse_mark(quoted) is None


def test_the_mark_is_still_found_after_a_round_trip_through_jira_cloud_or_an_added_line() -> None:
    assert parse_mark("text\r\n{{milepost:my\\-team:10001:0123456789ab}}\r\nthanks!") == Mark(
        "my-team", "10001", "0123456789ab"
    )


def test_a_mark_that_could_not_be_read_back_is_refused() -> None:
    with pytest.raises(ValueError, match="is no mark"):
        format_mark(Mark("default", "1:2", "0123456789ab"))


def test_trailing_space_and_line_ends_are_no_edit_but_a_word_is() -> None:
    assert body_hash("a  \r\nb\r\n") == body_hash("a\nb")
    assert body_hash("a\nb") != body_hash("a\nc")


def digest(summary: Summary) -> str:
    return summary_digest(summary)


def test_an_unchanged_world_gives_an_equal_digest_whatever_changed_before() -> None:
    assert digest(the_summary(changes={"blog": a_change()})) == digest(the_summary())


def test_the_digest_moves_with_every_number_that_is_shown() -> None:
    state = marketing_state()
    blog = state.milestones["blog"]
    seen = {digest(the_summary())}
    for other in (
        replace(blog, measure=Fraction(3, 4)),
        replace(blog, health=replace(blog.health, stale=True)),
        replace(blog, counts=replace(blog.counts, unestimated=1)),
        with_tasks(blog, *blog.tasks[:3], replace(blog.tasks[3], title="Write 6 posts")),
    ):
        seen.add(digest(the_summary(state=marketing_state(blog=other))))
    goal = replace(state.goals["show"], achieved=Fraction(1, 2))
    seen.add(digest(the_summary(state=replace(state, goals={"show": goal}))))
    assert len(seen) == 6


def test_days_that_pass_are_no_new_meaning() -> None:
    blog = marketing_state().milestones["blog"]
    said = [
        replace(blog, health=replace(blog.health, reason=f"no task moved for {days} days"))
        for days in (15, 16)
    ]
    first, second = (digest(the_summary(state=marketing_state(blog=each))) for each in said)
    assert first == second


def test_a_source_that_is_down_makes_its_own_comment_wait_but_not_that_of_others() -> None:
    state = marketing_state(site=replace(marketing_state().milestones["site"], measure=DOWN))
    goals = {"show": replace(state.goals["show"], missing=("site",))}
    state = replace(state, goals=goals)
    assert the_summary("site", state=state).waiting == DOWN.reason
    assert the_summary("show", state=state).waiting == DOWN.reason
    blog = the_summary("blog", state=state)
    assert blog.waiting is None
    assert blog.links_waiting


def test_the_reason_for_an_edit_names_both_percentages() -> None:
    assert phrase(the_summary(changes={"blog": a_change()})) == "2 of 4 tasks done, 25% → 50%"


@given(
    st.lists(st.fractions(min_value=-1, max_value=1, max_denominator=60), min_size=1, max_size=8),
    st.sampled_from([-1, 0, 1]),
)
def test_points_of_the_parts_add_up_to_the_difference_that_is_shown(shares: list[Fraction], off: int) -> None:
    total = int(sum(shares) * 100) + off
    assert sum(apportion(shares, total)) == total


def test_a_change_without_a_measured_side_names_its_tasks_and_no_points() -> None:
    change = replace(
        a_change(),
        before=Unmeasured(Why.NO_SCOPE, "no scope: it has no task"),
        difference=None,
        parts=(ChangePart(Part.SCOPE_ADDED, Fraction(0), ("BLOG-2",)),),
    )
    body = markdown.render(the_summary(changes={"blog": change}), MARK, 65_536)
    assert "**Since 2027-01-04: not measurable → 50%**\n\n- scope added: BLOG-2" in body


def test_github_tasks_are_linked_without_a_note_in_their_timeline() -> None:
    task = a_task(1, ref=TRACKING, url="https://github.com/acme/site/issues/7", status="open")
    body = markdown.render(
        the_summary(state=marketing_state(blog=a_milestone_state("blog", task))), MARK, 65_536
    )
    assert "- [Create blog homepage](https://redirect.github.com/acme/site/issues/7)\n" in body
    assert EPIC.key not in body


@pytest.mark.parametrize("render", RENDERERS)
def test_an_open_task_that_counts_in_part_says_how_much(render: Render) -> None:
    half = a_task(1, "todo", credit=Fraction(3, 5))
    state = marketing_state()
    changed = with_tasks(state.milestones["blog"], half, a_task(2, "todo"))
    state = replace(state, milestones={**state.milestones, "blog": changed})
    summary = the_summary(state=state)
    body = render(summary, MARK, 32_767)
    assert body.count("counts as 60%") == 1
    untold = with_tasks(changed, replace(half, credit=Fraction(0)), a_task(2, "todo"))
    before = the_summary(state=replace(state, milestones={**state.milestones, "blog": untold}))
    assert summary_digest(before) != summary_digest(summary)


@given(
    st.lists(st.tuples(st.sampled_from(("A", "AB", "B2B", "x/y#", "")), st.integers(0, 10**12)), max_size=9)
)
def test_open_tasks_are_ranked_as_people_count(parts: list[tuple[str, int]]) -> None:
    keys = sorted(parts)
    assert sorted((f"{text}-{number}" for text, number in keys), key=key_rank) == sorted(
        (f"{text}-{number}" for text, number in keys),
        key=lambda key: [int(piece) if piece.isdecimal() else piece for piece in re.split(r"([0-9]+)", key)],
    )
