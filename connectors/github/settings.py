"""What a GitHub tracker is configured with."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.github.issue_keys import Spelling, is_owner, is_repository, place_of
from connectors.github.project_names import Project, split_field
from connectors.github.rule_keys import RULE_KEYS
from connectors.http.settings import HttpSettings, variable
from connectors.http.urls import SANDBOX, base_url, site_of
from connectors.interface import TrackerInfo, TrackerSettings
from connectors.names import fold_name

API_URL = "https://api.github.com"
COMMENT_LIMIT = 65536
"""The longest comment in characters; GitHub answers 422 to more."""
LABEL_LIMIT = 50
"""The longest name of a label in characters."""
API_VERSION = "2022-11-28"
"""Sent with every request, so that an answer does not change shape under us."""


class GitHubSettings(HttpSettings):
    """One GitHub: github.com or an Enterprise Server, some repositories of it or an organisation, or both.

    `url` is the API's base URL: left out for github.com, `https://HOST/api/v3` for
    Enterprise Server. Credentials are a token, or an App (`app_id`, `installation_id` and its private key).
    """

    kind: Literal["github"] = "github"
    url: str = API_URL
    repositories: tuple[str, ...] = ()
    """`owner/name` each."""
    organization: str | None = None
    """All its repositories that the account can see."""
    app_id: int | None = Field(None, gt=0)
    installation_id: int | None = Field(None, gt=0)
    private_key: SecretStr | None = None
    """The App's private key in PEM format."""
    private_key_file: Path | None = None
    in_progress_labels: tuple[str, ...] = ()
    """An open issue that bears one of these counts as in progress; GitHub itself has only open and closed."""
    projects: dict[str, str] = Field(default_factory=dict)
    """Projects whose fields rules and weights may ask for, by a name of our own: `owner/number`, or the
    address of its page. Their fields are `name/field` then."""
    status_field: str | None = None
    """The field whose option tells the status of an open issue more finely, and why a closed one was: one
    of the organisation's fields for issues, by name or id, or `project/field`."""
    in_progress_statuses: tuple[str, ...] = ()
    """An open issue with one of these options of `status_field`, by name or id, counts as in progress."""
    api_version: str = Field(API_VERSION, pattern=r"^\d{4}-\d{2}-\d{2}$")

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        url = base_url(url)
        if url.partition("://")[2].partition("/")[0] in ("github.com", "www.github.com"):
            raise ValueError("the API of github.com is at https://api.github.com; leave `url` out")
        return url

    @field_validator("repositories")
    @classmethod
    def _repositories(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in names if not is_repository(name)]
        if wrong:
            raise ValueError(f"expected owner/name, got {', '.join(map(repr, wrong))}")
        first = {name.lower(): name for name in reversed(names)}
        return tuple(name for name in names if first.pop(name.lower(), None) is not None)

    @field_validator("organization")
    @classmethod
    def _organization(cls, name: str | None) -> str | None:
        if name is not None and not is_owner(name):
            raise ValueError(f"expected the login of an organisation, got {name!r}")
        return name

    @field_validator("projects")
    @classmethod
    def _projects(cls, projects: dict[str, str]) -> dict[str, str]:
        result = [Project.read(name, text) for name, text in projects.items()]
        parts = [f"{item.owner}/{item.number}".casefold() for item in result]
        for several in (parts, [fold_name(item.name) for item in result]):
            twice = [value for place, value in enumerate(several) if value in several[:place]]
            if twice:
                raise ValueError(f"named twice: {twice[0]}")
        return projects

    @field_validator("private_key")
    @classmethod
    def _secret(cls, secret: SecretStr | None) -> SecretStr | None:
        """Files and shells leave line ends around secrets; an empty one is none."""
        text = secret.get_secret_value().strip() if secret else ""
        return SecretStr(text) if text else None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.repositories and self.organization is None:
            raise ValueError('name what to read: repositories = ["owner/name"] or organization = "name"')
        if (self.app_id is None) != (self.installation_id is None):
            raise ValueError("an App needs both app_id and installation_id")
        if self.private_key_file is not None and self.app_id is None:
            raise ValueError("private_key_file needs app_id and installation_id")
        named = self.status_field
        if named is not None and "/" in named and split_field(named, self.project_names) is None:
            several = ", ".join(self.projects) or "none"
            message = f"status_field = {named!r} names no project; `projects` has {several}"
            raise ValueError(f"{message}. Write a field of the organisation without a slash, or by its id")
        if self.in_progress_statuses and named is None:
            raise ValueError("in_progress_statuses needs status_field: of which field they are options")
        return self

    @property
    def project_names(self) -> dict[str, Project]:
        """The projects by the folded names by which rules mean them."""
        return {fold_name(name): Project.read(name, text) for name, text in self.projects.items()}

    def info(self, name: str) -> TrackerInfo:
        """See TrackerSettings."""
        spelling = Spelling(self.repositories)
        organisation = (f"{self.organization.lower()}/*",) if self.organization else ()
        info = TrackerInfo(
            name=name,
            kind=self.kind,
            containers=(*self.repositories, *organisation),
            owns=partial(_owns, self),
            normal_key=spelling.key,
            markup="markdown",
            comment_limit=COMMENT_LIMIT,
            label_limit=LABEL_LIMIT,
            label_spaces=True,
            has_label_definitions=True,
            tells_audience=True,
            lacks=RULE_KEYS.lacking,
            field_sources=frozenset(self.project_names),
            status_field=self.status_field or "",
            named_statuses={"in_progress_statuses": self.in_progress_statuses},
        )
        return self.with_audiences(info)

    def secrets_missing(self, name: str) -> tuple[str, ...]:
        """The environment variables that must be set and are not."""
        if self.app_id is not None:
            there = self.private_key is not None or self.private_key_file is not None
            return () if there else (variable(name, "PRIVATE_KEY"),)
        return () if self.token is not None else (variable(name, "TOKEN"),)

    def sites(self) -> frozenset[str]:
        """The site itself: that of the API without `api.` before the host and `/api/v3` after it."""
        if self.url == SANDBOX:
            return frozenset()
        return frozenset({site_of(self.url).removeprefix("api.").removesuffix("/api/v3")})

    def shared_scope(self, other: TrackerSettings) -> str | None:
        """The repositories of both, or the organisation."""
        if not isinstance(other, GitHubSettings):
            return None
        mine, theirs = self.organization or "", other.organization or ""
        if mine and mine.casefold() == theirs.casefold():
            return f"the organisation {mine}"
        both = [name for name in self.repositories if other.covers(name)]
        both += [name for name in other.repositories if self.covers(name)]
        return ", ".join({name.casefold(): name for name in reversed(both)}.values()) or None

    def secrets(self) -> Iterator[str]:
        """What must be kept out of every text."""
        for secret in (self.token, self.private_key):
            if secret is not None:
                yield secret.get_secret_value()

    def covers(self, repository: str) -> bool:
        """Whether a repository lies in the scope, whatever the case of its letters."""
        requested = repository.lower()
        owner = requested.partition("/")[0]
        ours = self.organization is not None and owner == self.organization.lower()
        return ours or any(requested == name.lower() for name in self.repositories)


def _owns(settings: GitHubSettings, key: str) -> bool:
    place = place_of(key)
    return place is not None and settings.covers(place.repository)
