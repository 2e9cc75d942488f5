"""Everything that can happen on a sandbox GitHub; each change moves the clock on by one second."""

from collections.abc import Iterable

from connectors.sandbox.github_truth.model import Comment, Issue, Label, Milestone, Repo
from connectors.sandbox.github_truth.order import Order
from connectors.sandbox.github_truth.truth import BOT, Impossible, Truth

PERSON = "octocat"
"""Who does what nobody else is named for."""

MAX_CHILDREN = 100
MAX_DEPTH = 8
MAX_COMMENT = 65_536
MAX_LABEL_NAME = 50
MAX_LABEL_DESCRIPTION = 100
MAX_TITLE = 256
REASONS = ("completed", "not_planned", "duplicate")


class Moves(Truth):
    """The changes that tests, the demo and the wire make. Keys are `owner/name#number`."""

    # -- repositories

    def create_repo(self, full_name: str, *, private: bool = True, role: str = "push") -> Repo:
        """Make a repository in which milepost's own account has `role`."""
        owner, _, name = full_name.partition("/")
        if self.names.get(full_name.casefold()) is not None and self.repo(full_name).full_name == full_name:
            raise Impossible(f"{full_name} exists already", "name", "already_exists")
        now = self.tick()
        self.account(owner, "Organization")
        repo = Repo(self.new_id(), owner, name, private, now, now)
        self.repos[repo.id] = repo
        self.orders[repo.id] = Order()
        self.names[full_name.casefold()] = repo.id
        self.grant(full_name, BOT, role)
        self.grant(full_name, PERSON, "admin")
        return repo

    def rename_repo(self, old: str, new: str) -> Repo:
        """Give a repository another name, another owner, or both; its old name leads to it from now on."""
        repo = self.repo(old)
        repo.updated_at = self.tick()
        repo.owner, _, repo.name = new.partition("/")
        self.account(repo.owner, "Organization")
        self.names[new.casefold()] = repo.id
        return repo

    def define_label(
        self, repo: Repo, name: str, color: str = "ededed", description: str | None = None
    ) -> Label:
        """Define a label; Impossible if there is one of that name or GitHub would not take it."""
        check_label(name, description)
        if self.label(repo, name) is not None:
            raise Impossible("", "name", "already_exists")
        self.tick()
        label = Label(self.new_id(), name, color.lower(), description)
        repo.labels[label.id] = label
        return label

    def change_label(self, repo: Repo, label: Label, name: str, color: str, description: str | None) -> None:
        """Give a label another name, colour or description; issues keep it."""
        check_label(name, description)
        other = self.label(repo, name)
        if other is not None and other is not label:
            raise Impossible("", "name", "already_exists")
        self.tick()
        label.name, label.color, label.description = name, color.lower(), description
        self._redefined(self._bearers(repo, label))

    def drop_label(self, repo: Repo, label: Label) -> None:
        """Remove a definition, and with it the label from every issue, which does not touch their times."""
        self.tick()
        del repo.labels[label.id]
        bearers = self._bearers(repo, label)
        for issue in bearers:
            issue.labels.remove(label.id)
        self._redefined(bearers)

    def create_milestone(
        self, repo: Repo, title: str, *, description: str | None = None, creator: str = PERSON
    ) -> Milestone:
        """Make a milestone; Impossible if there is one of that title."""
        if self.milestone(repo, title) is not None:
            raise Impossible("", "title", "already_exists")
        now = self.tick()
        number = max(repo.milestones, default=0) + 1
        milestone = Milestone(self.new_id(), number, title, description, creator, now, now)
        repo.milestones[number] = milestone
        return milestone

    # -- issues

    def create_issue(
        self,
        repo: str,
        title: str,
        *,
        body: str | None = None,
        labels: Iterable[str] = (),
        type: str | None = None,  # noqa: A002
        milestone: str | None = None,
        assignees: Iterable[str] = (),
        author: str = PERSON,
        pull_request: bool = False,
    ) -> Issue:
        """Open an issue or a pull request; labels and a milestone that do not exist are made."""
        home = self.repo(repo)
        self.account(author)
        issue = Issue(self.new_id(), home.id, 0, title, body, author, 0, 0, pull_request)
        self._set_labels(home, issue, labels)
        self._set_milestone(home, issue, milestone)
        self._set_type(home, issue, type)
        issue.assignees = [self.account(login).login for login in assignees]
        home.last_number += 1
        issue.number = home.last_number
        issue.created_at = issue.updated_at = self.tick()
        self.enter(issue)
        return issue

    def edit(
        self,
        key: str,
        *,
        title: str | None = None,
        body: str | None = None,
        labels: Iterable[str] | None = None,
        type: str | None = None,  # noqa: A002
        milestone: str | None = None,
        assignees: Iterable[str] | None = None,
    ) -> Issue:
        """Change what is given of an issue; an empty string takes away its type or milestone."""
        issue = self.issue(key)
        home = self.repos[issue.repo_id]
        if title is not None:
            issue.title = title
        if body is not None:
            issue.body = body
        if labels is not None:
            self._set_labels(home, issue, labels)
        if type is not None:
            self._set_type(home, issue, type or None)
        if milestone is not None:
            self._set_milestone(home, issue, milestone or None)
        if assignees is not None:
            issue.assignees = [self.account(login).login for login in assignees]
        self.touch(issue)
        return issue

    def close(self, key: str, reason: str = "completed", by: str = PERSON) -> Issue:
        """Close an issue as completed, not_planned or duplicate; a pull request has no reason."""
        if reason not in REASONS:
            raise ValueError(f"no reason to close: {reason!r}; expected one of {', '.join(REASONS)}")
        issue = self.issue(key)
        self.touch(issue, state="closed")
        issue.state_reason = None if issue.pull_request else reason
        issue.closed_at = issue.updated_at
        issue.closed_by = self.account(by).login
        return issue

    def reopen(self, key: str) -> Issue:
        """Open a closed issue again."""
        issue = self.issue(key)
        self.touch(issue, state="open")
        issue.state_reason = None if issue.pull_request else "reopened"
        issue.closed_at = issue.closed_by = None
        return issue

    def transfer(self, key: str, repo: str) -> str:
        """Move an issue to another repository of the same owner and tell its new key.

        GitHub gives it a new id and number, and so its comments; labels and the milestone survive only
        where the target has them, types and sub-issues stay.
        """
        issue, target = self.issue(key), self.repo(repo)
        source = self.repos[issue.repo_id]
        names = [name for name in self.label_names(issue) if self.label(target, name)]
        title = source.milestones[issue.milestone].title if issue.milestone else None
        old_id, old_number = issue.id, issue.number
        self.leave(issue)
        target.last_number += 1
        issue.id, issue.repo_id, issue.number = self.new_id(), target.id, target.last_number
        self._set_labels(target, issue, names)
        self._set_milestone(target, issue, title if title and self.milestone(target, title) else None)
        for comment in issue.comments:
            comment.id = self.new_id()
        issue.updated_at = self.tick()
        self.enter(issue)
        self._repoint(issue, old_id)
        source.moved[old_number] = issue.id
        return self.key(issue)

    def delete(self, key: str) -> None:
        """Delete an issue; its number answers 410 from now on."""
        issue = self.issue(key)
        for child in issue.children:
            self.issues[child].parent = None
        if issue.parent is not None:
            self.issues[issue.parent].children.remove(issue.id)
        self.tick()
        self.leave(issue)
        self.repos[issue.repo_id].deleted.append(issue.number)

    def touch(self, issue: Issue, state: str | None = None) -> int:
        """Bump an issue's `updated_at`, keeping its place in the lists right; the new time."""
        order = self.orders[issue.repo_id]
        order.remove(issue)
        issue.state = state or issue.state
        issue.updated_at = self.tick()
        order.add(issue)
        return issue.updated_at

    # -- labels of an issue

    def add_labels(self, key: str, *labels: str) -> None:
        """Add labels, defining those that the repository lacks; adding none that is new changes nothing."""
        issue = self.issue(key)
        had = list(issue.labels)
        self._set_labels(self.repos[issue.repo_id], issue, [*self.label_names(issue), *labels])
        if issue.labels != had:
            self.touch(issue)

    def remove_labels(self, key: str, *labels: str) -> None:
        """Take labels off an issue; KeyError if it does not bear one of them."""
        issue = self.issue(key)
        for name in labels:
            label = self.label(self.repos[issue.repo_id], name)
            if label is None or label.id not in issue.labels:
                raise KeyError(f"{key} has no label {name!r}")
            issue.labels.remove(label.id)
        self.touch(issue)

    # -- comments

    def comment(self, key: str, body: str, author: str = PERSON, app: str | None = None) -> Comment:
        """Write a comment of at most 65,536 characters."""
        issue = self.issue(key)
        check_comment(body)
        now = self.touch(issue)
        comment = Comment(self.new_id(), body, self.account(author).login, now, now, app)
        issue.comments.append(comment)
        self.comment_homes[comment.id] = issue.id
        return comment

    def edit_comment(self, comment_id: int, body: str) -> Comment:
        """Replace a comment's text."""
        issue, comment = self._comment(comment_id)
        check_comment(body)
        comment.updated_at = self.touch(issue)
        comment.body = body
        return comment

    def delete_comment(self, comment_id: int) -> None:
        """Remove a comment."""
        issue, comment = self._comment(comment_id)
        issue.comments.remove(comment)
        del self.comment_homes[comment_id]
        self.touch(issue)

    # -- sub-issues

    def add_sub_issue(self, parent_key: str, child_key: str, *, replace_parent: bool = False) -> None:
        """Put an issue under another, of any repository of the same owner; both count as updated."""
        parent, child = self.issue(parent_key), self.issue(child_key)
        check_owners(self.repos[parent.repo_id], self.repos[child.repo_id])
        if child.parent is not None and not replace_parent:
            raise Impossible("Sub issue may only have one parent", "sub_issue_id")
        if child is parent or child in self.ancestors(parent):
            raise Impossible("Sub issues cannot contain a circular dependency", "sub_issue_id")
        if len(parent.children) >= MAX_CHILDREN:
            raise Impossible(f"Parent cannot have more than {MAX_CHILDREN} sub-issues", "sub_issue_id")
        if sum(1 for _ in self.ancestors(parent)) + 1 + self.height(child) > MAX_DEPTH - 1:
            raise Impossible(f"Parent cannot have more than {MAX_DEPTH} layers of sub-issues", "sub_issue_id")
        if child.parent is not None:
            self.issues[child.parent].children.remove(child.id)
        parent.children.append(child.id)
        child.parent = parent.id
        self.touch(child)
        self.touch(parent)

    def remove_sub_issue(self, parent_key: str, child_key: str) -> None:
        """Take an issue out from under its parent; KeyError if it is not under this one."""
        parent, child = self.issue(parent_key), self.issue(child_key)
        if child.parent != parent.id:
            raise KeyError(f"{child_key} is no sub-issue of {parent_key}")
        parent.children.remove(child.id)
        child.parent = None
        self.touch(child)
        self.touch(parent)

    # -- dependencies

    def block(self, key: str, by: str, *, blocked: bool = True) -> None:
        """Let an issue be blocked by another one, or not any more."""
        issue, other = self.issue(key), self.issue(by)
        if issue is other:
            raise Impossible("An issue cannot block itself", "issue_id")
        if (other.id in issue.blockers) != blocked:
            (issue.blockers.append if blocked else issue.blockers.remove)(other.id)
            (other.blocking.append if blocked else other.blocking.remove)(issue.id)
            for one in (issue, other) if self.settings.dependencies_touch else ():
                self.touch(one)

    # -- parts

    def _bearers(self, repo: Repo, label: Label) -> list[Issue]:
        issues = self.issues.values()
        return [issue for issue in issues if issue.repo_id == repo.id and label.id in issue.labels]

    def _redefined(self, issues: Iterable[Issue]) -> None:
        """What an issue bears is called otherwise now, or gone: its time moves only where settings say so."""
        for issue in issues if self.settings.definitions_touch else ():
            self.touch(issue)

    def _comment(self, comment_id: int) -> tuple[Issue, Comment]:
        result = self.comment_by_id(comment_id)
        if result is None:
            raise KeyError(f"no comment {comment_id} on this sandbox")
        return result

    def _set_labels(self, repo: Repo, issue: Issue, names: Iterable[str]) -> None:
        labels = [self.label(repo, name) or self.define_label(repo, name) for name in names]
        issue.labels = list(dict.fromkeys(label.id for label in labels))

    def _set_milestone(self, repo: Repo, issue: Issue, title: str | None) -> None:
        result = None if title is None else self.milestone(repo, title) or self.create_milestone(repo, title)
        issue.milestone = None if result is None else result.number

    def _set_type(self, repo: Repo, issue: Issue, name: str | None) -> None:
        result = None if name is None else self.offered_type(repo.owner, name)
        if name is not None and result is None:
            offered = ", ".join(offered_type.name for offered_type in self.offered_types(repo.owner))
            raise Impossible(f"{repo.owner} has no issue type {name!r}, only {offered}", "type", "invalid")
        issue.type = None if result is None else result.name

    def _repoint(self, issue: Issue, old_id: int) -> None:
        """Make parent, children and redirects know an issue by its new id."""
        if issue.parent is not None:
            siblings = self.issues[issue.parent].children
            siblings[siblings.index(old_id)] = issue.id
        for child in issue.children:
            self.issues[child].parent = issue.id
        for other in self.issues.values():
            for linked in (other.blockers, other.blocking):
                linked[:] = [issue.id if item == old_id else item for item in linked]
        for repo in self.repos.values():
            for number, target in repo.moved.items():
                if target == old_id:
                    repo.moved[number] = issue.id


def check_label(name: str, description: str | None) -> None:
    """Raise Impossible for a label that GitHub would not define."""
    if not name.strip():
        raise Impossible("", "name", "missing_field")
    if len(name) > MAX_LABEL_NAME:
        raise Impossible(f"name is too long (maximum is {MAX_LABEL_NAME} characters)", "name", "custom")
    if description is not None and len(description) > MAX_LABEL_DESCRIPTION:
        message = f"description is too long (maximum is {MAX_LABEL_DESCRIPTION} characters)"
        raise Impossible(message, "description", "custom")
    if any(ord(character) > 0xFFFF for character in description or ""):
        raise Impossible("description cannot contain 4-byte Unicode characters", "description", "custom")


def check_comment(body: str) -> None:
    """Raise Impossible for a comment that GitHub would not take."""
    if not body.strip():
        raise Impossible("Body cannot be blank")
    if len(body) > MAX_COMMENT:
        raise Impossible(f"Body is too long (maximum is {MAX_COMMENT} characters)")


def check_owners(*repos: Repo) -> None:
    """Raise Impossible unless all repositories have one owner, as sub-issues and transfers need."""
    if len({repo.owner.casefold() for repo in repos}) > 1:
        raise Impossible("Sub-issues must belong to repositories of the same owner", "sub_issue_id")
