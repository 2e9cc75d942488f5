"""GitHub's settings: what they accept, what they tell without a request, and that they keep secrets."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.github.settings import GitHubSettings


def settings(**values: Any) -> GitHubSettings:
    return GitHubSettings.model_validate({"repositories": ["acme/site"], **values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"repositories": []}, "name what to read"),
        ({"repositories": ["acme"]}, "expected owner/name, got 'acme'"),
        ({"repositories": ["acme/.."]}, "expected owner/name"),
        ({"organization": "a/b"}, "expected the login of an organisation"),
        ({"url": "https://github.com"}, "the API of github.com is at https://api.github.com"),
        ({"url": "http://git.example/api/v3"}, "use https"),
        ({"app_id": 1}, "an App needs both app_id and installation_id"),
        ({"private_key_file": "key.pem"}, "private_key_file needs app_id"),
        ({"token": "two words"}, "a token is one word"),
        ({"unknown": 1}, "Extra inputs are not permitted"),
        ({"api_version": "latest"}, "String should match pattern"),
        ({"attempts": 0}, "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_told(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**values)


def test_secrets_stand_in_no_text() -> None:
    whole = settings(token="ghp_secret", app_id=1, installation_id=2, private_key="-----BEGIN secret")
    assert "secret" not in repr(whole)
    assert "secret" not in str(whole)
    with pytest.raises(ValidationError) as caught:
        settings(token="very secret", url="nonsense")
    assert "secret" not in str(caught.value)


def test_an_empty_token_is_a_missing_one() -> None:
    assert settings(token=" \n").secrets_missing("our-hub") == ("MILEPOST_TRACKERS__OUR-HUB__TOKEN",)
    assert settings(token=" ghp_x\n").secrets_missing("hub") == ()


def test_an_app_misses_its_key_and_no_token() -> None:
    app = {"app_id": 1, "installation_id": 2}
    assert settings(**app).secrets_missing("hub") == ("MILEPOST_TRACKERS__HUB__PRIVATE_KEY",)
    assert settings(**app, private_key_file=Path("key.pem")).secrets_missing("hub") == ()


def test_the_scope_is_known_without_a_request() -> None:
    info = settings(repositories=["Acme/Site", "acme/site", "acme/app"], organization="Other").info("hub")
    assert info.containers == ("Acme/Site", "acme/app", "other/*")
    assert info.owns("acme/site#4")
    assert info.owns("other/anything#1")
    assert not info.owns("acme/elsewhere#1")
    assert not info.owns("BLOG-12")
    assert info.normal_key("ACME/SITE#4") == "Acme/Site#4"
    assert info.normal_key("BLOG-12") is None
    assert (info.markup, info.comment_limit, info.label_limit) == ("markdown", 65536, 50)
    assert info.label_spaces
    assert info.has_label_definitions


def test_an_enterprise_server_keeps_its_path() -> None:
    assert settings(url="https://git.example/api/v3/").url == "https://git.example/api/v3"
    assert settings().url == "https://api.github.com"
