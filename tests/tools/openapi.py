"""Checks exchanges with the sandbox, and what the connectors send, against the vendors' OpenAPI documents."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from werkzeug import Request, Response
from werkzeug.datastructures import ImmutableMultiDict

from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer

FOLDERS = (
    Path(sys.prefix) / "contracts",
    Path(__file__).resolve().parents[3] / "shared" / "contracts",
)
"""Where the documents are looked for: what `make test` fetched, then what lies beside the checkout."""
HOST = "http://tracker.test"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request, and its answer where `status` is given. `path` is as the document has it, filled in."""

    method: str
    path: str
    query: Any = None
    body: bytes = b""
    status: int | None = None
    answer: bytes = b""
    answer_type: str = "application/json"


class Contract:
    """One vendor's document; all lists are empty for an exchange that keeps to it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._api = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))
        self._known: dict[bytes, list[str]] = {}

    def problems(self, exchange: Exchange) -> list[str]:
        """Both lists; a request that earned an error may break the contract: a test may be about that.

        Whole runs say the same things again and again, which are looked at once.
        """
        digest = sha256(repr(exchange).encode()).digest()
        if digest not in self._known:
            earned = exchange.status is not None and exchange.status >= 400
            found = [] if earned else self.request_problems(exchange)
            self._known[digest] = found + self.answer_problems(exchange)
        return self._known[digest]

    def request_problems(self, exchange: Exchange) -> list[str]:
        """What is wrong with path, query or body."""
        request = _request(exchange)
        return [
            f"{exchange.method} {exchange.path}: {complaint}"
            for complaint in _complaints(lambda: self._api.validate_request(request))
        ]

    def answer_problems(self, exchange: Exchange) -> list[str]:
        """What is wrong with the answer."""
        if exchange.status is None or (exchange.status in (204, 304) and not exchange.answer):
            return []  # the documents give some answers without content a content type
        request = _request(exchange)
        response = MockResponse(
            data=exchange.answer, status_code=exchange.status, content_type=exchange.answer_type
        )
        return [
            f"{exchange.method} {exchange.path} -> {exchange.status}: {complaint}"
            for complaint in _complaints(lambda: self._api.validate_response(request, response))
        ]


class Watch:
    """A listener for `SandboxServer.answers` that gathers what breaks the contract.

    `to_path` gives the document's path for a request's path, or None for what the document does not hold.
    """

    def __init__(self, contract: Contract, to_path: Callable[[str], str | None]) -> None:
        self.contract = contract
        self.to_path = to_path
        self.problems: list[str] = []
        self.checked = 0

    def __call__(self, request: Request, response: Response) -> None:
        # As it was sent: what is quoted in it, such as the slash in a label, is no part of the address.
        sent = request.environ["RAW_URI"].partition("?")[0].removeprefix(request.script_root)
        path = self.to_path(sent)
        if path is None:
            return
        self.checked += 1
        # Each server has a port of its own: without it the runs of other tests say the same things.
        answer = response.get_data().replace(request.host.encode(), b"127.0.0.1:80")
        exchange = Exchange(
            method=request.method,
            path=path,
            query=ImmutableMultiDict(request.args),
            body=request.get_data(),
            status=response.status_code,
            answer=answer,
            answer_type=response.mimetype or "",
        )
        self.problems += self.contract.problems(exchange)


@contextmanager
def kept_to(server: SandboxServer) -> Iterator[None]:
    """Inside, whatever the sites of this server say, and are told, must keep to what the vendors publish."""
    watches: dict[str, Watch] = {}
    for name, site in server.world.sites.items():
        own = site.face != "cloud" if isinstance(site, JiraSite) else getattr(site, "enterprise", None)
        contract = None if own else published(site.kind)
        if contract is not None:
            watches[name] = Watch(contract, jira_path if site.kind == "jira" else repository_path)

    def told(request: Request, response: Response) -> None:
        watch = watches.get(request.script_root.strip("/"))
        if watch is not None:
            watch(request, response)

    server.answers.append(told)
    yield
    problems = [each for watch in watches.values() for each in watch.problems]
    assert not problems, "\n".join(problems)


def jira_path(path: str) -> str | None:
    """A sandbox path in Jira's document: version 2 offers the same operations as version 3."""
    match = re.search(r"/rest/api/(?:2|3|latest)(/.*)", path)
    return f"/rest/api/3{match[1]}" if match else None


def github_path(path: str) -> str | None:
    """A sandbox path in GitHub's document: `/api/v3` is Enterprise Server's, GraphQL has no place."""
    if path.endswith("/graphql"):
        return None
    return path.removeprefix("/api/v3")


def jira_contract() -> Contract:
    """Jira Cloud's platform REST API; skips the test where the document is absent."""
    return _present("jira")


def github_contract() -> Contract:
    """GitHub's REST API; skips the test where the document is absent."""
    return _present("github")


def repository_path(path: str) -> str | None:
    """The same for a path below a repository's id, or a pull request, which the document does not hold."""
    named = re.sub(r"/repositories/[0-9]+", "/repos/acme/site", path)
    return None if "/pulls/" in named else github_path(named)


@lru_cache
def published(kind: str) -> Contract | None:
    """What the vendor of this kind of tracker publishes of its cloud; None where the document is absent."""
    file = document_of(kind)
    if file is None:
        return None
    document = json.loads(file.read_bytes())
    document["servers"] = [{"url": "/"}]  # the sandbox's, instead of the vendor's own
    return Contract(_DOCUMENTS[kind][1](document))


def document_of(kind: str) -> Path | None:
    """The file of the document; None where it is absent."""
    files = (folder / _DOCUMENTS[kind][0] for folder in FOLDERS)
    return next((file for file in files if file.exists()), None)


def absent() -> tuple[str, ...]:
    """A line for each document that is absent: what is not checked without it, and how to get it."""
    missing = [kind for kind in _DOCUMENTS if document_of(kind) is None]
    return tuple(
        f"Not checked against {kind.title()}'s published API: {_DOCUMENTS[kind][0]} is not in {FOLDERS[0]}; "
        f"{_SOURCES[kind]}"
        for kind in missing
    )


def _present(kind: str) -> Contract:
    contract = published(kind)
    if contract is None:
        pytest.skip(f"the vendor's OpenAPI document {_DOCUMENTS[kind][0]} is absent")
    return contract


def _request(exchange: Exchange) -> MockRequest:
    return MockRequest(
        HOST,
        exchange.method.lower(),
        exchange.path,
        args=exchange.query or {},
        data=exchange.body,
        content_type="application/json" if exchange.body else "",
    )


def _complaints(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except OpenAPIError as error:
        yield f"{type(error).__name__}: {_deepest(error)}"


def _deepest(error: BaseException) -> str:
    details = [str(one.message) for one in getattr(error.__cause__, "schema_errors", ())]
    return "; ".join(details) or str(error.__cause__ or error)


# Known defects of the documents. Everything that is relaxed is relaxed here and nowhere else.


def _relaxed_jira(document: dict[str, Any]) -> dict[str, Any]:
    for schema in _schemas(document):
        if schema.get("format") in ("date-time", "uri"):
            del schema["format"]  # Atlassian prints `+0000`, which the format refuses
    document["components"]["schemas"]["IssueBean"]["properties"]["fields"] = {"type": "object"}
    for operation in _operations(document):
        operation.pop("security", None)  # which credentials fit is no question of shape
        for status in ("400", "401", "403", "404", "410", "413", "415", "500"):
            _error_answer(operation, status, "#/components/schemas/ErrorCollection")
    return document


def _relaxed_github(document: dict[str, Any]) -> dict[str, Any]:
    for schema in _schemas(document):
        if schema.get("nullable") and None not in schema.get("enum", [None]):
            schema["enum"].append(None)  # nullable enums lack null (`state_reason`)
    for operation in _operations(document):
        operation.pop("security", None)
        for status in (
            "301",
            "307",
            "401",
            "403",
            "404",
            "410",
            "451",
        ):  # any operation may redirect or refuse
            _error_answer(operation, status, "#/components/schemas/basic-error")
    found = document["components"]["schemas"]["issue-search-result-item"]
    found["properties"]["body"]["nullable"] = True  # an issue without text is found too
    labels = document["paths"]["/repos/{owner}/{repo}/issues/{issue_number}/labels"]
    for method in ("post", "put"):
        body = labels[method]["requestBody"]["content"]["application/json"]
        bare = {"type": "array", "items": {"type": "string"}}  # which the schema forgot
        body["schema"] = {"anyOf": [body["schema"], bare]}
    return document


_DOCUMENTS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "jira": ("jira-cloud-v3.openapi.json", _relaxed_jira),
    "github": ("github.openapi.json", _relaxed_github),
}


_SOURCES = {
    "jira": "save Atlassian's document of the Jira Cloud platform REST API version 3 there under that name",
    "github": "`make test` fetches it with npm",
}


def _error_answer(operation: dict[str, Any], status: str, schema: str) -> None:
    """Errors that the document leaves out, or names without saying how they look."""
    answer = operation["responses"].setdefault(status, {"description": "an error"})
    answer.setdefault("content", {"application/json": {"schema": {"$ref": schema}}})


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in path:
                yield path[method]


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document; a schema is one of them, and nothing else has these keys."""
    if isinstance(node, dict):
        yield node
        for child in list(node.values()):
            yield from _schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from _schemas(child)
