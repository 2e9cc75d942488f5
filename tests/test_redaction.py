"""Credentials are found by their shape and by their key, however either is written."""

import pytest

from connectors.redaction import redact, redact_reason, tokens

VALUE = "canary0123456789"
KEYS = ("token", "TOKEN", "passwd", "my_secret", "API-KEY", "apikey", "Authorization")
ODD_KEYS = ("to\u212aen", "pa\u017f\u017fword", "ap\u0130_key", "author\u0130zation")
"""Letters that a pattern without case takes for k, s and i."""
STARTS = ("github_pat_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "ATATT", "ATCTT", "glpat-", "xoxa-", "xoxb-")


@pytest.mark.parametrize("key", [*KEYS, *ODD_KEYS])
@pytest.mark.parametrize("line", ["{key} = '{value}'", '"{key}": "{value}"', "{key}\n=\n'{value}'"])
def test_a_long_value_under_a_telling_key_is_a_credential(key: str, line: str) -> None:
    text = f"mappings = []\n{line.format(key=key, value=VALUE)}\n"
    assert VALUE not in redact(text)
    assert [at for at, _ in tokens(text)] == [2]


@pytest.mark.parametrize("start", [*STARTS, "xoxp-", "xoxr-", "xoxs-"])
def test_a_text_of_a_known_shape_is_a_credential_anywhere(start: str) -> None:
    text = f"# see\n# {start}{VALUE}"
    assert VALUE not in redact(text)
    assert [at for at, _ in tokens(text)] == [2]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"sent eyJ{VALUE}.{VALUE}.{VALUE} there", "sent eyJ… there"),
        (f"https://ann:{VALUE}@tracker.test/x", "https://…@tracker.test/x"),
    ],
)
def test_tokens_of_the_web_and_passwords_in_addresses_are_credentials(text: str, redacted: str) -> None:
    assert redact(text) == redacted
    assert [at for at, _ in tokens(text)] == [1]


def test_a_header_that_an_error_repeats_is_a_credential_and_a_title_is_none() -> None:
    assert redact_reason(f"401 for Bearer {VALUE}{VALUE}") == "401 for Bearer …"
    assert redact("Basic internationalization-support") == "Basic internationalization-support"


def test_a_private_key_is_a_credential() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5\n-----END RSA PRIVATE KEY-----"
    assert "Y2FuYXJ5" not in redact(text)
    assert [at for at, _ in tokens(text)] == [1]


@pytest.mark.parametrize(
    "text", ["", "key_results", 'title = "Tokens for the author"', "ghp_short", "-----BEGIN X"]
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text
    assert list(tokens(text)) == []
