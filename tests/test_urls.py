"""Base URLs of trackers: what is taken, and what is refused with which advice."""

import pytest

from connectors.http.urls import base_url, is_loopback


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://acme.atlassian.net", "https://acme.atlassian.net"),
        ("https://acme.atlassian.net/", "https://acme.atlassian.net"),
        ("  https://ACME.example/Jira//  ", "https://acme.example/Jira"),
        ("https://api.atlassian.com/ex/jira/1f-2a", "https://api.atlassian.com/ex/jira/1f-2a"),
        ("https://github.example:8443/api/v3/", "https://github.example:8443/api/v3"),
        ("https://jira.example:443", "https://jira.example"),
        ("http://localhost:8080/jira", "http://localhost:8080/jira"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("sandbox:", "sandbox:"),
    ],
)
def test_a_good_url_comes_in_its_one_spelling(given: str, kept: str) -> None:
    assert base_url(given) == kept
    assert base_url(kept) == kept


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("http://jira.example", "use https"),
        ("http://127.0.0.1.example.com", "use https"),
        ("http://localhost.example", "use https"),
        ("http://10.0.0.1", "use https"),
        ("ftp://jira.example", "whole URL"),
        ("jira.example", "whole URL"),
        ("https://", "whole URL"),
        ("", "whole URL"),
        ("https://me:hush@jira.example", "no user name or password"),
        ("https://me@jira.example", "no user name or password"),
        ("https://jira.example?os_authType=basic", "no further than the path"),
        ("https://jira.example/#x", "no further than the path"),
        ("https://jira.example/a/../b", "must not hold"),
        ("https://jira.example/a b", "no blanks"),
        ("https://jira.example/a\nb", "no blanks"),
        ("https://jira.example:port", "no URL"),
        ("https://[::1", "no URL"),
        ("sandbox:jira", "whole URL"),
    ],
)
def test_a_bad_url_is_refused_with_advice(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        base_url(given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"])
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.com", "128.0.0.1", "::2"])
def test_these_hosts_are_not(host: str) -> None:
    assert not is_loopback(host)
