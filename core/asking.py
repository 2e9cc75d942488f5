"""The mapping's own queries, which only a server can answer; and what it answered last."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from connectors.contract import Reader, TrackerError
from core.faults import unexpected
from core.stop import Stop
from core.store.contract import Keeper
from mappings.rules.index import CompiledRules, Query


@dataclass(frozen=True, slots=True)
class Answers:
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

    def problems(self, compiled: CompiledRules) -> Mapping[str, str]:
        """By milestone or key result: why the server's answer that it rests on could not be had."""
        return {
            owner: f"the query {query.text!r} was not answered: {why}"
            for query, why in self.refused.items()
            for owner in compiled.query_owners[query]
        }


def ask(
    queries: Iterable[Query], readers: Mapping[str, Reader], down: Iterable[str], store: Keeper, stop: Stop
) -> Answers:
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
                said = orjson.dumps(sorted(matches[query])).decode()
                if place.get(_place(query)) != said:
                    place.set(_place(query), said)
                continue
            except TrackerError as error:
                refused[query] = str(error)
            except Exception as error:
                refused[query] = str(unexpected(query.tracker, error))
        last = place.get(_place(query))
        if last is not None:
            matches[query] = frozenset(orjson.loads(last))
    return Answers(matches, refused)


def remembered(queries: Iterable[Query], store: Keeper) -> Answers:
    """What the trackers answered when they were last asked."""
    matches: dict[Query, frozenset[str]] = {}
    refused: dict[Query, str] = {}
    for query in queries:
        said = store.memory(query.tracker).get(_place(query))
        if said is None:
            refused[query] = "it was never asked; run `milepost sync`"
        else:
            matches[query] = frozenset(orjson.loads(said))
    return Answers(matches, refused)


def _place(query: Query) -> str:
    return "matches:" + hashlib.sha256(query.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
