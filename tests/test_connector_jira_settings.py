"""What a Jira tracker may be configured with, and what is known of it without a request."""

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.jira.settings import JiraSettings, normal_key


def settings(**more: Any) -> JiraSettings:
    return JiraSettings.model_validate({"url": "https://jira.example", "projects": ["BLOG"], **more})


def test_settings_do_not_load_the_client_library() -> None:
    script = (
        "import sys, connectors.jira.settings; sys.exit('jira' in sys.modules or 'tenacity' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_scope_is_required() -> None:
    with pytest.raises(ValidationError, match="projects, jql, or both"):
        settings(projects=[])
    with pytest.raises(ValidationError, match="projects, jql, or both"):
        settings(projects=[], jql="  ")


@pytest.mark.parametrize("key", ["", "BLOG-1", "1BLOG", "A B", "B", 'X"'])
def test_what_is_no_project_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="no project key"):
        settings(projects=[key])


def test_project_keys_come_in_one_spelling_and_once() -> None:
    assert settings(projects=["blog", "BLOG", "web_2"]).projects == ("BLOG", "WEB_2")


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="project"):
        settings(project="BLOG")


@pytest.mark.parametrize("url", ["http://jira.example", "https://u:hush@jira.example", "jira"])
def test_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(url=url)
    assert "hush" not in str(caught.value)


def test_the_token_shows_nowhere() -> None:
    made = settings(token="hush-hush")
    assert "hush" not in repr(made) + str(made) + made.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        settings(token="hush-hush", attempts="many")
    assert "hush" not in str(caught.value)
    with pytest.raises(ValidationError) as caught:
        settings(token=["hush-hush"])
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "login"),
    [
        ({}, "bearer"),
        ({"email": "me@x.example"}, "basic"),
        ({"email": " "}, "bearer"),
        ({"email": "me@x.example", "auth": "bearer"}, "bearer"),
        ({"auth": "basic"}, "basic"),
    ],
)
def test_the_way_to_log_in_follows_from_the_email(more: dict[str, Any], login: str) -> None:
    assert settings(**more).login == login


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({}, ["TOKEN"]),
        ({"token": " "}, ["TOKEN"]),
        ({"token": "x"}, []),
        ({"token": "x", "auth": "basic"}, ["EMAIL"]),
        ({"url": "https://acme.atlassian.net"}, ["EMAIL", "TOKEN"]),
        ({"url": "https://acme.atlassian.net", "email": "a@b.example", "token": "x"}, []),
        ({"url": "https://api.atlassian.com/ex/jira/1", "token": "x"}, []),
    ],
)
def test_missing_secrets_are_told_by_the_variable_to_set(more: dict[str, Any], missing: list[str]) -> None:
    names = tuple(f"MILEPOST_TRACKERS__WEB__{secret}" for secret in missing)
    assert settings(**more).secrets_missing("web") == names


def test_a_tracker_owns_the_keys_of_its_projects_only() -> None:
    info = settings(projects=["BLOG", "WEB"]).info("work")
    assert info.containers == ("BLOG", "WEB")
    assert info.owns("BLOG-1")
    assert info.owns("web-20")
    assert not info.owns("BLOGS-1")
    assert not info.owns("acme/site#4")


def test_a_tracker_of_a_jql_alone_may_own_any_key() -> None:
    info = settings(projects=[], jql="labels = web").info("work")
    assert info.containers == ("*",)
    assert info.owns("ANY-1")
    assert not info.owns("acme/site#4")


@pytest.mark.parametrize(
    ("text", "key"),
    [("blog-12", "BLOG-12"), (" BLOG-12 ", "BLOG-12"), ("B2_C-1", "B2_C-1"), ("BLOG-0", None),
     ("BLOG-01", None), ("BLOG-", None), ("12", None), ("BLOG-1 OR 1", None), ("BLOG-١", None)],
)  # fmt: skip
def test_keys_have_one_spelling(text: str, key: str | None) -> None:
    assert normal_key(text) == key


def test_jira_is_told_in_wiki_markup_within_its_limits() -> None:
    info = settings().info("work")
    assert (info.kind, info.markup, info.comment_limit, info.label_limit) == ("jira", "wiki", 32_767, 255)
    assert not info.label_spaces
    assert not info.has_label_definitions
