"""Every move of the consistency campaign's world, by name."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from connectors.sandbox.github_truth.truth import BOT
from tests.tools.consistency_world import KEPT_KEYS, Sites

Move = Callable[[Sites], Any]


def _old(at: Sites) -> Any:
    return at.world.clock.now() - timedelta(days=at.dice.randrange(30, 300))


def _comment_jira(at: Sites) -> None:
    bot = at.jira.bot.id
    comments = [one for thread in at.jira.threads.values() for one in thread if one.author == bot]
    act = at.dice.choice(["say", "edit", "delete", "copy"])
    if act == "say" or not comments:
        at.jira.comment(at.dice.choice(KEPT_KEYS), "Well done", author="ana")
    elif act == "edit":
        at.jira.edit_comment(at.dice.choice(comments), "Nothing to see here", author="ana")
    elif act == "copy":
        copied = at.dice.choice(comments)
        at.jira.comment(at.jira.issues[copied.issue].key, copied.body, author="ben")
    else:
        at.jira.delete_comment(at.dice.choice(comments))


def _comment_github(at: Sites) -> None:
    comments = [one for issue in at.github.issues.values() for one in issue.comments if one.author == BOT]
    act = at.dice.choice(["say", "edit", "delete"])
    if act == "say" or not comments:
        at.github.comment(at.work(), "Well done", author="ana")
    elif act == "edit":
        at.github.edit_comment(at.dice.choice(comments).id, "Nothing to see here")
    else:
        at.github.delete_comment(at.dice.choice(comments).id)


def _tree(at: Sites) -> None:
    key = at.work()
    root = at.github.key(at.github.issue("acme/site#1"))
    if at.github.issue(key).parent is not None:
        at.github.remove_sub_issue(at.github.key(at.github.issues[at.github.issue(key).parent or 0]), key)
    else:
        at.github.add_sub_issue(root, key)


def _swap_repo_name(at: Sites) -> None:
    old = at.repo()
    at.github.rename_repo(old, f"{old.rstrip('0123456789-')}-{at.number()}")


def _named(choices: list[Any], at: Sites) -> Any:
    return at.dice.choice(choices).name if choices else None


def _rename_version(at: Sites) -> None:
    project = at.project()
    old = _named(at.jira.projects[project].versions, at)
    if old:
        at.jira.rename_version(project, old, at.dice.choice(["1.0", f"2.{at.number()}"]))


def _rename_component(at: Sites) -> None:
    project = at.project()
    old = _named(at.jira.projects[project].components, at)
    if old:
        at.jira.rename_component(project, old, at.dice.choice(["Web", f"Part {at.number()}"]))


def _rename_project(at: Sites) -> None:
    old = at.project()
    at.jira.rename_project(old, f"{old.rstrip('0123456789')}{at.number()}")


def _swap_label(at: Sites) -> None:
    repo = at.github.repo(at.repo())
    names = [label.name for label in repo.labels.values() if not label.name.startswith("mp/")]
    if not names:
        return
    old = at.dice.choice(names)
    new = at.dice.choice(["words", "milestone/docs", f"label {at.number()}"])
    if at.dice.random() < 0.3:
        at.github.delete_label(repo.full_name, old)
    elif at.github.label(repo, new) is None:
        at.github.rename_label(repo.full_name, old, new)


def _rename_milestone(at: Sites) -> None:
    repo = at.github.repo(at.repo())
    titles = [one.title for one in repo.milestones.values()]
    new = at.dice.choice(["Q1", f"Q{at.number()}"])
    if titles and new not in titles:
        at.github.rename_milestone(repo.full_name, at.dice.choice(titles), new)


def _rename_kind(at: Sites) -> None:
    kind = at.dice.choice(at.github.offered_types("acme"))
    new = at.dice.choice(["Task", f"Kind {at.number()}"])
    if at.github.offered_type("acme", new) is None:
        at.github.rename_type("acme", kind.name, new)


def _rename_type(at: Sites) -> None:
    old = at.dice.choice([one for one in at.jira.types if one.level == 0])
    new = at.dice.choice(["Story", f"Kind {at.number()}"])
    if new not in [one.name for one in at.jira.types]:
        at.jira.rename_type(old.name, new)


def _hide(at: Sites) -> None:
    task = at.task()
    at.jira.hide(task.key, hidden=task.id not in at.jira.hidden)


def _archive(at: Sites) -> None:
    task = at.task()
    (at.jira.restore if task.archived else at.jira.archive)(task.key)


def _toggle_project(at: Sites) -> None:
    project = at.jira.projects[at.project()]
    if at.dice.random() < 0.5:
        at.jira.hide_project(project.key, hidden=not project.hidden)
    else:
        at.jira.archive_project(project.key, archived=not project.archived)


def _toggle_access(at: Sites) -> None:
    repo = at.github.repo(at.repo())
    role = at.dice.choice(["none", "pull", "push"])
    at.github.grant(repo.full_name, BOT, role)


def _toggle_repo(at: Sites) -> None:
    repo = at.github.repo(at.repo())
    act = at.dice.choice(["archive", "block", "disable"])
    if act == "archive":
        at.github.archive_repo(repo.full_name, archived=not repo.archived)
    elif act == "block":
        at.github.block_repo(repo.full_name, "" if repo.blocked else at.dice.choice(["dmca", "tos"]))
    else:
        at.github.disable_issues(repo.full_name, disabled=repo.has_issues)


def _state(at: Sites) -> None:
    key = at.work()
    if at.github.issue(key).state == "open":
        at.github.close(key, at.dice.choice(["completed", "not_planned"]))
    else:
        at.github.reopen(key)


def _label_work(at: Sites) -> None:
    key, name = at.work(), at.dice.choice(["words", "milestone/docs", "milestone/epic", "mp/odd"])
    if name in at.github.label_names(at.github.issue(key)):
        at.github.remove_labels(key, name)
    else:
        at.github.add_labels(key, name)


def _label_task(at: Sites) -> None:
    change = at.dice.choice([at.jira.add_labels, at.jira.remove_labels])
    change(at.task().key, at.dice.choice(["news", "milestone/docs", "office", "mp/odd"]))


def _block_task(at: Sites) -> None:
    task, other = at.task(), at.task()
    if task is not other:
        at.jira.block(task.key, other.key, blocked=other.id not in task.blockers)


def _block_work(at: Sites) -> None:
    task, other = at.github.issue(at.work()), at.github.issue(at.work())
    if task is not other:
        keys = at.github.key(task), at.github.key(other)
        at.github.block(*keys, blocked=other.id not in task.blockers)


def _late(at: Sites) -> None:
    at.jira.answer_late(searches=at.dice.choice([0, 60, 720]), comments=at.dice.choice([0, 60]))
    at.github.answer_late(lists=at.dice.choice([0, 30, 600]), comments=at.dice.choice([0, 30]))


def _quirk(at: Sites) -> None:
    quirks = at.jira.quirks
    quirks.rewrite = at.dice.choice(["", "one blank line", "plain marks"])
    quirks.bmp_only = at.dice.random() < 0.3
    quirks.quiet_refusal = at.dice.choice([None, 400, 403])
    at.github.settings.null_sub_issues = at.dice.random() < 0.5
    at.github.settings.pulls_where_disabled = at.dice.random() < 0.5
    at.github.settings.graphql_size = at.dice.choice([None, 50])


def _move_work(at: Sites) -> None:
    key = at.work()
    home = at.github.repos[at.github.issue(key).repo_id]
    target = at.github.repo(at.repo())
    if target is not home and target.owner == home.owner:
        at.github.transfer(key, target.full_name)


def _convert(at: Sites) -> None:
    at.github.convert_to_discussion(at.work(), at.dice.choice([404, 410]))


MOVES: Mapping[str, Move] = {
    "jira-status": lambda at: at.jira.transition(
        at.task().key, at.dice.choice([one.name for one in at.jira.statuses])
    ),
    "jira-title": lambda at: at.jira.edit(
        at.task().key, summary=at.dice.choice(["Launch 🚀", f"Work {at.number()}"])
    ),
    "jira-label": _label_task,
    "jira-block": _block_task,
    "github-block": _block_work,
    "jira-new": lambda at: at.jira.create_issue(
        at.project(), f"New {at.number()}", parent=at.dice.choice(["BLOG-1", None]), labels=["news"]
    ),
    "jira-import": lambda at: at.jira.import_issue(
        at.project(), f"Old {at.number()}", created=_old(at), updated=_old(at), labels=["news"]
    ),
    "jira-move": lambda at: at.jira.move(at.task().key, at.project()),
    "jira-delete": lambda at: at.jira.delete(at.task().key) if len(at.jira.issues) > 7 else None,
    "jira-comment": _comment_jira,
    "jira-hide": _hide,
    "jira-archive": _archive,
    "jira-project": _toggle_project,
    "jira-key": _rename_project,
    "jira-version": _rename_version,
    "jira-component": _rename_component,
    "jira-sprint": lambda at: at.jira.rename_sprint(
        at.dice.choice(list(at.jira.sprints.values())).name, at.dice.choice(["Sprint 1", "Sprint 2"])
    ),
    "jira-status-name": lambda at: at.jira.rename_status(
        at.dice.choice(at.jira.statuses).name, f"Status {at.number()}"
    ),
    "jira-category": lambda at: at.jira.move_status(
        at.dice.choice(at.jira.statuses).name, at.dice.choice(["new", "indeterminate", "done"])
    ),
    "jira-type": _rename_type,
    "jira-priority": lambda at: at.jira.rename_priority(
        at.dice.choice(at.jira.priorities).name, f"Priority {at.number()}"
    ),
    "jira-field": lambda at: at.jira.rename_field(
        at.dice.choice([one for one in at.jira.fields if one.kind == "text"] or at.jira.fields[-1:]).name,
        f"Field {at.number()}",
    ),
    "jira-freeze": lambda at: at.jira.freeze(at.task().key, frozen=at.dice.random() < 0.7),
    "jira-screen": lambda at: at.jira.take_off_screen(at.task().key, off=at.dice.random() < 0.7),
    "jira-spoil": lambda at: at.jira.spoil(at.task().key, spoiled=at.dice.random() < 0.7),
    "github-state": _state,
    "github-title": lambda at: at.github.edit(at.work(), title=f"Work {at.number()}"),
    "github-label": _label_work,
    "github-new": lambda at: at.github.create_issue(at.repo(), f"New {at.number()}", labels=["words"]),
    "github-import": lambda at: at.github.import_issue(
        at.repo(), f"Old {at.number()}", created=_old(at), updated=_old(at), labels=["words"]
    ),
    "github-tree": _tree,
    "github-move": _move_work,
    "github-delete": lambda at: at.github.delete(at.work()),
    "github-discussion": _convert,
    "github-comment": _comment_github,
    "github-lock": lambda at: at.github.lock(at.work(), locked=at.dice.random() < 0.7),
    "github-access": _toggle_access,
    "github-repository": _toggle_repo,
    "github-name": _swap_repo_name,
    "github-label-name": _swap_label,
    "github-milestone": _rename_milestone,
    "github-type": _rename_kind,
    "late": _late,
    "quirk": _quirk,
}
"""By name; a move that finds nothing to do, or that the tracker would refuse, does nothing."""

SLOW = ("jira-sprint", "jira-field")
"""What no outline shows: found when the stored rows are read again one share after the other."""
