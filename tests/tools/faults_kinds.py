"""The faults of the campaign: for each kind, what happens to one request of a run."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from werkzeug import Request, Response

from connectors.sandbox.faults import Close, Hook, Html, Kind, Lost, Replace, Reset, Status, Truncated
from connectors.sandbox.world import World
from tests.runs import House

SILENCE = 0.4
"""Seconds of silence after which the client gives up, in trials that are about that."""
FOREIGN = "somebody-else"
"""The label that another person adds while pages are being read."""


@dataclass
class Scene:
    """What a fault may need of the trial that it happens in."""

    house: House
    elsewhere: str
    """The URL of another server on another port, which must never be asked anything."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set once the run under trial has ended: whoever is silent until then goes on."""
    applied: int = 0
    """How many answers were really changed, by the kinds that fit only some."""

    @property
    def world(self) -> World:
        return self.house.world


Make = Callable[[Scene, "Place"], list[Kind]]


@dataclass(frozen=True)
class Place:
    """One request of a run: the `nth` with this method and path on this site."""

    site: str
    method: str
    path: str
    nth: int

    def __str__(self) -> str:
        more = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.site}: {self.method} {self.path}{more}"


@dataclass(frozen=True)
class Trouble:
    """One kind of fault."""

    name: str
    make: Make = lambda _scene, _place: []
    refused: bool = False
    """Nobody listens: the client's side is turned to a closed port."""
    silent: bool = False
    """It is about the client's patience, which is then short."""
    moves: Callable[[House], None] | None = None
    """What happens in the world meanwhile, with or without milepost."""
    fits: Callable[[Place], bool] = lambda _place: True
    partial: bool = False
    """It changes only answers of some shape, so a trial where it changed none is not counted."""
    late: bool = False
    """It is done after the run has ended, which nothing in the run can know."""
    tells: bool = False
    """Our comments tell of the move, so their text depends on which run saw it."""


def _plain(*kinds: Kind) -> Make:
    return lambda _scene, _place: list(kinds)


def _status(code: int, headers: Mapping[str, str] | None = None) -> Make:
    body = {"message": "Fault", "errorMessages": ["Fault"], "errors": {}}
    return _plain(Status(code, headers or {}, body))


def _later(scene: Scene, _place: Place) -> list[Kind]:
    when = scene.world.clock.now() + timedelta(seconds=30)
    return [Status(429, {"Retry-After": format_datetime(when, usegmt=True)}, {"message": "Slow down"})]


def _silent(scene: Scene, _place: Place) -> list[Kind]:
    return [Hook(lambda: scene.over.wait(30)), Close()]


def _done_late(scene: Scene, _place: Place) -> list[Kind]:
    return [Hook(lambda: scene.over.wait(30))]


def _done_silently(scene: Scene, _place: Place) -> list[Kind]:
    def change(_request: Request, response: Response) -> Response:
        scene.over.wait(30)
        return response

    return [Replace(change)]


def _redirect(code: int, *, away: bool) -> Make:
    def make(scene: Scene, place: Place) -> list[Kind]:
        base = scene.elsewhere if away else f"{scene.house.server.url(place.site)}/elsewhere"
        return [Status(code, {"Location": f"{base}{place.path}"}, {"message": "Moved"})]

    return make


# Pages


def _changing(change: Callable[[Scene, Request, Response], Response | None]) -> Make:
    """Replaces answers of the shape that `change` knows; None leaves an answer as it is."""

    def make(scene: Scene, _place: Place) -> list[Kind]:
        def replaced(request: Request, response: Response) -> Response:
            made = change(scene, request, response) if response.status_code == 200 else None
            scene.applied += made is not None
            return made or response

        return [Replace(replaced)]

    return make


def _json(body: Any, response: Response, **headers: str) -> Response:
    made = Response(json.dumps(body), status=200, content_type="application/json")
    for name, value in response.headers.items():
        if name.lower() not in ("content-length", "content-type"):
            made.headers.setdefault(name, value)
    for name, value in headers.items():
        made.headers[name] = value
    return made


def _said(response: Response) -> Any:
    try:
        return json.loads(response.get_data())
    except ValueError:
        return None


def _is_list(request: Request, response: Response, body: Any) -> bool:
    return request.method == "GET" and isinstance(body, list)


def _empty(_scene: Scene, request: Request, response: Response) -> Response | None:
    body = _said(response)
    if _is_list(request, response, body):
        following = f'<{request.base_url}?page=2>; rel="next"'
        return _json([], response, **({} if "Link" in response.headers else {"Link": following}))
    if not isinstance(body, dict):
        return None
    if "data" in body:
        return _json(body, response) if _connections(body, nodes=True) else None
    rows = next((name for name in ("issues", "comments") if name in body), None)
    if rows is None or request.path.endswith("/bulkfetch"):
        return None
    more = {"isLast": False, "nextPageToken": body.get("nextPageToken", "again")}
    return _json({**body, rows: [], **(more if "isLast" in body else {"total": 9})}, response)


def _repeated(_scene: Scene, request: Request, response: Response) -> Response | None:
    body = _said(response)
    if _is_list(request, response, body):
        return _json(body, response, Link=f'<{request.url}>; rel="next"')
    if not isinstance(body, dict):
        return None
    if "data" in body:
        return _json(body, response) if _connections(body, nodes=False) else None
    if "isLast" not in body:
        return None
    asked = json.loads(request.get_data() or b"{}")
    token = asked.get("nextPageToken") or body.get("nextPageToken") or "again"
    return _json({**body, "isLast": False, "nextPageToken": token}, response)


def _connections(body: Any, *, nodes: bool) -> int:
    """Let every connection of a GraphQL answer say that more follows; how many there are."""
    if isinstance(body, list):
        return sum(_connections(each, nodes=nodes) for each in body)
    if not isinstance(body, dict):
        return 0
    found = sum(_connections(each, nodes=nodes) for each in body.values())
    if isinstance(body.get("pageInfo"), dict):
        body["pageInfo"] |= {"hasNextPage": True, "endCursor": "Y3Vyc29yOnYyOpHOAAAAAA=="}
        if nodes:
            body["nodes"] = []
        found += 1
    return found


def _leads_away(scene: Scene, request: Request, response: Response) -> Response | None:
    if not _is_list(request, response, _said(response)):
        return None
    path = urlsplit(request.url).path
    return _json(_said(response), response, Link=f'<{scene.elsewhere}{path}?page=2>; rel="next"')


def touch(house: House) -> None:
    """Somebody labels a task and comments on it, in both trackers: their place in a list by time moves."""
    with house.world.lock:
        house.jira.add_labels("BLOG-2", FOREIGN)
        house.jira.comment("BLOG-3", "Nice.", house.jira.person("ana"))
        house.github.add_labels("acme/site#2", FOREIGN)
        house.github.comment("acme/site#3", "Nice.")


def finish(house: House) -> None:
    """A task is done in both trackers."""
    with house.world.lock:
        house.jira.transition("BLOG-5", "Done")
        house.github.close("acme/site#5")


def _meanwhile(move: Callable[[House], None]) -> Make:
    def make(scene: Scene, _place: Place) -> list[Kind]:
        def once() -> None:
            if not scene.applied:
                scene.applied += 1
                move(scene.house)

        return [Hook(once)]

    return make


def _on_github(place: Place) -> bool:
    return place.site == "github"


def _a_read(place: Place) -> bool:
    return place.method == "GET" or place.path.rpartition("/")[2] in ("search", "jql", "bulkfetch", "graphql")


TROUBLES = (
    Trouble("connection refused", refused=True),
    Trouble("reset before it is read", _plain(Reset())),
    Trouble("closed without an answer", _plain(Close())),
    Trouble("done, answer lost", _plain(Lost())),
    Trouble("time-out, never done", _silent, silent=True),
    Trouble("time-out, done", _done_silently, silent=True),
    Trouble("time-out, done later", _done_late, silent=True, late=True),
    Trouble("body cut off", _plain(Truncated())),
    Trouble("HTML instead of JSON", _plain(Html())),
    *(Trouble(str(code), _status(code)) for code in (400, 401, 403, 404, 409, 410, 413, 422)),
    Trouble("429, Retry-After 30 s", _status(429, {"Retry-After": "30"})),
    Trouble("429, Retry-After a date", _later),
    Trouble("429, no Retry-After", _status(429)),
    Trouble("429, Retry-After 10^10 s", _status(429, {"Retry-After": "9999999999"})),
    Trouble("429, Retry-After no number", _status(429, {"Retry-After": "soon"})),
    *(Trouble(str(code), _status(code)) for code in (500, 502, 503)),
    Trouble("503, Retry-After 30 s", _status(503, {"Retry-After": "30"})),
    Trouble("empty page with a next one", _changing(_empty), partial=True),
    Trouble("next page is this one again", _changing(_repeated), partial=True),
    Trouble("next page on another host", _changing(_leads_away), partial=True, fits=_on_github),
    Trouble("rows change while read", _meanwhile(touch), moves=touch, fits=_a_read),
    Trouble("tasks done while read", _meanwhile(finish), moves=finish, fits=_a_read, tells=True),
    *(Trouble(f"{code}, same host", _redirect(code, away=False)) for code in (301, 302, 307, 308)),
    *(Trouble(f"{code}, another host", _redirect(code, away=True)) for code in (301, 302, 307, 308)),
)
"""All kinds, in the order of the table."""
