"""What administrators do on a sandbox GitHub; little of it moves the `updated_at` of an issue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.sandbox.github_truth.model import Issue, IssueField, IssueType, Label, Milestone, Repo
from connectors.sandbox.github_truth.moves import Moves
from connectors.sandbox.github_truth.truth import BOT, Impossible, moment


class AdminMoves(Moves):
    """Definitions, access and state of repositories. `docs/vendors.md` has the source of each belief."""

    # -- definitions

    def rename_label(self, repo: str, old: str, new: str) -> Label:
        """Give a label another name; every issue that bears it shows the new one from now on."""
        home = self.repo(repo)
        label = self._label_of(home, old)
        self.change_label(home, label, new, label.color, label.description)
        return label

    def recolour_label(self, repo: str, name: str, color: str) -> Label:
        """Give a label another colour of six hex digits."""
        home = self.repo(repo)
        label = self._label_of(home, name)
        self.change_label(home, label, label.name, color, label.description)
        return label

    def delete_label(self, repo: str, name: str) -> None:
        """Delete a definition, and with it the label from every issue."""
        home = self.repo(repo)
        self.drop_label(home, self._label_of(home, name))

    def rename_milestone(self, repo: str, old: str, new: str) -> Milestone:
        """Give a milestone another title; Impossible if another has it."""
        home = self.repo(repo)
        result = self._milestone_of(home, old)
        if self.milestone(home, new) not in (None, result):
            raise Impossible("", "title", "already_exists")
        result.title = new
        return self._milestone_changed(home, result)

    def close_milestone(self, repo: str, title: str, *, closed: bool = True) -> Milestone:
        """Close a milestone, or open it again; its issues stay open or closed as they are."""
        home = self.repo(repo)
        result = self._milestone_of(home, title)
        result.closed_at = self.tick() if closed else None
        return self._milestone_changed(home, result)

    def date_milestone(self, repo: str, title: str, due_on: datetime | None) -> Milestone:
        """Let a milestone be due at another time, or at none."""
        home = self.repo(repo)
        result = self._milestone_of(home, title)
        result.due_on = None if due_on is None else _seconds(due_on)
        return self._milestone_changed(home, result)

    def rename_type(self, owner: str, old: str, new: str) -> IssueType:
        """Give an issue type of an organisation another name."""
        result = self.offered_type(owner, old)
        if result is None:
            raise KeyError(f"{owner} has no issue type {old!r}")
        if self.offered_type(owner, new) not in (None, result):
            raise Impossible("", "name", "already_exists")
        homes = {repo.id for repo in self.owned(owner)}
        issues = [item for item in self.issues.values() if item.type == result.name and item.repo_id in homes]
        self.tick()
        result.name = new
        for issue in issues:
            issue.type = new
        self._redefined(issues)
        return result

    def add_issue_field(self, name: str, kind: str = "text", options: Sequence[str] = ()) -> IssueField:
        """Offer a field for issues; see `IssueField`."""
        self.tick()
        self.issue_fields[name] = IssueField(self.new_id(), name, kind, list(options))
        return self.issue_fields[name]

    def set_issue_field(self, key: str, name: str, value: Any, *, touch: bool = True) -> Issue:
        """Set the value of a field, options by their names; None clears it.

        `touch`: whether that moves the issue's `updated_at`, which GitHub does not document.
        """
        issue, offered = self.issue(key), self.issue_fields[name]
        chosen = value if isinstance(value, list) else [value]
        if offered.options and value is not None and not set(chosen) <= set(offered.options):
            raise ValueError(f"{name!r} offers {', '.join(offered.options)}")
        self.tick()
        issue.values.pop(name, None)
        if value is not None:
            issue.values[name] = value
        if touch:
            self.touch(issue)
        return issue

    # -- repositories

    def revoke(self, repo: str, login: str = BOT) -> None:
        """Take away what an account may do in a repository; a private one answers it 404 from now on."""
        self.grant(repo, login, "none")

    def show_repo(self, repo: str, visibility: str) -> Repo:
        """Make a repository "public", "internal" or "private"; none of its issues changes by that."""
        if visibility not in ("public", "internal", "private"):
            raise ValueError(f"no visibility of GitHub: {visibility!r}")
        home = self.repo(repo)
        home.private, home.internal = visibility != "public", visibility == "internal"
        home.updated_at = self.tick()
        return home

    def archive_repo(self, repo: str, *, archived: bool = True) -> Repo:
        """Make a repository read-only (403 to every write), or writable again."""
        home = self.repo(repo)
        home.archived, home.updated_at = archived, self.tick()
        return home

    def block_repo(self, repo: str, reason: str = "dmca") -> Repo:
        """Let GitHub keep everyone out: 451 for "dmca", 403 for "tos"; an empty reason opens it again.

        Its organisation lists it all the same.
        """
        home = self.repo(repo)
        self.tick()
        home.blocked = reason
        return home

    def disable_issues(self, repo: str, *, disabled: bool = True) -> Repo:
        """Switch issues off (410 to whatever asks for one), or on again with all that were there."""
        home = self.repo(repo)
        home.has_issues, home.updated_at = not disabled, self.tick()
        return home

    # -- issues

    def lock(self, key: str, *, locked: bool = True) -> Issue:
        """Lock a conversation, or unlock it; a locked one takes no new comment and no edit of one (403).

        GitHub lets collaborators comment; reports say that this does not hold for every kind of token.
        """
        issue = self.issue(key)
        issue.locked = locked
        self.touch(issue)
        return issue

    def convert_to_discussion(self, key: str, status: int = 404) -> None:
        """Turn an issue into a discussion: its number answers 404, or 410, and no list has it any more."""
        issue = self.issue(key)
        repo = self.repos[issue.repo_id]
        self.delete(key)
        if status == 404:
            repo.deleted.remove(issue.number)

    def import_issue(
        self, repo: str, title: str, *, created: str | datetime, updated: str | datetime, **more: Any
    ) -> Issue:
        """Bring in an issue that bears the dates of where it comes from; `more` is for `create_issue`."""
        issue = self.create_issue(repo, title, **more)
        order = self.orders[issue.repo_id]
        order.remove(issue)
        issue.created_at, issue.updated_at = _seconds(created), _seconds(updated)
        order.add(issue)
        return issue

    # -- parts

    def _label_of(self, repo: Repo, name: str) -> Label:
        result = self.label(repo, name)
        if result is None:
            raise KeyError(f"{repo.full_name} has no label {name!r}")
        return result

    def _milestone_of(self, repo: Repo, title: str) -> Milestone:
        result = self.milestone(repo, title)
        if result is None:
            raise KeyError(f"{repo.full_name} has no milestone {title!r}")
        return result

    def _milestone_changed(self, repo: Repo, milestone: Milestone) -> Milestone:
        milestone.updated_at = self.tick()
        bearers = (repo.id, milestone.number)
        self._redefined(
            [issue for issue in self.issues.values() if (issue.repo_id, issue.milestone) == bearers]
        )
        return milestone


def _seconds(time: str | datetime) -> int:
    return moment(time.isoformat() if isinstance(time, datetime) else time)
