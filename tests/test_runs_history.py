"""Random histories of the world: after every run the comments say what is true; the rest is untouched."""

import random
import re
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.sandbox.github_truth.truth import BOT
from connectors.sandbox.jira_truth.model import JiraIssue
from connectors.sandbox.seed import TODAY
from core.publish.publish_policy import LimitPolicy
from tests.runs import CLOUD, DATACENTER, House, house, percents

CANCELLED = {"Won't Do", "Duplicate", "Cannot Reproduce", "Declined"}
OURS = "mp/"


# The world's moves: each takes the house and a source of choices, and may find nothing to do.

Move = Callable[[House, random.Random], None]


def _task(here: House, dice: random.Random) -> JiraIssue:
    return dice.choice(
        [one for one in here.jira.issues.values() if one.type != "Epic" and one.key != "MKT-1"]
    )


def jira_status(here: House, dice: random.Random) -> None:
    status = dice.choice(["To Do", "In Progress", "Done"])
    resolution = dice.choice(["Done", *sorted(CANCELLED)]) if status == "Done" else None
    here.jira.transition(_task(here, dice).key, status, resolution)


def jira_parent(here: House, dice: random.Random) -> None:
    here.jira.edit(_task(here, dice).key, parent=dice.choice(["BLOG-1", "MKT-2", None]))


def jira_label(here: House, dice: random.Random) -> None:
    task = _task(here, dice)
    change = dice.choice([here.jira.add_labels, here.jira.remove_labels])
    change(task.key, dice.choice(["newsletter", "milestone/blog", "milestone/site", "office", "mp/odd"]))


def jira_new(here: House, dice: random.Random) -> None:
    project, parent = dice.choice([("BLOG", "BLOG-1"), ("MKT", "BLOG-1"), ("BLOG", None)])
    here.jira.create_issue(project, f"New work {dice.random()}", parent=parent)


def jira_move(here: House, dice: random.Random) -> None:
    task = _task(here, dice)
    here.jira.move(task.key, "MKT" if task.project == "BLOG" else "BLOG")


def jira_delete(here: House, dice: random.Random) -> None:
    here.jira.delete(_task(here, dice).key)


def jira_comments(here: House, dice: random.Random) -> None:
    key = dice.choice(["BLOG-1", "MKT-1", "MKT-2"])
    comments = here.jira.comments(key)
    ours = [one for one in comments if one.author == here.jira.bot.id]
    act = dice.choice(["say", "copy", "edit", "delete"])
    if act == "say" or not ours:
        here.jira.comment(key, f"I say {dice.random()}", author="ana")
    elif act == "copy":
        here.jira.comment(key, ours[0].body, author="ben")
    elif act == "edit":
        here.jira.edit_comment(ours[0], "Nothing to see here", author="ana")
    else:
        here.jira.delete_comment(ours[0])


def _github(here: House, dice: random.Random) -> str:
    issues = here.github.issues.values()
    return here.github.key(dice.choice([one for one in issues if one.number != 1 and not one.pull_request]))


def github_state(here: House, dice: random.Random) -> None:
    key, reason = _github(here, dice), dice.choice(["completed", "not_planned", "duplicate", ""])
    if reason:
        here.github.close(key, reason=reason)
    else:
        here.github.reopen(key)


def github_label(here: House, dice: random.Random) -> None:
    key = _github(here, dice)
    name = dice.choice(["newsletter", "milestone/site", "milestone/blog", "bug", "mp/odd"])
    if name in here.github.label_names(here.github.issue(key)):
        here.github.remove_labels(key, name)
    else:
        here.github.add_labels(key, name)


def github_tree(here: House, dice: random.Random) -> None:
    key = _github(here, dice)
    if here.github.issue(key).parent is None:
        here.github.add_sub_issue("acme/site#1", key)
    else:
        here.github.remove_sub_issue("acme/site#1", key)


def github_delete(here: House, dice: random.Random) -> None:
    here.github.delete(_github(here, dice))


def github_comments(here: House, dice: random.Random) -> None:
    comments = here.github.comments("acme/site#1")
    ours = [one for one in comments if one.author == BOT]
    act = dice.choice(["say", "copy", "edit", "delete"])
    if act == "say" or not ours:
        here.github.comment("acme/site#1", f"I say {dice.random()}", author="ana")
    elif act == "copy":
        here.github.comment("acme/site#1", ours[0].body, author="ben")
    elif act == "edit":
        here.github.edit_comment(ours[0].id, "Nothing to see here")
    else:
        here.github.delete_comment(ours[0].id)


def a_day(here: House, dice: random.Random) -> None:
    here.world.clock.advance(dice.randrange(1, 86_400))


MOVES: tuple[Move, ...] = (
    *(jira_status, jira_parent, jira_label, jira_new, jira_move, jira_delete, jira_comments),
    *(github_state, github_label, github_tree, github_delete, github_comments, a_day),
)


# What is true, worked out from the world alone.


def truth(here: House) -> dict[str, Fraction | None]:
    """The share of each milestone of the shipped mapping, None where it has no scope."""
    found: dict[str, list[Fraction]] = {"BLOG-1": [], "MKT-2": [], "acme/site#1": []}
    _count_jira(here, found)
    _count_github(here, found)
    return {key: sum(each, Fraction()) / len(each) if each else None for key, each in found.items()}


def _count_jira(here: House, found: dict[str, list[Fraction]]) -> None:
    epic = here.jira.issue("BLOG-1").id
    for task in here.jira.issues.values():
        if task.key in ("BLOG-1", "MKT-1", "MKT-2") or task.resolution in CANCELLED:
            continue
        done = Fraction(task.status == "Done")
        if task.parent == epic or "milestone/blog" in task.labels:
            boxes = re.findall(r"- \[([ x])\]", task.description or "") if task.parent == epic else []
            found["BLOG-1"].append(done or (Fraction(boxes.count("x"), len(boxes)) if boxes else done))
        if task.project == "MKT" and "newsletter" in task.labels:
            found["MKT-2"].append(done)
        if "milestone/site" in task.labels:
            found["acme/site#1"].append(done)


def _count_github(here: House, found: dict[str, list[Fraction]]) -> None:
    root = here.github.issue("acme/site#1").id
    for row in here.github.issues.values():
        if row.id == root or row.pull_request or row.state_reason in ("not_planned", "duplicate"):
            continue
        labels, closed = here.github.label_names(row), Fraction(row.state == "closed")
        if row.parent == root or "milestone/site" in labels:
            found["acme/site#1"].append(closed)
        if "newsletter" in labels or row.milestone is not None:
            found["MKT-2"].append(closed)
        if "milestone/blog" in labels:
            found["BLOG-1"].append(closed)


def check(here: House) -> None:
    """The comments say what is true, once each, and a further run would change nothing."""
    comments = here.ours()
    assert set(comments) == {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}
    for key, share in truth(here).items():
        said = percents(comments[key])
        if share is None:
            assert "cannot measure" in comments[key].splitlines()[0]
        elif 0 < share < Fraction(1, 100):
            assert "<1%" in comments[key].splitlines()[0]
        else:
            assert said[:1] == [int(share * 100)], (key, share, comments[key])
    again = here.plan()
    assert not again.plan.actions, [action.sentence for action in again.plan.actions]
    assert not again.plan.held


@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # shrinking whole runs would take longer than reading one history
    suppress_health_check=list(HealthCheck),
)
@given(
    face=st.sampled_from([CLOUD, DATACENTER]),
    seed=st.integers(0, 2**32),
    history=st.lists(st.lists(st.sampled_from(MOVES), min_size=1, max_size=8), min_size=2, max_size=5),
)
def test_whatever_happens_every_run_leaves_the_truth_and_touches_nothing_of_others(
    face: str, seed: int, history: list[list[Move]]
) -> None:
    dice = random.Random(seed)
    with TemporaryDirectory() as folder, house(Path(folder), face) as here:
        here.limits = LimitPolicy(max_jump_points=100, max_lost_percent=100, max_removed_percent=100)
        here.sync()
        for moves in history:
            for move in moves:
                move(here, dice)
            # Without a sweep a run does not know of what was deleted, and the truth would be another.
            swept = dice.random() < 0.5 or {jira_delete, github_delete} & set(moves)
            here.reconcile_every = timedelta(0) if swept else timedelta(days=999)
            foreign = here.foreign()
            report = here.sync()
            assert not report.failed, (report.line, report.conclusion.problems, report.conclusion.plan.held)
            assert here.foreign() == foreign
            check(here)
        here.undo(everything=True)
        assert here.ours() == {}
        assert here.foreign() == foreign
        assert here.world.clock.now() >= TODAY
