"""Which keys of rules a kind of tracker can answer; each connector declares its own, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass

YES = "yes"
NO = "–"
"""A rule with such a key is refused where no tracker that it is about can answer it."""


@dataclass(frozen=True, slots=True)
class RuleKeys:
    """What one connector can answer, edition by edition."""

    editions: tuple[str, ...]
    """The products, such as `Jira Cloud` and `Jira Data Center`."""
    answers: Mapping[str, tuple[str, ...]]
    """By key as the mapping writes it: for each edition `YES`, `NO`, or under which condition."""

    @property
    def lacking(self) -> frozenset[str]:
        """The keys that no edition can answer."""
        return frozenset(key for key, message in self.answers.items() if all(one == NO for one in message))


def both(answer: str) -> tuple[str, str]:
    """The same for two editions."""
    return answer, answer
