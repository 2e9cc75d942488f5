"""The JSON of a sandbox GitHub's things, with every field that GitHub's OpenAPI document asks for."""

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connectors.sandbox.github_truth.model import (
    ROLES,
    Account,
    Comment,
    Credential,
    Installation,
    Issue,
    IssueType,
    Label,
    Milestone,
    Repo,
)
from connectors.sandbox.github_truth.truth import Truth

Json = dict[str, Any]

OLD_VERSION = "2022-11-28"
NEW_VERSION = "2026-03-10"
"""The version that drops `assignee`, `rate`, `has_downloads` and `use_squash_pr_title_as_default`."""

_PACKED = b"\x92\x00\xce"
_REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPO_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def when(seconds: int) -> str:
    """A time as GitHub prints it: UTC, whole seconds, with a Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe(seconds: int | None) -> str | None:
    """A time as GitHub prints it, or null."""
    return None if seconds is None else when(seconds)


def node_id(prefix: str, number: int) -> str:
    """An opaque id as GraphQL uses it, such as I_kwDO… for an issue."""
    packed = _PACKED + number.to_bytes(4, "big")
    return f"{prefix}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def number_of(text: str) -> int | None:
    """The number in an opaque id, or None if it is none of this site's."""
    try:
        packed = base64.urlsafe_b64decode(text.partition("_")[2] + "=" * (-len(text.partition("_")[2]) % 4))
    except ValueError:
        return None
    return int.from_bytes(packed[3:], "big") if packed[:3] == _PACKED and len(packed) == 7 else None


class Render:
    """Prints things for one request: the API's base URL and version are fixed."""

    def __init__(self, site: Truth, base: str, version: str) -> None:
        self.site = site
        self.base = base
        self.version = version
        self._users: dict[str, Json] = {}
        self._repos: dict[int, Json] = {}

    @property
    def is_old(self) -> bool:
        """Whether the version still has what 2026-03-10 dropped."""
        return self.version < NEW_VERSION

    # -- accounts

    def user(self, login: str) -> Json:
        """A user as they stand in other things."""
        existing = self._users.get(login)
        if existing is None:
            existing = self._users[login] = self._user(self.site.account(login))
        return existing

    def _user(self, account: Account) -> Json:
        url = f"{self.base}/users/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id("O" if account.kind == "Organization" else "U", account.id),
            "avatar_url": f"{self.site.web}/avatars/u/{account.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.site.web}/{account.login}",
            **{name: url + path for name, path in _USER_LINKS.items()},
            "type": account.kind,
            "user_view_type": "public",
            "site_admin": False,
        }

    def public_user(self, account: Account) -> Json:
        """A user's own page."""
        public = sum(1 for repo in self.site.owned(account.login) if not repo.private)
        return {
            **self.user(account.login),
            **dict.fromkeys(("name", "company", "location", "email", "hireable", "bio", "twitter_username")),
            "blog": "",
            "public_repos": public,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": when(account.created_at),
            "updated_at": when(account.created_at),
        }

    def private_user(self, account: Account) -> Json:
        """A user's page as they see it themselves."""
        private = sum(1 for repo in self.site.owned(account.login) if repo.private)
        return {
            **self.public_user(account),
            "user_view_type": "private",
            "collaborators": 0,
            "disk_usage": 0,
            "owned_private_repos": private,
            "total_private_repos": private,
            "private_gists": 0,
            "two_factor_authentication": True,
        }

    def organization(self, account: Account) -> Json:
        """An organisation's page."""
        url = f"{self.base}/orgs/{account.login}"
        links = ("repos", "events", "hooks", "issues")
        repos = self.site.owned(account.login)
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id("O", account.id),
            "url": url,
            **{f"{name}_url": f"{url}/{name}" for name in links},
            "members_url": f"{url}/members{{/member}}",
            "public_members_url": f"{url}/public_members{{/member}}",
            "avatar_url": f"{self.site.web}/avatars/u/{account.id}?v=4",
            "description": None,
            "has_organization_projects": True,
            "has_repository_projects": True,
            "public_repos": sum(1 for repo in repos if not repo.private),
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "html_url": f"{self.site.web}/{account.login}",
            "type": "Organization",
            "created_at": when(account.created_at),
            "updated_at": when(account.created_at),
            "archived_at": None,
        }

    def app(self, installation: Installation) -> Json:
        """An App, as its own page and as the writer of a comment."""
        return {
            "id": installation.app_id,
            "slug": installation.slug,
            "node_id": node_id("A", installation.app_id),
            "owner": self.user(installation.account),
            "name": installation.slug,
            "description": None,
            "external_url": f"{self.site.web}/apps/{installation.slug}",
            "html_url": f"{self.site.web}/apps/{installation.slug}",
            "created_at": when(installation.created_at),
            "updated_at": when(installation.created_at),
            "permissions": self.permissions(installation),
            "events": [],
        }

    def installation(self, installation: Installation) -> Json:
        """An App's installation on an organisation."""
        url = f"{self.base}/app/installations/{installation.id}"
        target = self.site.account(installation.account)
        pages = f"{self.site.web}/organizations/{target.login}/settings/installations"
        return {
            "id": installation.id,
            "account": self.user(target.login),
            "repository_selection": "all" if installation.repos is None else "selected",
            "access_tokens_url": f"{url}/access_tokens",
            "repositories_url": f"{self.base}/installation/repositories",
            "html_url": f"{pages}/{installation.id}",
            "app_id": installation.app_id,
            "app_slug": installation.slug,
            "target_id": target.id,
            "target_type": target.kind,
            "permissions": self.permissions(installation),
            "events": [],
            "created_at": when(installation.created_at),
            "updated_at": when(installation.created_at),
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": None,
        }

    @staticmethod
    def permissions(installation: Installation) -> dict[str, str]:
        """What an installation's tokens may do."""
        metadata = {"metadata": "read"}
        return metadata if installation.issues == "none" else {**metadata, "issues": installation.issues}

    # -- repositories

    def repo_url(self, repo: Repo) -> str:
        """The API's URL of a repository."""
        return f"{self.base}/repos/{repo.full_name}"

    def repo(self, repo: Repo, credential: Credential | None) -> Json:
        """A repository with the bearer's permissions."""
        existing = self._repos.get(repo.id)
        if existing is None:
            existing = self._repos[repo.id] = self._repo(repo, self.site.role(repo, credential))
        return existing

    def _repo(self, repo: Repo, role: str) -> Json:
        url, page = self.repo_url(repo), f"{self.site.web}/{repo.full_name}"
        host = self.site.web.partition("//")[2]
        open_issues = len(self.site.orders[repo.id].places("created", "open"))
        shown: Json = {
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": repo.full_name,
            "private": repo.private,
            "owner": self.user(repo.owner),
            "html_url": page,
            "description": None,
            "fork": False,
            "url": url,
            **{name: url + path for name, path in _REPO_LINKS.items()},
            "created_at": when(repo.created_at),
            "updated_at": when(repo.updated_at),
            "pushed_at": when(repo.created_at),
            "git_url": f"git://{host}/{repo.full_name}.git",
            "ssh_url": f"git@{host}:{repo.full_name}.git",
            "clone_url": f"{page}.git",
            "svn_url": page,
            **dict.fromkeys(("homepage", "language", "mirror_url", "license")),
            **dict.fromkeys(("size", "stargazers_count", "watchers_count", "watchers"), 0),
            **dict.fromkeys(("forks", "forks_count", "network_count", "subscribers_count"), 0),
            **dict.fromkeys(("has_projects", "has_wiki", "allow_forking"), True),
            **dict.fromkeys(("has_pages", "has_discussions", "is_template"), False),
            "has_issues": repo.has_issues,
            "archived": repo.archived,
            "disabled": bool(repo.blocked),
            "open_issues": open_issues,
            "open_issues_count": open_issues,
            "web_commit_signoff_required": False,
            "topics": [],
            "visibility": repo.visibility,
            "default_branch": "main",
            "permissions": {item: ROLES.index(role) >= ROLES.index(item) for item in reversed(ROLES[1:])},
        }
        if self.is_old:
            shown |= {"has_downloads": True, "use_squash_pr_title_as_default": False}
        return shown

    def label(self, repo: Repo, label: Label) -> Json:
        """A label as a repository defines it."""
        return {
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": f"{self.repo_url(repo)}/labels/{quote(label.name, safe='')}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def milestone(self, repo: Repo, milestone: Milestone) -> Json:
        """A milestone with the count of its issues."""
        url = f"{self.repo_url(repo)}/milestones/{milestone.number}"
        issues = self.site.milestone_counts(repo, milestone)
        return {
            "url": url,
            "html_url": f"{self.site.web}/{repo.full_name}/milestone/{milestone.number}",
            "labels_url": f"{url}/labels",
            "id": milestone.id,
            "node_id": node_id("MI", milestone.id),
            "number": milestone.number,
            "title": milestone.title,
            "description": milestone.description,
            "creator": self.user(milestone.creator),
            "open_issues": issues[0],
            "closed_issues": issues[1],
            "state": "open" if milestone.closed_at is None else "closed",
            "created_at": when(milestone.created_at),
            "updated_at": when(milestone.updated_at),
            "due_on": maybe(milestone.due_on),
            "closed_at": maybe(milestone.closed_at),
        }

    def issue_type(self, offered: IssueType) -> Json:
        """A type of issue."""
        return {
            "id": offered.id,
            "node_id": node_id("IT", offered.id),
            "name": offered.name,
            "description": offered.description,
            "color": offered.color,
            "created_at": when(offered.created_at),
            "updated_at": when(offered.created_at),
            "is_enabled": True,
        }

    # -- comments

    def comment(self, issue: Issue, comment: Comment) -> Json:
        """A comment on an issue."""
        repo = self.site.repos[issue.repo_id]
        url = f"{self.repo_url(repo)}/issues/comments/{comment.id}"
        kind = "pull" if issue.pull_request else "issues"
        return {
            "url": url,
            "html_url": f"{self.site.web}/{repo.full_name}/{kind}/{issue.number}#issuecomment-{comment.id}",
            "issue_url": f"{self.repo_url(repo)}/issues/{issue.number}",
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.user(comment.author),
            "created_at": when(comment.created_at),
            "updated_at": when(comment.updated_at),
            "body": comment.body,
            "author_association": self.association(repo, comment.author),
            "reactions": self.reactions(url),
            "performed_via_github_app": self.app_of(comment.app),
        }

    def app_of(self, slug: str | None) -> Json | None:
        """The App of this slug, or null."""
        apps = self.site.installations.values()
        return next((self.app(app) for app in apps if slug is not None and app.slug == slug), None)

    def association(self, repo: Repo, login: str) -> str:
        """How a user belongs to a repository."""
        role = repo.roles.get(login.casefold(), "none")
        if login.casefold() == repo.owner.casefold():
            return "OWNER"
        return "MEMBER" if ROLES.index(role) >= ROLES.index("push") else "NONE"

    @staticmethod
    def reactions(url: str) -> Json:
        """No reactions."""
        return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
