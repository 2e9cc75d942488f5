"""Who may see and change what on the sandbox's GitHub, and how it refuses."""

from collections.abc import Iterator
from functools import lru_cache

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github import Auth, GithubException, UnknownObjectException

from tests.sandbox_github import Lab, lab

SITE = "acme/site"


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        made.site.create_issue(SITE, "Blog", labels=["there"], author="ana")
        yield made


@lru_cache
def key_pair() -> tuple[str, str]:
    """A private and a public key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def test_a_wrong_token_is_refused_in_github_s_words(at: Lab) -> None:
    for scheme in ("token", "Bearer"):
        answer = at.get("/user", None, Authorization=f"{scheme} wrong")
        assert answer.status_code == 401
        assert answer.json()["message"] == "Bad credentials"
    assert at.get("/user", None).json()["message"] == "Requires authentication"


def test_the_bearer_and_its_scopes_are_told(at: Lab) -> None:
    answer = at.get("/user")
    assert (answer.json()["login"], answer.headers["X-OAuth-Scopes"]) == ("milepost-bot", "repo, read:org")


def test_a_private_repository_of_others_does_not_exist(at: Lab) -> None:
    at.site.create_repo("acme/secret", role="none")
    at.site.create_repo("acme/open", private=False, role="none")
    client = at.client()
    with pytest.raises(UnknownObjectException):
        client.get_repo("acme/secret")
    assert client.get_repo("acme/open").permissions.push is False
    assert [repo.name for repo in client.get_organization("acme").get_repos()] == ["site", "open"]
    assert at.get("/repos/acme/open", None).status_code == 200


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("pull", {"pull"}),
        ("triage", {"pull", "triage"}),
        ("push", {"pull", "triage", "push"}),
        ("admin", {"pull", "triage", "push", "maintain", "admin"}),
    ],
)
def test_a_repository_tells_the_bearer_s_permissions(at: Lab, role: str, granted: set[str]) -> None:
    at.site.grant(SITE, "milepost-bot", role)
    permissions = at.get(f"/repos/{SITE}").json()["permissions"]
    assert {name for name, has in permissions.items() if has} == granted


def test_without_push_access_github_drops_labels_of_an_edit_without_a_word(at: Lab) -> None:
    at.site.grant(SITE, "milepost-bot", "triage")
    answer = at.send("PATCH", f"/repos/{SITE}/issues/1", {"labels": ["mine"], "state": "closed"})
    assert answer.status_code == 200
    assert [label["name"] for label in answer.json()["labels"]] == ["there"]
    assert answer.json()["state"] == "closed"


def test_reading_is_enough_to_comment_but_not_to_label(at: Lab) -> None:
    at.site.grant(SITE, "milepost-bot", "pull")
    theirs = at.site.comment(f"{SITE}#1", "text", author="ana").id
    issue = at.client().get_repo(SITE).get_issue(1)
    issue.create_comment("mine").edit("still mine")
    for method, path, body in [
        ("POST", f"/repos/{SITE}/issues/1/labels", {"labels": ["there"]}),
        ("DELETE", f"/repos/{SITE}/issues/1/labels/there", None),
        ("POST", f"/repos/{SITE}/labels", {"name": "new"}),
        ("PATCH", f"/repos/{SITE}/issues/comments/{theirs}", {"body": "x"}),
        ("PATCH", f"/repos/{SITE}/issues/1", {"title": "x"}),
    ]:
        answer = at.send(method, path, body)
        assert answer.status_code == 403, path
        assert answer.json()["message"] == "Must have admin rights to Repository."


def test_triage_may_use_labels_but_not_define_them(at: Lab) -> None:
    at.site.grant(SITE, "milepost-bot", "triage")
    at.site.define_label(at.site.repo(SITE), "other")
    path = f"/repos/{SITE}/issues/1/labels"
    assert at.send("POST", path, {"labels": ["other"]}).status_code == 200
    assert at.send("POST", path, {"labels": ["unheard"]}).status_code == 403


def test_a_fine_grained_token_that_may_only_read_writes_nothing(at: Lab) -> None:
    at.site.add_token("reader", "milepost-bot", scopes=(), issues="read")
    assert "X-OAuth-Scopes" not in at.get("/user", "reader").headers
    answer = at.send("POST", f"/repos/{SITE}/issues/1/comments", {"body": "x"}, "reader")
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"


def test_an_app_finds_its_installation_and_works_as_its_bot(at: Lab) -> None:
    private, public = key_pair()
    at.site.create_repo("acme/other", role="none")
    installed = at.site.install_app("acme", public, app_id=7, slug="miles", repos=(SITE,))
    auth = Auth.AppAuth(7, private)
    client = at.client_by(auth.get_installation_auth(installed))
    comment = client.get_repo(SITE).get_issue(1).create_comment("x")
    assert (comment.user.login, comment.user.type) == ("miles[bot]", "Bot")
    assert comment.performed_via_github_app is not None
    assert comment.performed_via_github_app.slug == "miles"
    with pytest.raises(UnknownObjectException):
        client.get_repo("acme/other")
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        client.get_user().login  # noqa: B018
    token = auth.create_jwt(60)
    assert at.get("/app", token).json()["slug"] == "miles"
    assert at.get(f"/repos/{SITE}/installation", token).json()["id"] == installed
    assert at.get("/orgs/acme/installation", token).json()["app_id"] == 7
    assert at.get("/repos/acme/other/installation", token).status_code == 404


def test_an_app_without_write_permission_is_refused_as_an_integration(at: Lab) -> None:
    private, public = key_pair()
    installed = at.site.install_app("acme", public, issues="read")
    client = at.client_by(Auth.AppAuth(1, private).get_installation_auth(installed))
    issue = client.get_repo(SITE).get_issue(1)
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        issue.create_comment("x")


def test_an_assertion_of_another_key_is_no_app(at: Lab) -> None:
    _, public = key_pair()
    at.site.install_app("acme", public)
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    for token in (jwt.encode({"iss": "1", "iat": 0, "exp": 60}, other, "RS256"), "a.b.c"):
        answer = at.get("/app", token)
        assert answer.status_code == 401
        assert answer.json()["message"] == "A JSON web token could not be decoded"


def test_an_installation_s_token_ends_after_an_hour_of_the_world(at: Lab) -> None:
    private, public = key_pair()
    installed = at.site.install_app("acme", public)
    assertion = Auth.AppAuth(1, private).create_jwt(60)
    made = at.send("POST", f"/app/installations/{installed}/access_tokens", {}, assertion).json()
    assert at.get(f"/repos/{SITE}", made["token"]).status_code == 200
    assert at.get("/installation/repositories", made["token"]).json()["total_count"] == 1
    at.site.clock.advance(3_601)
    assert at.get(f"/repos/{SITE}", made["token"]).json()["message"] == "Bad credentials"


def test_a_version_that_github_does_not_offer_is_refused_and_the_chosen_one_told(at: Lab) -> None:
    at.server.answers.clear()  # the document is of one version
    at.site.edit(f"{SITE}#1", assignees=["ana"])
    path = f"/repos/{SITE}/issues/1"
    old = at.get(path)
    assert old.headers["X-GitHub-Api-Version-Selected"] == "2022-11-28"
    assert old.json()["assignee"]["login"] == "ana"
    new = at.get(path, X_GitHub_Api_Version="2026-03-10")
    assert new.headers["X-GitHub-Api-Version-Selected"] == "2026-03-10"
    assert "assignee" not in new.json()
    assert "rate" not in at.get("/rate_limit", X_GitHub_Api_Version="2026-03-10").json()
    assert at.get(path, X_GitHub_Api_Version="1999-01-01").status_code == 400


@pytest.mark.parametrize(("version", "has"), [("3.14", False), ("3.17.2", True)])
def test_enterprise_server_lives_under_api_v3_and_learns_of_sub_issues_in_3_17(
    version: str, has: bool
) -> None:
    with lab(version) as at:
        at.site.create_issue(SITE, "Goal", type="Task")
        assert at.url.endswith("/hub/api/v3")
        assert at.client().get_repo(SITE).get_issue(1).title == "Goal"
        answer = at.get(f"/repos/{SITE}/issues/1")
        assert answer.headers["X-GitHub-Enterprise-Version"] == version
        assert answer.json()["url"].startswith(at.url)
        family = {"sub_issues_summary", "parent_issue_url", "type"}
        assert family & set(answer.json()) == (family if has else set())
        assert at.get(f"/repos/{SITE}/issues/1/sub_issues").status_code == (200 if has else 404)
        assert ("errors" in at.query('{viewer{login} a:__type(name:"SubIssuesSummary"){name}}')) is False
        asked = at.query('{repository(owner:"acme",name:"site"){issue(number:1){parent{number}}}}')
        assert ("errors" in asked) is not has
        assert at.get(f"{at.server.url('hub')}/repos/{SITE}").status_code == 404


def test_limits_are_told_and_refused_only_when_enforced(at: Lab) -> None:
    first = at.get("/user")
    assert first.headers["X-RateLimit-Remaining"] == "4999"
    assert at.get("/search/issues?q=x+is:issue").headers["X-RateLimit-Limit"] == "30"
    at.site.settings.rate_limit = 3
    assert [at.get("/user").status_code for _ in range(4)] == [200] * 4
    at.site.settings.enforce_limits = True
    answers = [at.get("/user") for _ in range(3)]
    assert answers[-1].status_code == 403
    assert answers[-1].json()["message"].startswith("API rate limit exceeded for user ID")
    assert int(answers[-1].headers["X-RateLimit-Reset"]) > at.site.clock.now().timestamp()
    assert at.get("/rate_limit").status_code == 200
    at.site.clock.advance(3_600)
    assert at.get("/user").status_code == 200


def test_what_has_not_changed_is_told_by_304_for_nothing_and_for_one_token_only(at: Lab) -> None:
    at.site.add_token("other", "milepost-bot")
    path = f"/repos/{SITE}/issues"
    first = at.get(path)
    tag = first.headers["ETag"]
    again = at.get(path, If_None_Match=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    assert at.get(path, "other", If_None_Match=tag).status_code == 200
    at.site.edit(f"{SITE}#1", title="Other")
    assert at.get(path, If_None_Match=tag).status_code == 200
