"""Runs the mapping's queries (JQL, GitHub search) on their servers, and stores the last answers."""

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
    """The answers to queries: the latest there are, and which queries were not answered now."""

    matches: Mapping[Query, frozenset[str]] = field(default_factory=dict)
    """By query: the ids of the issues that match."""
    refused: Mapping[Query, str] = field(default_factory=dict)
    """By query that was not answered: the reason."""

    def naming(self, tracker: str, id_: str | None) -> frozenset[Query] | None:
        """Return the queries that match this issue; None without an id, since it may match any."""
        if id_ is None:
            return None
        return frozenset(
            query for query, ids in self.matches.items() if query.tracker == tracker and id_ in ids
        )

    def problems(self, compiled: RuleSet) -> Mapping[str, str]:
        """Return by milestone or key result why a query that it rests on was not answered."""
        return {
            owner: f"the query {query.text!r} was not answered: {why}"
            for query, why in self.refused.items()
            for owner in compiled.query_owners[query]
        }


def run_queries(
    queries: Iterable[Query], readers: Mapping[str, Reader], down: Iterable[str], store: RunStore, stop: Stop
) -> QueryResults:
    """Run each query on its server, and store the answers. Raises Stopped.

    A tracker that is down is not asked, since what rests on it cannot be measured anyway. A query that is not
    answered keeps its last answer, so that no label is removed only because a server did not answer.
    """
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    trackers_down = set(down)
    for query in queries:
        memory = store.memory(query.tracker)
        if query.tracker not in trackers_down and query.tracker in readers:
            try:
                with stop.reading():
                    matches[query] = readers[query.tracker].matching(query.text)
                _set(memory, _matches_key(query), orjson.dumps(sorted(matches[query])).decode())
                _set(memory, _refused_key(query), "")
                continue
            except TrackerError as error:
                refused[query] = str(error)
            except Exception as error:
                refused[query] = str(unexpected(query.tracker, error))
            _set(memory, _refused_key(query), refused[query])
        last = memory.get(_matches_key(query))
        if last is not None:
            matches[query] = frozenset(orjson.loads(last))
    return QueryResults(matches, refused)


def cached_results(queries: Iterable[Query], store: RunStore) -> QueryResults:
    """Return the stored answers, without asking a tracker."""
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    for query in queries:
        memory = store.memory(query.tracker)
        ids, reason = memory.get(_matches_key(query)), memory.get(_refused_key(query))
        if ids is not None:
            matches[query] = frozenset(orjson.loads(ids))
        if reason or ids is None:
            refused[query] = reason or "it was never asked; run `milepost sync`"
    return QueryResults(matches, refused)


def _set(memory: ConnectorState, key: str, value: str) -> None:
    if (memory.get(key) or "") != value:
        memory.set(key, value)


def _matches_key(query: Query) -> str:
    return f"matches:{_digest(query)}"


def _refused_key(query: Query) -> str:
    return f"refused:{_digest(query)}"


def _digest(query: Query) -> str:
    return hashlib.sha256(query.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
