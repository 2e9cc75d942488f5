"""How a GitHub App signs: with its private key, for the token of an installation."""

from pathlib import Path

from github import Auth

from connectors.errors import BadConfiguration
from connectors.github.settings import GitHubSettings


def app_auth(name: str, settings: GitHubSettings) -> Auth.AppAuth:
    """The App's own account, which signs for an installation's token. Raises BadConfiguration."""
    if settings.private_key is not None:
        key = settings.private_key.get_secret_value()
    else:
        key = _key_file(name, settings.private_key_file)
    auth = Auth.AppAuth(settings.app_id or 0, key)
    try:
        auth.create_jwt()
    except Exception as problem:  # PyJWT and cryptography each have errors of their own for a bad key
        message = f"the App's private key cannot sign ({type(problem).__name__})"
        hint = "Expected the PEM file that GitHub made, with its BEGIN and END lines"
        raise BadConfiguration(name, "", message, hint) from None
    return auth


def _key_file(name: str, file: Path | None) -> str:
    if file is None:
        raise BadConfiguration(name, "", "the App has no private key", "Set private_key_file")
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as problem:
        message = f"cannot read private_key_file {file} ({type(problem).__name__})"
        raise BadConfiguration(name, "", message, "Expected a PEM file that this user may read") from problem
