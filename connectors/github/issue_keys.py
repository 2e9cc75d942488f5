"""Issue keys and repository names of GitHub: `owner/name#12`, in one spelling."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})"
_NAME = r"[A-Za-z0-9._-]{1,100}"
_REPOSITORY = re.compile(rf"({_OWNER})/({_NAME})")
_KEY = re.compile(rf"({_OWNER})/({_NAME})#([1-9][0-9]{{0,17}})")
_PAGE = re.compile(rf"/({_OWNER})/({_NAME})/(?:issues|pull)/([1-9][0-9]{{0,17}})/?")
_API = re.compile(rf"(?:^|/)repos/({_OWNER})/({_NAME})(?:/issues/([1-9][0-9]{{0,17}}))?/?$")
_DOTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an issue stands today: a repository and a number in it."""

    repository: str
    """`owner/name`."""
    number: int

    @property
    def key(self) -> str:
        """`owner/name#12`."""
        return f"{self.repository}#{self.number}"

    @property
    def path(self) -> str:
        """The issue's path in the REST API, without the base URL."""
        return f"/repos/{self.repository}/issues/{self.number}"


def is_repository(text: str) -> bool:
    """Whether this is `owner/name`, safe to stand in a path."""
    match = _REPOSITORY.fullmatch(text)
    return match is not None and match[2] not in _DOTS


def is_owner(text: str) -> bool:
    """Whether this can be the login of a user or an organisation."""
    return re.fullmatch(_OWNER, text) is not None


def place_of(key: str) -> Place | None:
    """Read `owner/name#12`; None for anything else."""
    return _place(_KEY.fullmatch(key.strip()))


def place_of_page(url: str) -> Place | None:
    """Read the address of an issue's page, `https://github.com/owner/name/issues/12`."""
    try:
        return _place(_PAGE.fullmatch(urlsplit(url).path))
    except ValueError:
        return None


def place_of_api(url: str) -> Place | None:
    """Read an issue's API address, `https://api.github.com/repos/owner/name/issues/12`, prefixed or not."""
    match = _api(url)
    return _place(match) if match and match[3] else None


def repository_of_api(url: str) -> str | None:
    """`owner/name` of a repository's API address, or of one of its issues."""
    match = _api(url)
    return f"{match[1]}/{match[2]}" if match and match[2] not in _DOTS else None


class Spelling:
    """One spelling for every repository, since GitHub ignores case: as configured, else lower case."""

    def __init__(self, repositories: Iterable[str]) -> None:
        self._configured: Mapping[str, str] = {name.lower(): name for name in repositories}

    def repository(self, name: str) -> str:
        """`owner/name` in its one spelling."""
        return self._configured.get(name.lower(), name.lower())

    def place(self, place: Place) -> Place:
        """The same place with the repository's one spelling."""
        return Place(self.repository(place.repository), place.number)

    def key(self, text: str) -> str | None:
        """A key in its one spelling, or None if it is no key."""
        place = place_of(text)
        return self.place(place).key if place else None


def _place(match: re.Match[str] | None) -> Place | None:
    if match is None or match[2] in _DOTS:
        return None
    return Place(f"{match[1]}/{match[2]}", int(match[3]))


def _api(url: str) -> re.Match[str] | None:
    try:
        return _API.search(urlsplit(url).path)
    except ValueError:
        return None
