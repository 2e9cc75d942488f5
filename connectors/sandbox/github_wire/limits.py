"""GitHub's primary rate limits: what the headers say, and the 403 when a limit is spent and enforced."""

from dataclasses import dataclass
from typing import Any

from connectors.sandbox.github_truth.model import Settings
from connectors.sandbox.github_wire.answers import ApiError, Reply
from connectors.sandbox.github_wire.call import Call

_HOUR, _MINUTE = 3_600, 60
RESOURCES = ("core", "search", "graphql")


@dataclass(slots=True)
class _Window:
    ends: int
    used: int = 0


class Limits:
    """What each token has used of each resource in its present window; not kept with the site's state."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}

    def spend(self, settings: Settings, token: str, resource: str, now: int, cost: int = 1) -> bool:
        """Count one request; False if it is one too many and limits are enforced."""
        window = self._window(token, resource, now)
        limit = _limit(settings, resource)
        if window.used + cost > limit:
            if settings.enforce_limits:
                return False
            window.used = 0  # the sandbox's clock hardly moves, so its windows hardly end
        window.used += cost
        return True

    def give_back(self, token: str, resource: str, now: int) -> None:
        """A 304 costs nothing."""
        window = self._window(token, resource, now)
        window.used = max(0, window.used - 1)

    def state(self, settings: Settings, token: str, resource: str, now: int) -> dict[str, int]:
        """The numbers that GitHub tells of one resource; `reset` in seconds since 1970."""
        window, limit = self._window(token, resource, now), _limit(settings, resource)
        return {"limit": limit, "used": window.used, "remaining": limit - window.used, "reset": window.ends}

    def headers(self, settings: Settings, token: str, resource: str, now: int) -> dict[str, str]:
        """The x-ratelimit headers of an answer."""
        state = self.state(settings, token, resource, now)
        return {
            **{f"X-RateLimit-{name.capitalize()}": str(value) for name, value in state.items()},
            "X-RateLimit-Resource": resource,
        }

    def _window(self, token: str, resource: str, now: int) -> _Window:
        window = self._windows.get((token, resource))
        if window is None or window.ends <= now:
            length = _MINUTE if resource == "search" else _HOUR
            window = self._windows[token, resource] = _Window(now + length)
        return window


def _limit(settings: Settings, resource: str) -> int:
    return settings.search_limit if resource == "search" else settings.rate_limit


def exhausted(account_id: int) -> ApiError:
    """The refusal of a request beyond the primary limit."""
    return ApiError(403, f"API rate limit exceeded for user ID {account_id}.")


def get_rate_limit(call: Call) -> Reply:
    """`GET /rate_limit`, which itself costs nothing."""
    body: dict[str, Any] = {"resources": dict(call.limits)}
    return Reply({**body, "rate": call.limits["core"]} if call.render.is_old else body)
