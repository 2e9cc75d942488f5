"""What a tracker echoes of a credential goes no further."""

import pytest

from connectors.errors import TrackerError
from connectors.github.settings import GitHubSettings
from connectors.http.response import HttpResponse
from connectors.http.retry_policy import RetryPolicy
from connectors.http.transport import Transport
from connectors.jira.settings import JiraSettings


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500, 503])
def test_a_credential_that_a_tracker_echoes_does_not_get_into_an_error(status: int) -> None:
    secret = "canary-8d1f"
    transport = Transport("work", RetryPolicy(attempts=2, backoff=0), sleep=lambda _: None, secrets=[secret])
    echo = HttpResponse(
        status, {}, f'{{"message": "no such login: {secret}"}}'.encode(), "https://jira.example/x"
    )
    with pytest.raises(TrackerError) as caught:
        transport.read("GET /things", lambda: echo)
    assert secret not in str(caught.value) + repr(caught.value) + repr(caught.value.__cause__)


def test_jira_hides_its_token_in_both_forms() -> None:
    settings = JiraSettings.model_validate(
        {"url": "https://jira.example", "projects": ["BLOG"], "email": "a@b.example", "token": "canary"}
    )
    assert list(settings.secrets()) == ["canary", "YUBiLmV4YW1wbGU6Y2FuYXJ5"]


def test_github_hides_its_token_and_its_private_key() -> None:
    settings = GitHubSettings.model_validate(
        {"repositories": ["acme/site"], "token": "canary", "private_key": "a key"}
    )
    assert list(settings.secrets()) == ["canary", "a key"]
