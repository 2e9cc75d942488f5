"""What histories of real trackers hold: circles, depths, doubles, other names for the same thing."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug import Request, Response

from connectors.sandbox.faults import Fault, Replace
from connectors.sandbox.github_truth.truth import BOT
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, milestone, percents, plain

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


def renamed(here: House, names: dict[str, str]) -> None:
    """The same statuses under other names, as an administrator or another language would have them."""

    def change(request: Request, response: Response) -> Response:
        text = response.get_data(as_text=True)
        for old, new in names.items():
            text = text.replace(f'"name":"{old}"', f'"name":"{new}"')
        response.set_data(text)
        return response

    here.server.plan(Fault(kind=Replace(change), site="jira", times=None))


def circle(here: House, *keys: str) -> None:
    """Each is the parent of the next, and the last of the first; no Jira lets this happen by itself."""
    for parent, child in zip(keys, (*keys[1:], keys[0]), strict=True):
        issue = here.jira.issue(child)
        here.jira.edit(child, summary=f"{issue.summary} ")
        issue.parent = here.jira.issue(parent).id


@FACES
def test_a_status_in_another_language_means_what_its_category_says(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        renamed(
            here,
            {
                "To Do": "Zu erledigen",
                "In Progress": "\u9032\u884c\u4e2d",
                "Done": "\u0645\u0646\u062a\u0647",
            },
        )
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [65]


def test_a_status_that_is_renamed_later_moves_no_number(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        before = {key: percents(body) for key, body in here.ours().items()}
        labels = here.labels()
        renamed(here, {"To Do": "Open", "Done": "Shipped"})
        here.jira.edit("BLOG-4", summary=here.jira.issue("BLOG-4").summary)
        here.reconcile_every = timedelta(0)
        here.agreed()
        assert {key: percents(body) for key, body in here.ours().items()} == before
        assert here.labels() == labels


def test_parents_in_a_circle_are_measured_and_end_the_run(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        circle(here, "BLOG-2", "BLOG-3", "BLOG-4")
        report = here.sync()
        assert not any("Traceback" in said for said in report.conclusion.problems)
        assert percents(here.ours()["BLOG-1"])[0] not in (0, 100)
        assert here.plan().plan.actions == ()


def test_an_epic_that_is_its_own_child_is_measured_and_ends_the_run(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        circle(here, "BLOG-1")
        here.sync()
        assert here.plan().plan.actions == ()
        assert percents(here.ours()["BLOG-1"]) == [65]


def test_a_tree_of_a_thousand_levels_is_walked_to_its_leaf(tmp_path: Path) -> None:
    mapping = MARKETING + milestone("deep", 'project = "BLOG"\nlabel = "deep"', 'tracking = "MKT-3"')
    with house(tmp_path, mapping=mapping) as here:
        here.limits = here.limits.model_copy(update={"max_changes": 5_000})
        here.publish = here.publish.model_copy(
            update={"labels": here.publish.labels.model_copy(update={"enabled": False})}
        )
        above = None
        for level in range(1_000):
            issue = here.jira.create_issue("BLOG", f"Level {level}")
            issue.labels = ["deep"]
            issue.parent = above.id if above is not None else None
            above = issue
        assert above is not None
        here.jira.transition(above.key, "Done")
        here.sync()
        assert re.search(r"1 of 1 tasks? done", here.ours()["MKT-3"])
        assert percents(here.ours()["MKT-3"]) == [100]


def test_an_issue_in_two_milestones_counts_in_both_and_bears_both_labels(tmp_path: Path) -> None:
    mapping = MARKETING + milestone("second", 'project = "BLOG"\ntitle = "."', 'tracking = "MKT-3"')
    with house(tmp_path, mapping=mapping) as here:
        here.agreed()
        assert {"mp/milestone/blog", "mp/milestone/second"} <= here.labels()["BLOG-4"]
        before = percents(here.ours()["BLOG-1"]), percents(here.ours()["MKT-3"])
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        after = percents(here.ours()["BLOG-1"]), percents(here.ours()["MKT-3"])
        assert all(later > one for one, later in zip(before, after, strict=True))


@FACES
def test_the_same_work_in_both_trackers_counts_once_as_the_one_that_is_pointed_to(
    face: str, tmp_path: Path
) -> None:
    mapping = MARKETING + milestone("twin", 'title = "^Twin$"', 'tracking = "MKT-3"')
    with house(tmp_path, face, mapping) as here:
        original = here.jira.create_issue("BLOG", "Twin")
        here.github.create_issue(
            "acme/site", "Twin", body=f"Mirrors: https://jira.example/browse/{original.key}"
        )
        here.agreed()
        assert "0 of 1 task done" in plain(here.ours()["MKT-3"])
        here.jira.transition(original.key, "Done")
        here.agreed()
        assert "1 of 1 task done" in plain(here.ours()["MKT-3"])


def test_a_label_that_differs_by_case_alone_is_the_same_on_github_and_written_once(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        repo = here.github.repo("acme/site")
        label = next(each for each in repo.labels.values() if each.name == "mp/milestone/site")
        here.github.change_label(repo, label, "MP/Milestone/Site", label.color, label.description)
        here.reconcile_every = timedelta(0)
        here.sync()
        here.sync()
        assert here.plan().plan.actions == ()
        names = [each.casefold() for each in here.definitions()]
        assert len(names) == len(set(names))


def test_another_account_of_milepost_leaves_the_comment_of_the_old_one_and_writes_its_own_once(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as here:
        here.agreed()
        foreign = here.foreign()
        old = [one.body for one in here.github.comments("acme/site#1") if one.author == BOT]
        here.github.repo("acme/site").roles["ben"] = "push"
        here.github.add_token("token-of-the-new-one", "ben", ("repo",))
        here.settings["github"] = {"token": "token-of-the-new-one"}
        here.sync()
        here.sync()
        by_new = [
            one
            for one in here.github.comments("acme/site#1")
            if one.author == "ben" and "milepost:" in one.body
        ]
        assert len(by_new) == 1
        assert [one.body for one in here.github.comments("acme/site#1") if one.author == BOT] == old
        assert {key: each.labels for key, each in here.foreign().items()} == {
            key: each.labels for key, each in foreign.items()
        }
