"""What differs between a store that lived through a history and a fresh one, in words."""

import re
from collections.abc import Mapping
from dataclasses import fields

from connectors.models import Issue
from connectors.sandbox.github_truth.truth import BOT
from core.publish.actions import WriteComment
from core.publish.comment.mark import parse_mark
from tests.tools.consistency_world import Sites


def unwritable(at: Sites) -> set[tuple[str, str]]:
    """Issues and repositories that refuse what milepost would write, whatever it does."""
    found: set[tuple[str, str]] = set()
    for issue in at.jira.issues.values():
        hidden = issue.id in at.jira.hidden
        if hidden or not issue.editable or issue.archived or at.jira.lacks(issue, "labels"):
            found.add(("jira", str(issue.id)))
    token = at.github.tokens["sandbox"]
    for repo in at.github.repos.values():
        closed = repo.archived or at.github.role(repo, token) in ("none", "pull", "triage")
        if closed:
            found.add(("github", repo.full_name))
        found |= {
            ("github", str(each.id))
            for each in at.github.issues.values()
            if each.repo_id == repo.id and (closed or each.locked)
        }
    return found


def id_of(issue: Issue) -> tuple[str, str]:
    return issue.ref.tracker, issue.ref.id


COMPARED = tuple(one.name for one in fields(Issue) if one.name != "updated")
"""A comment of ours moves the time of change, and no more: the row is not written again for that."""


def row_differences(
    mine: Mapping[tuple[str, str], Issue], theirs: Mapping[tuple[str, str], Issue]
) -> list[str]:
    found = []
    for key in sorted({*mine, *theirs}):
        old, new = mine.get(key), theirs.get(key)
        if old is not None and old.archived:
            continue  # a fresh store cannot know it
        if old is None or new is None:
            issue = old or new
            assert issue is not None
            found.append(f"{issue.ref.key} is {'missing' if old is None else 'stored and not there'}")
        elif old != new or old.ref.key != new.ref.key:
            names = [name for name in COMPARED if getattr(old, name) != getattr(new, name)]
            if old.ref.key != new.ref.key:
                names.append("key")
            if not names:
                continue
            texts = [
                f"{name} {old.ref.key if name == 'key' else getattr(old, name)!r}"
                f" instead of {new.ref.key if name == 'key' else getattr(new, name)!r}"
                for name in names
            ]
            found.append(f"{new.ref.key}: {', '.join(texts)}")
    return found


CHANGE = re.compile(r"(?ms)^\W*Since \d{4}-.*?(?=^\W*(Open tasks|Leads to)|^milepost keeps|\Z)")


def words(body: str) -> str:
    """A comment without its mark, its change section, its numbers of days and the server's own marks."""
    kept = re.sub(
        r"(?ms)^\W*Since \d{4}-\d\d-\d\d.*?(?=^\W*(Open tasks|Leads to)|^milepost keeps|\Z)", "", body
    )
    kept = re.sub(r"(_Kept up to date by )?milepost:\S+", "", kept)
    # A server that does not take them is remembered for a day after it does.
    kept = "".join(character for character in kept if ord(character) <= 0xFFFF)
    kept = re.sub(r"\d+", "#", kept)
    return "\n".join(line.strip("-* ") for line in kept.splitlines() if line.strip("-* "))


def comment_difference(action: WriteComment) -> str:
    if action.before is None:
        return action.sentence
    old, new = words(action.before.body).splitlines(), words(action.body).splitlines()
    lost = [line for line in action.before.body.splitlines()[:4] if line]
    more = [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]
    wanted = action.body.splitlines()[:4]
    return f"{action.sentence}: {lost} instead of {wanted} {more[:6]}"


def strays(at: Sites, wanted: set[str]) -> list[str]:
    """More than one comment of ours on an issue, and those that nobody wants and that can be taken away."""
    found, closed = [], unwritable(at)
    for issue_id, thread in at.jira.threads.items():
        ours = [one for one in thread if one.author == at.jira.bot.id]
        key = at.jira.issues[issue_id].key
        if ("jira", str(issue_id)) not in closed:
            found += _stray(key, str(issue_id), len(ours), wanted)
    for issue in at.github.issues.values():
        ours_there = [one for one in issue.comments if one.author == BOT and parse_mark(one.body)]
        if ("github", str(issue.id)) not in closed:
            found += _stray(at.github.key(issue), str(issue.id), len(ours_there), wanted)
    return found


def _stray(key: str, id_: str, number: int, wanted: set[str]) -> list[str]:
    if number > 1:
        return [f"{number} comments of ours on {key}"]
    return [f"a comment on {key}, where none is wanted"] if number and id_ not in wanted else []
