"""What `milepost check` asks of GitHub: who we are, what we may do where, and what is left of the limits."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import TrackerError
from connectors.findings import failed
from connectors.github.account import Account
from connectors.github.client import GitHubClient, Unsupported
from connectors.github.graphql import CHILDREN
from connectors.github.listing import PER_PAGE
from connectors.github.project_check import project_findings
from connectors.http.response import HttpResponse
from connectors.models import Capability, Finding

_ROLES: Mapping[Capability, tuple[tuple[str, ...], str]] = {
    Capability.READ: (("pull",), "read"),
    Capability.COMMENT: (("pull",), "read"),
    Capability.LABEL: (("triage", "push", "maintain", "admin"), "triage or write"),
    Capability.DEFINE_LABELS: (("push", "maintain", "admin"), "write"),
}
UNPROVEN = (
    "not proven: the account may, and whether this token may, too, shows only when something is written"
)
UNPROVEN_HINT = "A fine-grained token does not tell its permissions; it needs Issues: read and write here"
APP_UNPROVEN = (
    "not proven: the installation may write, and whether this is one of its repositories shows only when "
    "something is written"
)
APP_HINT = "A public repository can be read without it; let the installation cover it"
_LOW = 0.1
"""Below this part of the hourly limit a run may have to wait."""


def check(client: GitHubClient, account: Account, needs: frozenset[Capability]) -> tuple[Finding, ...]:
    """All findings, in the order of asking; ends at once if GitHub cannot be reached or refuses the login."""
    checks = _Check(client, account, needs)
    steps: Mapping[str, Callable[[], Iterator[Finding]]] = {
        "account": checks.account,
        "App": checks.app,
        "repositories": checks.repositories,
        "organisation": checks.organisation,
        "sub-issues": checks.trees,
        "projects": lambda: project_findings(client),
    }
    result: list[Finding] = []
    for what, ask in steps.items():
        try:
            result += ask()
        except TrackerError as problem:
            result.append(failed(what, problem))
            if what == "account":
                break
    return tuple(result)


@dataclass(slots=True)
class _Check:
    """One check, and what its first answers tell about the later ones."""

    client: GitHubClient
    login: Account
    needs: frozenset[Capability]
    scoped: bool = False
    """The token tells its own scopes, so that what the account may the token may, too."""
    writes: bool = False
    """The App's installation has the permission to write issues, wherever it is installed."""

    def account(self) -> Iterator[Finding]:
        yield Finding("account", True, f"signed in as {self.login.login()}")
        if self.client.settings.app_id is None:
            answer = self.client.get("/user", accept=(403,))
            self.scoped = "x-oauth-scopes" in answer.headers
            yield from _scopes(answer, self.needs)
            yield from _rate(answer)

    def app(self) -> Iterator[Finding]:
        """An App's permissions are those of its installation, whatever the repository says."""
        if self.client.settings.app_id is None:
            return
        answer = self.client.get(f"/app/installations/{self.client.settings.installation_id}", as_app=True)
        row = answer.json_object()
        permissions = row.get("permissions")
        granted = permissions.get("issues") if isinstance(permissions, dict) else None
        requested = "read" if self.needs <= {Capability.READ} else "write"
        ok = granted == "write" or granted == requested
        self.writes = granted == "write" and row.get("suspended_at") is None
        hint = (
            ""
            if ok
            else f"Give the App the permission Issues: {requested} and accept it for the installation"
        )
        yield Finding("App permission", ok, f"Issues: {granted or 'none'}", hint)
        if row.get("suspended_at") is not None:
            yield Finding("App installation", False, "suspended", "Let an owner of the account unsuspend it")

    def repositories(self) -> Iterator[Finding]:
        for name in self.client.settings.repositories:
            try:
                row = self.client.get(f"/repos/{name}").json_object()
            except TrackerError as problem:
                hint = problem.hint or "Check its spelling, and that the account may read it"
                yield Finding(f"repository {name}", False, problem.reason, hint)
                continue
            yield _reached(name, row)
            yield from self._allowed(f"repository {name}", row)

    def _allowed(self, what: str, row: Mapping[str, Any]) -> Iterator[Finding]:
        archived = row.get("archived") is True
        if archived and self.needs - {Capability.READ}:
            hint = "Its issues go on counting; labels and comments there wait until it is unarchived"
            yield Finding(what, True, "archived: nothing is written there", hint)
            return
        roles = row.get("permissions")
        if self.client.settings.app_id is not None or not isinstance(roles, dict):
            # GitHub fills in `permissions` of a repository for a person's token and not for an App.
            yield from self._unproven(what)
            return
        for need in sorted(self.needs - {Capability.READ}):
            enough, role = _ROLES[need]
            ok = any(roles.get(one) is True for one in enough)
            hint = "" if ok else f"Give the account the {role} role in this repository"
            if ok and not self.scoped:
                yield Finding(f"{what}: {need}", True, UNPROVEN, UNPROVEN_HINT)
            else:
                yield Finding(f"{what}: {need}", ok, "allowed" if ok else "not allowed", hint)

    def _unproven(self, what: str) -> Iterator[Finding]:
        """What nothing proves before it is tried, for each need of a place."""
        app = self.client.settings.app_id is not None
        if app and not self.writes:
            return  # reported as a missing permission of the App
        message, hint = (APP_UNPROVEN, APP_HINT) if app else (UNPROVEN, UNPROVEN_HINT)
        for need in sorted(self.needs - {Capability.READ}):
            yield Finding(f"{what}: {need}", True, message, hint)

    def organisation(self) -> Iterator[Finding]:
        """What the account sees of an organisation; where it may not write is one finding for each need."""
        name = self.client.settings.organization
        if name is None:
            return
        what = f"organisation {name}"
        rows = [
            row
            for rows in self.client.pages(f"/orgs/{name}/repos", {"type": "all", "per_page": PER_PAGE})
            for row in rows
            if isinstance(row, dict) and row.get("has_issues") is not False
        ]
        hint = "" if rows else "Check that the account is a member, or that the App is installed there"
        yield Finding(what, bool(rows), f"{len(rows)} repositories with issues can be read", hint)
        closed: dict[str, list[str]] = {}
        for row in rows:
            for finding in self._allowed("", row):
                if not finding.ok:
                    closed.setdefault(finding.what.removeprefix(": "), []).append(str(row.get("full_name")))
        if rows and not self.scoped:
            yield from self._unproven(what)
        for need, names in sorted(closed.items()):
            some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            yield Finding(
                f"{what}: {need}", False, f"not allowed in {some}", "Give the account a higher role"
            )

    def trees(self) -> Iterator[Finding]:
        try:
            self.client.graphql(CHILDREN, {"ids": [], "first": 1})
        except Unsupported:
            message = "this GitHub has no sub-issues; rules by tree find only the root"
            yield Finding("sub-issues", False, message, "Update the Enterprise Server, or use rules by label")
            return
        yield Finding("sub-issues", True, "supported")


def _scopes(answer: HttpResponse, needs: frozenset[Capability]) -> Iterator[Finding]:
    """Classic tokens say their scopes in a header; fine-grained ones do not."""
    message = answer.headers.get("x-oauth-scopes")
    if message is None:
        return
    scopes = {scope.strip() for scope in message.split(",")} - {""}
    ok = bool(scopes & {"repo", "public_repo"}) or needs <= {Capability.READ}
    hint = "" if ok else "Give the token the scope repo (private) or public_repo, or use a fine-grained token"
    yield Finding("token scopes", ok, ", ".join(sorted(scopes)) or "none", hint)


def _rate(answer: HttpResponse) -> Iterator[Finding]:
    try:
        left = int(answer.headers["x-ratelimit-remaining"])
        limit = int(answer.headers["x-ratelimit-limit"])
    except (KeyError, ValueError):
        return
    ok = left >= limit * _LOW
    hint = "" if ok else "Runs wait until the limit is reset; use an account of its own for milepost"
    yield Finding("rate limit", ok, f"{left} of {limit} requests left in this hour", hint)


def _reached(name: str, row: Mapping[str, Any]) -> Finding:
    what, now = f"repository {name}", row.get("full_name")
    if row.get("has_issues") is False:
        return Finding(what, False, "issues are disabled", "Enable them, or take it out of `repositories`")
    if isinstance(now, str) and now.lower() != name.lower():
        hint = f'Write "{now}" in `repositories` and in the rules; "{name}" goes on meaning it'
        return Finding(what, True, f"called {now} today", hint)
    return Finding(what, True, "can be read")
