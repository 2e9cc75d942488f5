"""The truth behind the sandbox: a clock that only changes move, accounts, and the sites that live in it."""

import base64
import binascii
import importlib
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, Self

import orjson
from werkzeug import Request, Response

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the sandbox's time begins, unless it is told otherwise."""

SITE_CLASSES = {
    "jira": ("connectors.sandbox.jira_world", "JiraSite"),
    "github": ("connectors.sandbox.github_world", "GitHubSite"),
}
"""Where the class of each kind of site lives; imported only when a saved world holds one."""


class Clock:
    """The sandbox's time, aware and in UTC. It stands still until something changes or a test moves it."""

    def __init__(self, start: datetime = START) -> None:
        """Start at `start`; raises ValueError for a time without a zone."""
        self._now = START
        self.set(start)

    def now(self) -> datetime:
        """The present moment of the sandbox, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to `moment`, forwards or backwards; raises ValueError for a time without a zone."""
        if moment.tzinfo is None:
            raise ValueError(f"the sandbox's clock needs a time with a zone, not {moment.isoformat()}")
        self._now = moment.astimezone(UTC)

    def advance(self, seconds: float) -> datetime:
        """Move by this many seconds and return the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def tick(self) -> datetime:
        """Move by the one second that every change takes, so that no two changes share a time."""
        return self.advance(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Someone who may speak to a site. What `permissions` names is up to the kind of site."""

    id: str
    """Jira Cloud: accountId. Jira Data Center: user key. GitHub: the number, as text."""
    name: str
    """Jira Data Center: user name. GitHub: login."""
    display: str
    email: str = ""
    token: str | None = None
    """What the account proves itself with; None for one that never calls."""
    time_zone: str = "UTC"
    permissions: frozenset[str] = frozenset()

    def dump(self) -> dict[str, Any]:
        """The account as JSON can hold it."""
        return {**asdict(self), "permissions": sorted(self.permissions)}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """The account that `dump` wrote."""
        return cls(**{**data, "permissions": frozenset(data["permissions"])})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request proves itself with: the scheme in lower case, a user for basic auth, and the secret."""

    scheme: str
    user: str | None
    secret: str


def credentials(request: Request) -> Credentials | None:
    """Read the Authorization header (Basic, Bearer or GitHub's `token`); None if absent or unreadable."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if not rest:
        return None
    if scheme.lower() != "basic":
        return Credentials(scheme.lower(), None, rest.strip())
    try:
        user, separator, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Credentials("basic", user, secret) if separator else None


def holder(accounts: Iterable[Account], secret: str) -> Account | None:
    """The account that owns this token, or None."""
    for account in accounts:
        if account.token is not None and secrets.compare_digest(account.token.encode(), secret.encode()):
            return account
    return None


class Site(Protocol):
    """One tracker of the world, spoken to over HTTP and moved by tests through methods of its own."""

    name: str
    """The path prefix that it is mounted under."""
    clock: Clock
    """The world's clock; the world sets it."""

    @property
    def kind(self) -> str:
        """A key of `SITE_CLASSES`."""
        ...

    @property
    def changes(self) -> int:
        """How many changes happened so far; the state is written only when this has moved."""
        ...

    def respond(self, request: Request, base_url: str) -> Response:
        """Answer a request whose `path` is relative to the site; `base_url` has no slash at the end."""
        ...

    def dump(self) -> dict[str, Any]:
        """Everything worth keeping, as JSON can hold it."""
        ...

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """The site that `dump` wrote."""
        ...


class World:
    """Some sites that share one clock. Hold `lock` while reading or changing it beside a running server."""

    def __init__(self, clock: Clock, sites: Mapping[str, Site]) -> None:
        """Join the sites to the clock; raises ValueError where a site's name differs from its key."""
        self.clock = clock
        self.sites = dict(sites)
        self.lock = threading.RLock()
        for name, site in self.sites.items():
            if site.name != name or not name or "/" in name:
                raise ValueError(
                    f"a site's name is one path segment, the same as its key: {name!r}, {site.name!r}"
                )
            if site.changes and site.clock.now() > clock.now():
                clock.set(site.clock.now())  # what has happened on a site lies in the past
            site.clock = clock

    @classmethod
    def of(cls, *sites: Site, start: datetime = START) -> Self:
        """A world of these sites, at `start`."""
        return cls(Clock(start), {site.name: site for site in sites})

    @property
    def changes(self) -> tuple[int, ...]:
        """Moves whenever anything in the world moved."""
        return tuple(site.changes for site in self.sites.values())

    def respond(self, site: str, request: Request, base_url: str) -> Response:
        """Let one site answer, alone."""
        with self.lock:
            return self.sites[site].respond(request, base_url)

    def save(self, path: Path) -> None:
        """Write the world as JSON, readable by its owner alone; a reader sees the old file or the new one."""
        with self.lock:
            data = orjson.dumps(
                {
                    "now": self.clock.now().isoformat(),
                    "sites": [{"kind": site.kind, "data": site.dump()} for site in self.sites.values()],
                }
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a world that `save` wrote; raises ValueError, naming the file, for anything else."""
        try:
            data = orjson.loads(path.read_bytes())
            clock = Clock(datetime.fromisoformat(data["now"]))
            sites = [_load_site(entry["kind"], entry["data"], clock) for entry in data["sites"]]
            return cls(clock, {site.name: site for site in sites})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is no state of the sandbox ({type(error).__name__}: {error}); "
                "delete it to start with fresh sandbox trackers"
            ) from error


def _load_site(kind: str, data: Mapping[str, Any], clock: Clock) -> Site:
    module, name = SITE_CLASSES[kind]
    site: Site = getattr(importlib.import_module(module), name).load(data)
    site.clock = clock
    return site
