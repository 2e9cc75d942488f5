"""The memory of a connector, into which none of its own credentials comes."""

from collections.abc import Iterable

from connectors.interface import ConnectorState

SHORTEST = 12
"""Characters from which on a credential cannot be taken for a word that happens to be the same."""


class RedactedState:
    """Facts without the configured credentials: each is replaced by `…` before anything is stored.

    Facts hold names and numbers that a tracker gave, and a repository may be named as tokens look; so only
    what *is* a credential of this tracker is replaced, and nothing is refused for its looks.
    """

    def __init__(self, memory: ConnectorState, secrets: Iterable[str]) -> None:
        self._memory = memory
        self._secrets = sorted(
            {secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True
        )

    def get(self, key: str) -> str | None:
        """The value that was set last, or None."""
        return self._memory.get(key)

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        for secret in self._secrets:
            value = value.replace(secret, "…")
        self._memory.set(key, value)
