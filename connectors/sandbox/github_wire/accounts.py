"""Accounts, organisations, Apps and limits on the wire."""

import hashlib

import jwt

from connectors.sandbox.github_truth.model import Access, Credential, Installation
from connectors.sandbox.github_wire.answers import ApiError, Reply, not_found
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.render import when

_ASSERTION_LIFE = 600
_ACCESS: dict[str, Access] = {"read": "read", "write": "write"}


def get_user(call: Call) -> Reply:
    """`GET /user`: the bearer; an installation is nobody."""
    bearer = call.bearer()
    if bearer.installation is not None:
        raise ApiError(403, "Resource not accessible by integration")
    return Reply(call.render.private_user(call.site.account(bearer.login)))


def get_public_user(call: Call) -> Reply:
    """`GET /users/{username}`."""
    account = call.site.accounts.get(call.args["username"].casefold())
    if account is None:
        raise not_found()
    return Reply(call.render.public_user(account))


def get_organization(call: Call) -> Reply:
    """`GET /orgs/{org}`."""
    account = call.site.accounts.get(call.args["org"].casefold())
    if account is None or account.kind != "Organization":
        raise not_found()
    return Reply(call.render.organization(account))


def list_organization_repositories(call: Call) -> Reply:
    """`GET /orgs/{org}/repos`: those that the bearer can see."""
    get_organization(call)
    repos = [repo for repo in call.site.owned(call.args["org"]) if call.allowed(repo, "pull")]
    return call.listed(repos, lambda repo: call.render.repo(repo, call.credential))


def list_organization_types(call: Call) -> Reply:
    """`GET /orgs/{org}/issue-types`."""
    get_organization(call)
    if not call.site.has_sub_issues:
        raise not_found()
    return Reply(
        [call.render.issue_type(offered_type) for offered_type in call.site.offered_types(call.args["org"])]
    )


def get_app(call: Call) -> Reply:
    """`GET /app`, by the App's own assertion."""
    return Reply(call.render.app(_apps(call)[0]))


def list_installations(call: Call) -> Reply:
    """`GET /app/installations`, by the App's own assertion."""
    return call.listed(_apps(call), call.render.installation)


def get_installation(call: Call) -> Reply:
    """`GET /app/installations/{installation_id}`, by the App's own assertion."""
    return Reply(call.render.installation(_installation(call)))


def find_installation(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/installation` and `GET /orgs/{org}/installation`, by the App's assertion."""
    owner = call.args["org"] if "org" in call.args else call.args["owner"]
    for app in _apps(call):
        if app.account.casefold() == owner.casefold() and _covers(call, app):
            return Reply(call.render.installation(app))
    raise not_found()


def create_access_token(call: Call) -> Reply:
    """`POST /app/installations/{installation_id}/access_tokens`: a token good for an hour."""
    installation = _installation(call)
    site = call.site
    now = site.tick()
    expires = now + site.settings.token_lifetime
    digest = hashlib.sha256(f"{installation.id}:{now}:{site.new_id()}".encode()).hexdigest()
    requested = call.fields().get("permissions", {}).get("issues", installation.issues)
    issues = _ACCESS.get(requested, "none") if installation.issues == "write" else installation.issues
    login = f"{installation.slug}[bot]"
    site.account(login)
    token = f"ghs_{digest[:36]}"
    site.tokens[token] = Credential(login, [], issues, installation.id, expires)
    body = {
        "token": token,
        "expires_at": when(expires),
        "permissions": call.render.permissions(installation),
        "repository_selection": "all" if installation.repos is None else "selected",
    }
    return Reply(body, 201)


def list_installation_repositories(call: Call) -> Reply:
    """`GET /installation/repositories`, by an installation's token."""
    bearer = call.bearer()
    if bearer.installation is None:
        raise ApiError(403, "You must authenticate with an installation access token")
    home = call.site.installations[bearer.installation]
    repos = [repo for repo in call.site.owned(home.account) if home.repos is None or repo.id in home.repos]
    page = call.listed(repos, lambda repo: call.render.repo(repo, bearer))
    body = {
        "total_count": len(repos),
        "repository_selection": "all" if home.repos is None else "selected",
        "repositories": page.data,
    }
    return Reply(body, headers=page.headers)


def _covers(call: Call, installation: Installation) -> bool:
    if "repo" not in call.args:
        return True
    try:
        repo = call.site.repo(f"{call.args['owner']}/{call.args['repo']}")
    except KeyError:
        return False
    return installation.repos is None or repo.id in installation.repos


def _installation(call: Call) -> Installation:
    number = call.number("installation_id")
    result = next((app for app in _apps(call) if app.id == number), None)
    if result is None:
        raise not_found()
    return result


def _apps(call: Call) -> list[Installation]:
    """The installations of the App whose key signed the assertion that came as a bearer token."""
    _, _, assertion = call.request.headers.get("Authorization", "").partition(" ")
    try:
        claimed = jwt.decode(assertion, options={"verify_signature": False})
        issuer = str(claimed["iss"])
        lifetime = int(claimed["exp"]) - int(claimed["iat"])
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        raise ApiError(401, "A JSON web token could not be decoded") from None
    if lifetime > _ASSERTION_LIFE + 60:  # clients set `iat` a minute back against clocks that differ
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    signed = [
        installation
        for installation in call.site.installations.values()
        if str(installation.app_id) == issuer and _is_signed(assertion, installation.public_key)
    ]
    if not signed:
        raise ApiError(401, "A JSON web token could not be decoded")
    return signed


def _is_signed(assertion: str, public_key: str) -> bool:
    # The world's clock is not the client's, so the claim's times cannot be held against it.
    try:
        jwt.decode(
            assertion,
            public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError:
        return False
    return True
