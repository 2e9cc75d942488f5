"""JQL made of the user's conditions, each whole in its parentheses."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from connectors.errors import BadConfiguration
from connectors.jira.client import JiraClient
from connectors.jira.settings import JiraSettings

NOTHING = 'created < "1970-01-02"'
"""A condition that Jira takes and no issue meets."""


def scope(settings: JiraSettings) -> str:
    """What the tracker's configuration asks for. Raises ValueError for a `jql` that is not whole."""
    parts = []
    if settings.projects:
        parts.append(f"project in ({listed(settings.projects)})")
    if settings.jql:
        parts.append(condition(settings.jql))
    if not any(parts):
        raise ValueError("the JQL has no condition, only an order")
    return both(*parts)


def scope_of(client: JiraClient) -> str:
    """The scope of an opened tracker. Raises BadConfiguration for a `jql` that is not whole."""
    try:
        return scope(client.settings)
    except ValueError as problem:
        raise BadConfiguration(client.name, "jql", str(problem), "Mend this tracker's jql") from problem


def condition_of(client: JiraClient, query: str) -> str:
    """A rule's query. Raises BadConfiguration if it is not whole."""
    try:
        return condition(query)
    except ValueError as problem:
        raise BadConfiguration(client.name, query[:200], str(problem), "Mend this query") from problem


def both(*conditions: str) -> str:
    """All of these conditions; empty ones ask for nothing."""
    requested = [text for text in conditions if text]
    return requested[0] if len(requested) == 1 else " AND ".join(f"({text})" for text in requested)


def listed(values: Iterable[str]) -> str:
    """Values for `in (…)`, each quoted."""
    return ", ".join(quoted(value) for value in values)


def quoted(value: str) -> str:
    """A value as a JQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def field(field_id: str) -> str:
    """A field's name in JQL that no translation or double name can mislead."""
    number = field_id.removeprefix("customfield_")
    return f"cf[{number}]" if number != field_id and number.isdigit() else quoted(field_id)


def changed(minutes: int) -> str:
    """Changed in the last minutes: relative, because a literal time is read in the account's time zone."""
    return f"updated >= -{minutes}m"


def condition(jql: str) -> str:
    """A user's JQL without its ORDER BY, which has no meaning for a set and cannot stand in parentheses.

    Raises ValueError for parentheses or quotes that do not close, which would reach beyond its own part.
    """
    words = _bare_words(jql)
    for (first, start), (second, _) in pairwise(words):
        if first == "order" and second == "by":
            return jql[:start].strip()
    return jql.strip()


def _bare_words(jql: str) -> Sequence[tuple[str, int]]:
    """The lower-case words outside of quotes and parentheses, with where they begin."""
    words: list[tuple[str, int]] = []
    quote, depth, start = "", 0, None
    skip = False
    for place, character in enumerate(jql + " "):
        bare = not quote and (character.isalnum() or character == "_")
        if bare and start is None:
            start = place
        if not bare and start is not None:
            if depth == 0:
                words.append((jql[start:place].lower(), start))
            start = None
        quote, skip = _quote_after(quote, skip, character)
        if not quote:
            depth += (character == "(") - (character == ")")
        if depth < 0:
            raise ValueError("a closing parenthesis too many in the JQL")
    if quote:
        raise ValueError("a quote in the JQL is not closed")
    if depth:
        raise ValueError("a parenthesis in the JQL is not closed")
    return words


def _quote_after(quote: str, skip: bool, character: str) -> tuple[str, bool]:
    """The quote that is open after this character, and whether the next one is escaped."""
    if skip:
        return quote, False
    if character == "\\":
        return quote, True
    if quote:
        return ("" if character == quote else quote), False
    return (character if character in "\"'" else ""), False
