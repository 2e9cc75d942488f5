"""What one Jira refused, remembered for a day so that it is not tried with every write."""

import re
from datetime import timedelta

import orjson

from connectors import bounds
from connectors.http.response import HttpResponse
from connectors.jira.client import JiraClient

NEEDS_MAIL = "jira.loud"
"""The account may not change an issue without a mail to its watchers."""
ONLY_BMP = "jira.plain"
"""The server does not store characters beyond the Basic Multilingual Plane (JRA-36135)."""
LONGEST = "jira.longest_comment"
"""The longest comment that the server takes, where that is less than Jira's default."""
DROPS_PROPERTIES = "jira.forgets_comment_properties"
"""The server takes a comment's properties and does not list them."""

_FRESH = timedelta(days=1)
_LARGEST = 10_000_000
"""Characters; no server is set to more."""
_DIGITS = re.compile(r"[0-9]{1,8}")
_GROUPED = re.compile(r"\d(?:[\d.,\u2019'\s]{0,10}\d)?")
"""A number of up to 12 signs, with or without marks between its thousands."""


class KnownRefusals:
    """Facts of a server or an account that are tried anew once a day."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client

    def has(self, fact: str) -> bool:
        """Whether this was seen within the last day."""
        now = self._client.now()
        when = bounds.past(bounds.moment(self._client.memory.get(fact)), now)
        return when is not None and now - when < _FRESH

    def longest(self) -> int | None:
        """The longest comment, in `characters`, as a refusal stated within the last day; None: none did."""
        limit, _, when = (self._client.memory.get(LONGEST) or "").partition(" ")
        seen, now = bounds.past(bounds.moment(when), self._client.now()), self._client.now()
        if seen is None or now - seen >= _FRESH or not _DIGITS.fullmatch(limit):
            return None
        return bounds.whole(int(limit), 1, _LARGEST)

    def note_longest(self, limit: int) -> None:
        """Remember that the server takes no longer comment, in `characters`."""
        self._client.memory.set(LONGEST, f"{limit} {self._client.now().isoformat()}")

    def note(self, fact: str) -> None:
        """Remember that it was seen now."""
        self._client.memory.set(fact, self._client.now().isoformat())


def stated_limit(answer: HttpResponse, text: str) -> int | None:
    """The longest text that a refusal names, in `characters`; None where it is about something else.

    "It exceeds the allowed limit of 32,767 characters" stands at the field `comment`, in the language of the
    account: so any number there counts that is smaller than the text, in whichever way it is grouped.
    """
    try:
        result = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    errors = result.get("errors") if isinstance(result, dict) else None
    message = errors.get("comment") if isinstance(errors, dict) else None
    if answer.status != 400 or not isinstance(message, str):
        return None
    numbers = [int("".join(filter(str.isdecimal, one))) for one in _GROUPED.findall(message)]
    return next((one for one in numbers if 0 < one < characters(text)), None)


def characters(text: str) -> int:
    """How long Jira takes a text to be: Java counts what is beyond the Basic Multilingual Plane twice."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)


def only_bmp(text: str) -> str:
    """The text without the characters that take four bytes in UTF-8, such as most emoji."""
    return "".join(character for character in text if ord(character) <= 0xFFFF)
