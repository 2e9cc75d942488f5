"""What goes wrong on the wire during a history, once or for days."""

import random
from collections.abc import Mapping

import orjson
from werkzeug import Request, Response

from connectors.sandbox.faults import (
    Close,
    Fault,
    Headers,
    Html,
    Kind,
    Lost,
    Replace,
    Reset,
    SkewedDate,
    Status,
    Truncated,
)


def _emptied(_request: Request, response: Response) -> Response:
    """The same answer with every list of issues empty, as from an index that is built anew."""
    try:
        answer = orjson.loads(response.get_data())
    except orjson.JSONDecodeError:
        return response
    if isinstance(answer, list):
        return _json(response, [])
    if isinstance(answer, dict) and isinstance(answer.get("issues"), list):
        answer |= {"issues": [], "isLast": True} if "total" not in answer else {"issues": [], "total": 0}
        answer.pop("nextPageToken", None)
        return _json(response, answer)
    return response


def _garbled(_request: Request, response: Response) -> Response:
    """The same answer with its first row spoiled."""
    try:
        answer = orjson.loads(response.get_data())
    except orjson.JSONDecodeError:
        return response
    rows = answer.get("issues") if isinstance(answer, dict) else answer
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        if "fields" in rows[0]:
            rows[0]["fields"] = {**rows[0]["fields"], "summary": None, "status": None}
        else:
            rows[0]["title"] = None
        return _json(response, answer)
    return response


def _json(response: Response, answer: object) -> Response:
    kept = {name: value for name, value in response.headers.items() if name != "Link"}
    kept.pop("Content-Length", None)
    return Response(orjson.dumps(answer), status=response.status_code, headers=kept)


KINDS: Mapping[str, Kind] = {
    **{str(code): Status(code, body={"message": "no"}) for code in (400, 403, 404, 410, 451, 500, 502, 503)},
    "page": Html(),
    "reset": Reset(),
    "closed": Close(),
    "lost": Lost(),
    "cut": Truncated(),
    "emptied": Replace(_emptied),
    "garbled": Replace(_garbled),
    "undated": Headers({"Date": None}),
    "ahead": SkewedDate(7_200),
    "behind": SkewedDate(-7_200),
    "milliseconds": Headers({"X-RateLimit-Reset": "1830000000000"}),
}
PATHS: Mapping[str, tuple[str, ...]] = {
    "jira": (
        r"/search",
        r"/bulkfetch|/search$",
        r"/issue/\d+$",
        r"/comment",
        r"/field$",
        r"/status$",
        r"/project",
        r"/issue/1000[3-6]",
        "",
    ),
    "github": (
        r"/issues$",
        r"/docs[-\d]*/issues$",
        r"/graphql$",
        r"/labels",
        r"/comments",
        r"^/orgs/",
        r"/issues/\d+$",
        r"/repos/[^/]+/[^/]+$",
        "",
    ),
}


def a_fault(dice: random.Random) -> Fault:
    """One request, three, or every one until it is lifted."""
    site = dice.choice(list(PATHS))
    kind = dice.choice(list(KINDS))
    times = dice.choice([1, 1, 3, None])
    nth = 1 if times is None else dice.randrange(1, 4)
    return Fault(kind=KINDS[kind], site=site, path=dice.choice(PATHS[site]), nth=nth, times=times)
