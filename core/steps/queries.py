"""The mapping's own queries, which only a server can answer; and what it answered last."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from connectors.errors import TrackerError
from connectors.interface import ConnectorState, Reader
from core.shutdown import Stop
from core.store.store_interface import RunStore
from core.unexpected_errors import unexpected
from mappings.rules.query import Query
from mappings.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class QueryResults:
    """What the trackers answered, now or else when they last did, and which queries could not be had now."""

    matches: Mapping[Query, frozenset[str]] = field(default_factory=dict)
    refused: Mapping[Query, str] = field(default_factory=dict)

    def naming(self, tracker: str, id_: str | None) -> frozenset[Query] | None:
        """The queries whose answer names this issue; None for no id, of which nothing follows."""
        if id_ is None:
            return None
        return frozenset(
            query for query, ids in self.matches.items() if query.tracker == tracker and id_ in ids
        )

    def problems(self, compiled: RuleSet) -> Mapping[str, str]:
        """By milestone or key result: why the server's answer that it rests on could not be had."""
        return {
            owner: f"the query {query.text!r} was not answered: {why}"
            for query, why in self.refused.items()
            for owner in compiled.query_owners[query]
        }


def run_queries(
    queries: Iterable[Query], readers: Mapping[str, Reader], down: Iterable[str], store: RunStore, stop: Stop
) -> QueryResults:
    """Let each server evaluate the queries that are its own, and remember what it said.

    A tracker that is down is not asked: whatever rests on it cannot be measured anyway. Where there is no
    answer now the last one stands, so that no label goes only because a server did not answer.
    """
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    silent = set(down)
    for query in queries:
        place = store.memory(query.tracker)
        if query.tracker not in silent and query.tracker in readers:
            try:
                with stop.reading():
                    matches[query] = readers[query.tracker].matching(query.text)
                message = orjson.dumps(sorted(matches[query])).decode()
                _set(place, _place(query), message)
                _set(place, _reason(query), "")
                continue
            except TrackerError as error:
                refused[query] = str(error)
            except Exception as error:
                refused[query] = str(unexpected(query.tracker, error))
            _set(place, _reason(query), refused[query])
        last = place.get(_place(query))
        if last is not None:
            matches[query] = frozenset(orjson.loads(last))
    return QueryResults(matches, refused)


def cached_results(queries: Iterable[Query], store: RunStore) -> QueryResults:
    """What the trackers answered when they were last asked, or why they did not."""
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    for query in queries:
        place = store.memory(query.tracker)
        message, reason = place.get(_place(query)), place.get(_reason(query))
        if message is not None:
            matches[query] = frozenset(orjson.loads(message))
        if reason or message is None:
            refused[query] = reason or "it was never asked; run `milepost sync`"
    return QueryResults(matches, refused)


def _set(place: ConnectorState, key: str, value: str) -> None:
    if (place.get(key) or "") != value:
        place.set(key, value)


def _place(query: Query) -> str:
    return f"matches:{_digest(query)}"


def _reason(query: Query) -> str:
    return f"refused:{_digest(query)}"


def _digest(query: Query) -> str:
    return hashlib.sha256(query.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
