"""What a Jira tracker is configured with."""

import base64
import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors import credentials
from connectors.http.settings import HttpSettings, Pause, variable
from connectors.http.urls import SANDBOX, base_url, site_of
from connectors.interface import TrackerInfo, TrackerSettings
from connectors.jira.rule_keys import RULE_KEYS
from connectors.names import fold_name

COMMENT_LIMIT = 32_767
LABEL_LIMIT = 255
GATEWAY_HOST = "api.atlassian.com"
CLOUD_DOMAIN = ".atlassian.net"

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]+)-([1-9][0-9]{0,18})")
_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


class Visibility(BaseModel):
    """Who may see milepost's comments: the members of one project role or group."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: Literal["role", "group"]
    value: str = Field(min_length=1)


class JiraSettings(HttpSettings):
    """`[trackers.<name>]` with `kind = "jira"`. Field overrides take a field's name or id."""

    kind: Literal["jira"] = "jira"
    url: Annotated[str, AfterValidator(base_url)]
    """The site, or `https://api.atlassian.com/ex/jira/<cloudId>` for scoped tokens."""
    site_url: Annotated[str, AfterValidator(base_url)] | None = None
    """Where people open issues, if it is not `url` (behind the gateway the server tells it)."""
    projects: tuple[str, ...] = ()
    jql: str | None = None
    """Narrows the scope; with `projects` both must hold."""
    email: str | None = None
    auth: Literal["basic", "bearer"] | None = None
    """Default: basic where there is an email (Cloud), bearer where there is none (Data Center)."""
    epic_link: str | None = None
    story_points: str | dict[str, str] | None = None
    """The field of all projects, or one for each project by its key; the others' are taken by their names."""
    sprint: str | None = None
    team: str | None = None
    blocked_by_links: tuple[str, ...] = ("is blocked by",)
    """What the links of an issue are called, as it shows them, to those that have to be done before it."""
    mirror_field: str | None = None
    """A field that holds the URL of the same piece of work in another tracker."""
    comment_visibility: Visibility | None = None
    internal_comments: bool = False
    """Service management projects: hide milepost's comments from customers."""
    notify_watchers: bool = False
    """Whether Jira mails the watchers of an issue when milepost changes its labels or edits its comment."""
    write_spacing: Pause = 0.1
    """Jira Cloud allows 20 writes in 2 seconds, and 100 in 30, to one issue; with 0 neither is kept."""
    page_size: int = Field(default=100, ge=1, le=1_000)
    id_page_size: int = Field(default=5_000, ge=1, le=5_000)
    """Rows of a page where only ids are asked for; Data Center caps it by itself."""

    @field_validator("email")
    @classmethod
    def _address(cls, email: str | None) -> str | None:
        """Basic authentication sends it as it is, so that it must be plain letters."""
        return (credentials.address(email) or None) if email else None

    @field_validator("projects")
    @classmethod
    def _check_projects(cls, projects: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [key for key in projects if not _PROJECT.fullmatch(key.strip())]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no project key such as BLOG")
        return tuple(dict.fromkeys(key.strip().upper() for key in projects))

    @field_validator("story_points")
    @classmethod
    def _check_points(cls, named: str | dict[str, str] | None) -> str | dict[str, str] | None:
        if not isinstance(named, dict):
            return (named.strip() or None) if named is not None else None
        wrong = [key for key in named if not _PROJECT.fullmatch(key.strip())]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no project key such as BLOG")
        return {key.strip().upper(): field.strip() for key, field in named.items() if field.strip()} or None

    @field_validator("blocked_by_links")
    @classmethod
    def _check_links(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError("an empty text is no name of a link; leave it out")
        return tuple(dict.fromkeys(name.strip() for name in names))

    @field_validator("jql", "epic_link", "sprint", "team", "mirror_field")
    @classmethod
    def _blank_is_none(cls, text: str | None) -> str | None:
        return (text.strip() or None) if text is not None else None

    @model_validator(mode="after")
    def _check_scope(self) -> "JiraSettings":
        if not self.projects and self.jql is None:
            raise ValueError("say what to read: projects, jql, or both")
        return self

    def sites(self) -> frozenset[str]:
        """The address that is asked and the one that people open: behind the gateway these are two."""
        urls = (self.url, self.site_url)
        return frozenset(site_of(url) for url in urls if url is not None and url != SANDBOX)

    def shared_scope(self, other: TrackerSettings) -> str | None:
        """The projects of both. Two queries may match the same issues unless their projects are apart."""
        if not isinstance(other, JiraSettings):
            return None
        if self.projects and other.projects:
            both = [project for project in self.projects if project in other.projects]
            return ", ".join(both) or None
        return ", ".join(self.projects or other.projects) or "what both queries match"

    def secrets(self) -> Iterator[str]:
        """The token, as it is and as basic authentication sends it, to be kept out of every text."""
        if self.token is not None:
            token = self.token.get_secret_value()
            yield token
            yield base64.b64encode(f"{self.email or ''}:{token}".encode()).decode()

    @property
    def blocking_links(self) -> frozenset[str]:
        """`blocked_by_links`, by `fold_name`."""
        return frozenset(map(fold_name, self.blocked_by_links))

    @property
    def host(self) -> str:
        """The host of `url`, in lower case; empty for `sandbox:`."""
        return (urlsplit(self.url).hostname or "").lower()

    @property
    def login(self) -> Literal["basic", "bearer"]:
        """How requests log in."""
        return self.auth or ("basic" if self.email else "bearer")

    def info(self, name: str) -> TrackerInfo:
        """See TrackerSettings."""
        info = TrackerInfo(
            name=name,
            kind="jira",
            containers=self.projects or ("*",),
            owns=self._owns,
            normal_key=normal_key,
            markup="wiki",
            comment_limit=COMMENT_LIMIT,
            label_limit=LABEL_LIMIT,
            label_spaces=False,
            comment_visibility=_pair(self.comment_visibility),
            internal_comments=self.internal_comments,
            tells_audience=True,
            lacks=RULE_KEYS.lacking,
        )
        return self.with_audiences(info)

    def secrets_missing(self, name: str) -> tuple[str, ...]:
        """The variables to set: the token always, the email for basic authentication and Cloud sites."""
        missing = []
        wants_email = self.auth == "basic" or (self.auth is None and self.host.endswith(CLOUD_DOMAIN))
        if wants_email and not self.email:
            missing.append(variable(name, "EMAIL"))
        if self.token is None:
            missing.append(variable(name, "TOKEN"))
        return tuple(missing)

    def _owns(self, key: str) -> bool:
        result = _KEY.fullmatch(key.strip())
        return result is not None and (not self.projects or result[1].upper() in self.projects)


def _pair(visibility: Visibility | None) -> tuple[str, str] | None:
    return None if visibility is None else (visibility.type, visibility.value)


def normal_key(key: str) -> str | None:
    """`blog-12` -> `BLOG-12`; None if it is no issue key."""
    result = _KEY.fullmatch(key.strip())
    return f"{result[1].upper()}-{result[2]}" if result else None
