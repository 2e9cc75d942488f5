"""What a handler gives back: an answer, an error in GitHub's shape, or a redirect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from connectors.sandbox.github_truth.truth import Impossible

DOCS = "https://docs.github.com/rest"
MAX_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that worked; `data` None means no body."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An answer that did not work, as GitHub words it."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.url = url

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = [dict(error) for error in self.errors]
        if self.url is not None:
            body["url"] = self.url
        return {**body, "documentation_url": DOCS, "status": str(self.status)}


class Blocked(ApiError):
    """What GitHub answers for a repository that it keeps everyone out of."""

    def __init__(self, status: int, block: Mapping[str, Any]) -> None:
        super().__init__(status, "Repository access blocked")
        self.block = dict(block)

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"message": self.message, "block": self.block}


def not_found() -> ApiError:
    """What is not there, or not for this account to see."""
    return ApiError(404, "Not Found")


def invalid(resource: str, code: str, field_name: str, message: str = "") -> ApiError:
    """A 422 for one field."""
    error = {"resource": resource, "code": code, "field": field_name}
    return ApiError(422, "Validation Failed", [{**error, "message": message} if message else error])


def refused(resource: str, impossible: Impossible) -> ApiError:
    """A 422 for a change that the truth does not admit."""
    return invalid(resource, impossible.code, impossible.field, str(impossible))


def moved(status: int, location: str) -> ApiError:
    """A redirect in GitHub's shape."""
    message = "Moved Permanently" if status == 301 else "Temporary Redirect"
    return ApiError(status, message, headers={"Location": location}, url=location)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for, and the URL that its neighbours have."""

    url: str
    query: tuple[tuple[str, str], ...]
    page: int
    size: int

    def bounds(self) -> tuple[int, int]:
        """Where the page begins and ends in the whole list."""
        return (self.page - 1) * self.size, self.page * self.size

    def links(self, total: int) -> dict[str, str]:
        """The Link header for a list of `total` items; none where one page holds all."""
        last = max(1, -(-total // self.size))
        requested: list[tuple[str, int]] = []
        if self.page > 1:
            requested.append(("prev", min(self.page - 1, last)))
        if self.page < last:
            requested += [("next", self.page + 1), ("last", last)]
        if self.page > 1:
            requested.append(("first", 1))
        return self.header([(rel, {"page": str(page)}) for rel, page in requested])

    def header(self, targets: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
        """A Link header to these relations, each with its own place in the list."""
        if not targets:
            return {}
        kept = [(name, value) for name, value in self.query if name not in ("page", "after", "before")]
        return {
            "Link": ", ".join(
                f'<{self.url}?{urlencode([*kept, *place.items()])}>; rel="{rel}"' for rel, place in targets
            )
        }
