"""The state of a sandbox GitHub and how its parts are found; no change of an issue happens here."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.sandbox.github_truth.model import (
    ROLES,
    Access,
    Account,
    Comment,
    Credential,
    Installation,
    Issue,
    IssueField,
    IssueType,
    Label,
    Milestone,
    Project,
    Repo,
    Settings,
)
from connectors.sandbox.github_truth.order import Order
from connectors.sandbox.world import Clock

BOT = "milepost-bot"
TOKEN = "sandbox"  # noqa: S105
_KEY = re.compile(r"([\w.-]+)/([\w.-]+)#([1-9]\d*)", re.ASCII)
_FIRST_ID = 1_000_000_000
_SUB_ISSUES_SINCE = (3, 17)
_PROJECTS_SINCE = (3, 9)
_ISSUE_TYPES = (
    ("Task", "A specific piece of work", "yellow"),
    ("Bug", "An unexpected problem or behavior", "red"),
    ("Feature", "A request, idea, or new functionality", "blue"),
)


class Impossible(ValueError):
    """A change that GitHub would refuse; `field` and `code` are what its 422 says besides the text."""

    def __init__(self, message: str, field: str = "data", code: str = "unprocessable") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class Truth:
    """Accounts, repositories, issues and tokens of one site, found by every name they go by."""

    def __init__(self, name: str, enterprise: str | None, web: str) -> None:
        self.name = name
        self.enterprise = enterprise
        self.web = web
        self.clock = Clock()
        self.changes = 0
        self.changed_at = 0
        self.settings = Settings()
        self.accounts: dict[str, Account] = {}
        self.repos: dict[int, Repo] = {}
        self.issues: dict[int, Issue] = {}
        self.names: dict[str, int] = {}
        self.types: dict[str, list[IssueType]] = {}
        self.issue_fields: dict[str, IssueField] = {}
        """By name."""
        self.projects: dict[int, Project] = {}
        self.tokens: dict[str, Credential] = {}
        self.installations: dict[int, Installation] = {}
        self.last_id = _FIRST_ID
        self.orders: dict[int, Order] = {}
        self.numbers: dict[tuple[int, int], int] = {}
        self.comment_homes: dict[int, int] = {}
        self._tally: tuple[int, Counter[tuple[int, int, str]]] = (-1, Counter())
        self.tokens[TOKEN] = Credential(BOT, ["repo", "read:org"])

    # -- time and identity

    def now(self) -> int:
        """The world's time in whole seconds since 1970."""
        return int(self.clock.now().timestamp())

    def tick(self) -> int:
        """Move the clock on by one second, as every change does, and tell the time."""
        self.changes += 1
        self.clock.tick()
        self.changed_at = self.now()
        return self.changed_at

    @property
    def has_sub_issues(self) -> bool:
        """Whether this site knows sub-issues and issue types: github.com, and Enterprise Server from 3.17."""
        return self._is_from(_SUB_ISSUES_SINCE)

    @property
    def has_projects(self) -> bool:
        """Whether this site knows projects (ProjectV2): github.com, and Enterprise Server from 3.9."""
        return self._is_from(_PROJECTS_SINCE)

    def _is_from(self, first: tuple[int, int]) -> bool:
        if self.enterprise is None:
            return True
        major, _, minor = self.enterprise.partition(".")
        return (int(major), int(minor.partition(".")[0] or 0)) >= first

    def new_id(self) -> int:
        """An id that nothing on this site has had; all fit 32 bits, as GraphQL's `databaseId` wants."""
        self.last_id += 1
        return self.last_id

    # -- accounts, tokens and permissions

    def account(self, login: str, kind: str = "User") -> Account:
        """The account of this name, made if there is none."""
        existing = self.accounts.get(login.casefold())
        if existing is None:
            existing = Account(self.new_id(), login, "Bot" if login.endswith("[bot]") else kind, self.now())
            self.accounts[login.casefold()] = existing
        return existing

    def add_token(
        self, token: str, login: str, scopes: tuple[str, ...] = ("repo",), issues: Access = "write"
    ) -> None:
        """Let `token` speak for `login`; without scopes it is a fine-grained token with `issues` access."""
        self.account(login)
        self.tokens[token] = Credential(login, list(scopes), issues)

    def install_app(
        self,
        organization: str,
        public_key: str,
        *,
        app_id: int = 1,
        slug: str = "milepost",
        issues: Access = "write",
        repos: tuple[str, ...] | None = None,
    ) -> int:
        """Install an App that signs with the key of `public_key` (PEM); the installation's id."""
        self.account(organization, "Organization")
        number = self.new_id()
        ids = None if repos is None else [self.repo(name).id for name in repos]
        self.installations[number] = Installation(
            number, app_id, slug, public_key, organization, self.now(), issues, ids
        )
        return number

    def grant(self, repo: str, login: str, role: str) -> None:
        """Give `login` this role on a repository: none, pull, triage, push, maintain or admin."""
        if role not in ROLES:
            raise ValueError(f"no role of GitHub: {role!r}; expected one of {', '.join(ROLES)}")
        self.account(login)
        self.repo(repo).roles[login.casefold()] = role
        self.changes += 1
        self.changed_at = self.now()

    def role(self, repo: Repo, credential: Credential | None) -> str:
        """What a token's bearer may do in a repository."""
        least = "none" if repo.private else "pull"
        if credential is None:
            return least
        if credential.installation is None:
            return max(repo.roles.get(credential.login.casefold(), least), least, key=ROLES.index)
        home = self.installations[credential.installation]
        covered = home.account.casefold() == repo.owner.casefold() and (
            home.repos is None or repo.id in home.repos
        )
        if not covered or credential.issues == "none":
            return least
        return "push" if credential.issues == "write" else max("pull", least, key=ROLES.index)

    # -- repositories

    def repo(self, full_name: str) -> Repo:
        """The repository of this name today, or of this name once; KeyError if there never was one."""
        result = self.names.get(full_name.casefold())
        if result is None:
            raise KeyError(f"no repository {full_name} on this sandbox; create_repo({full_name!r}) makes it")
        return self.repos[result]

    def owned(self, owner: str) -> list[Repo]:
        """The repositories of an account, oldest first."""
        return [repo for repo in self.repos.values() if repo.owner.casefold() == owner.casefold()]

    def offered_types(self, owner: str) -> list[IssueType]:
        """The issue types of an organisation; GitHub gives each one Task, Bug and Feature."""
        offered = self.types.get(owner.casefold())
        if offered is None:
            offered = [IssueType(self.new_id(), *words, self.now()) for words in _ISSUE_TYPES]
            self.types[owner.casefold()] = offered
        return offered

    def offered_type(self, owner: str, name: str) -> IssueType | None:
        """The issue type of this name, whatever its case."""
        requested = name.casefold()
        return next(
            (
                offered_type
                for offered_type in self.offered_types(owner)
                if offered_type.name.casefold() == requested
            ),
            None,
        )

    def label(self, repo: Repo, name: str) -> Label | None:
        """The label of this name, whatever its case, as GitHub compares them."""
        requested = name.casefold()
        return next((label for label in repo.labels.values() if label.name.casefold() == requested), None)

    def milestone(self, repo: Repo, title: str) -> Milestone | None:
        """The milestone of this title."""
        return next((milestone for milestone in repo.milestones.values() if milestone.title == title), None)

    def milestone_counts(self, repo: Repo, milestone: Milestone) -> tuple[int, int]:
        """How many issues of a milestone are open and closed."""
        if self._tally[0] != self.changes:
            self._tally = (self.changes, self._count_milestones())
        opened, closed = (self._tally[1][repo.id, milestone.number, state] for state in ("open", "closed"))
        return opened, closed

    def _count_milestones(self) -> Counter[tuple[int, int, str]]:
        return Counter(
            (issue.repo_id, issue.milestone, issue.state)
            for issue in self.issues.values()
            if issue.milestone is not None
        )

    # -- projects

    def project(self, owner: str, number: int) -> Project | None:
        """The project of this number of an organisation or a user."""
        requested = (owner.casefold(), number)
        every = self.projects.values()
        return next((item for item in every if (item.owner.casefold(), item.number) == requested), None)

    def project_refusal(self, project: Project | None, credential: Credential) -> tuple[str, str] | None:
        """Why a token gets nothing of a project, as the kind and the words of a GraphQL error; or None."""
        if credential.installation is None and credential.scopes:
            if not {"project", "read:project"} & set(credential.scopes):
                return "INSUFFICIENT_SCOPES", _no_scope("projectV2", credential.scopes)
        elif not credential.projects and not (project is not None and project.public):
            bearer = "personal access token" if credential.installation is None else "integration"
            return "FORBIDDEN", f"Resource not accessible by {bearer}"
        if project is None or not (project.public or project.seen):
            return "NOT_FOUND", ""
        return None

    # -- issues

    def issue(self, key: str) -> Issue:
        """The issue of this key (`owner/name#4`); one that was transferred is found under its old key too."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise KeyError(f"no key of an issue: {key!r}; expected owner/name#number")
        repo, number = self.repo(f"{match[1]}/{match[2]}"), int(match[3])
        result = self.numbers.get((repo.id, number), repo.moved.get(number))
        if result is None or result not in self.issues:
            raise KeyError(f"no issue {key} on this sandbox")
        return self.issues[result]

    def key(self, issue: Issue) -> str:
        """The key that an issue has today."""
        return f"{self.repos[issue.repo_id].full_name}#{issue.number}"

    def comments(self, key: str) -> list[Comment]:
        """The comments of an issue, oldest first."""
        return list(self.issue(key).comments)

    def comment_by_id(self, comment_id: int) -> tuple[Issue, Comment] | None:
        """A comment and the issue that it stands on."""
        home = self.issues.get(self.comment_homes.get(comment_id, 0))
        if home is None:
            return None
        return home, next(comment for comment in home.comments if comment.id == comment_id)

    def label_names(self, issue: Issue) -> list[str]:
        """The names of an issue's labels, in the order in which they were added."""
        labels = self.repos[issue.repo_id].labels
        return [labels[label].name for label in issue.labels]

    def ancestors(self, issue: Issue) -> Iterator[Issue]:
        """An issue's parent, its parent's parent and so on."""
        above = issue.parent
        while above is not None:
            issue = self.issues[above]
            yield issue
            above = issue.parent

    def height(self, issue: Issue) -> int:
        """How many levels of sub-issues lie below an issue."""
        return max((1 + self.height(self.issues[child]) for child in issue.children), default=0)

    def enter(self, issue: Issue) -> None:
        """Make an issue findable by id, number, order and its comments' ids."""
        self.issues[issue.id] = issue
        self.numbers[issue.repo_id, issue.number] = issue.id
        self.orders[issue.repo_id].add(issue)
        self.comment_homes.update((comment.id, issue.id) for comment in issue.comments)

    def leave(self, issue: Issue) -> None:
        """Make an issue unfindable again."""
        self.orders[issue.repo_id].remove(issue)
        del self.numbers[issue.repo_id, issue.number], self.issues[issue.id]
        for comment in issue.comments:
            del self.comment_homes[comment.id]


def moment(text: str) -> int:
    """Seconds since 1970 of an ISO 8601 time; one without offset is UTC, as GitHub takes it."""
    read = datetime.fromisoformat(text)
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())


def _no_scope(asked: str, scopes: list[str]) -> str:
    had = ", ".join(f"'{scope}'" for scope in sorted(scopes))
    return (
        "Your token has not been granted the required scopes to execute this query. "
        f"The '{asked}' field requires one of the following scopes: ['read:project'], but your token has "
        f"only been granted the: [{had}] scopes. Please modify your token's scopes at: "
        "https://github.com/settings/tokens."
    )
