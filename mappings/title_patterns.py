"""Patterns of titles: written and meant as Python's `re` has them, run by RE2 in linear time.

Python reads the pattern, and what it read is written anew for RE2, piece by piece, with the same meaning:

| piece | for RE2 |
|---|---|
| a character, a class, `\\w \\d \\s .` | every character that Python takes for it, case included |
| `^ \\A`, `$ \\Z` | the beginning and the end of the title, which is one line: line ends count as spaces |
| `\\b` | RE2's own, which only knows ASCII: see `encoded` |
| `*? +? ?? {m,n}?` | the greedy form: whether anything is found is the same |
| `(?x)`, `(?#…)`, `(?i:…)`, `(?-i:…)`, named groups | gone, since Python has read them |

Refused, since they cannot be done in linear time or not with the same meaning: look-around, references to
groups, conditions on groups, atomic groups, possessive repetitions, `\\B`, `\\b` under `(?a)`, more than
1,000 repetitions, patterns above `LONGEST` characters, and what takes more than `MEMORY`.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

# Private, and the only way to learn how Python itself reads a pattern; the same in 3.11 to 3.13.
from re import _constants as sre
from re import _parser
from typing import Any, Final

import re2  # type: ignore[import-untyped]

LONGEST: Final = 1_000
"""Characters of one pattern."""
MEMORY: Final = 4 << 20
"""Bytes that one pattern may take, with what RE2 remembers while it matches."""
SET_MEMORY: Final = 64 << 20
"""The same for all patterns of an index together; beyond that they are tried one by one."""
MOST_REPEATED: Final = 1_000
"""RE2's own limit, also of repetitions inside repetitions."""

_BEYOND: Final = re.compile(r"[^\W0-9A-Za-z]")
"""Letters and digits that RE2's `\\b` takes for something else; and `_`, which marks them."""
_ANY_BEYOND: Final = "_._"
_START: Final = f"\\A(?:[^_]|{_ANY_BEYOND})*?"
"""Whole characters up to where the pattern begins to match."""
_ASCII: Final = tuple("".join(map(chr, codes)) for codes in (range(ord("_")), range(ord("_") + 1, 128)))
"""In two rows, since `_` stands between them."""
_FOLDED: Final = ("_", "\u0130", "\u0131", "\u017f", "\u212a")
"""`_`, and all that equals an ASCII letter without regard to case and is not ASCII."""
_LAST_SCRIPT: Final = 0x33FFF
"""Planes 0 to 3 have every letter, digit and space of Unicode; the others have none."""
_ELSEWHERE: Final = "\U00040000"
"""Stands for what is beyond those planes."""
_A_LETTER: Final = "\u4e00"
"""Stands for letters and digits that are not ASCII; those that differ from it are written out."""
_NOTHING: Final = r"[^\x{0}-\x{10ffff}]"


class UnsupportedPattern(ValueError):
    """A pattern that RE2 cannot run, or not with Python's meaning."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class TitlePattern:
    """One pattern, ready to be searched for."""

    def __init__(self, text: str) -> None:
        """Raises UnsupportedPattern."""
        self.text = text
        self.translated = translated(text)
        try:
            self._pattern = re2.compile(self.translated, _options(MEMORY))
        except re2.error as error:
            raise UnsupportedPattern(*_reason(error)) from None

    def matches(self, title: bytes) -> bool:
        """Whether the pattern is somewhere in a title that was `encoded`."""
        return self._pattern.search(title) is not None


@lru_cache(maxsize=4_096)
def title_pattern(text: str) -> TitlePattern:
    """The compiled form of a rule's `title`. Raises UnsupportedPattern, which says what was read."""
    try:
        return TitlePattern(text)
    except UnsupportedPattern as error:
        shown = text if len(text) <= 60 else f"{text[:59]}…"
        raise UnsupportedPattern(f"{error}, read {shown!r}", error.hint) from error


class TitleSet:
    """Many patterns searched for at once.

    Of 1,000 rules 20 with patterns make tagging 100,000 issues take four times as long where each pattern is
    searched for by itself (measured on 2026-11-30).
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Raises UnsupportedPattern."""
        self._patterns = [title_pattern(text) for text in sorted(set(texts))]
        self._set = self._combined() if len(self._patterns) > 1 else None

    def matching(self, title: str) -> Sequence[str]:
        """Those that are somewhere in the title."""
        text = encoded(title)
        # RE2 says of a set that ran out of memory that nothing matches; the last pattern of ours always does.
        hits = self._set.Match(text) if self._set is not None else None
        if hits is None:
            return [pattern.text for pattern in self._patterns if pattern.matches(text)]
        return [self._patterns[place].text for place in sorted(hits) if place < len(self._patterns)]

    def _combined(self) -> Any:
        several = re2.Set.SearchSet(_options(SET_MEMORY))
        try:
            for pattern in self._patterns:
                several.Add(pattern.translated)
            several.Add("")
            several.Compile()
        except re2.error:
            return None
        return several


def encoded(title: str) -> bytes:
    """A title as the translated patterns read it: one line, in UTF-8.

    Each `_`, and each letter or digit that is not ASCII, stands between two `_`: so both its ends are word
    characters for RE2's `\\b`, and where no such character stands, no `_` does.
    """
    text = title.replace("\n", " ")
    if not text.isascii() or "_" in text:
        text = _BEYOND.sub(r"_\g<0>_", text)
    return text.encode("utf-8", "replace")


def translated(pattern: str) -> str:
    """The pattern for RE2, to be run on titles that are `encoded`. Raises UnsupportedPattern."""
    if len(pattern) > LONGEST:
        raise UnsupportedPattern(
            f"a pattern of {len(pattern)} characters",
            f"Use at most {LONGEST}; several rules may share a milestone",
        )
    try:
        read = _parser.parse(pattern, re.IGNORECASE)
        return f"(?s){_START}(?:{_sequence(read, read.state.flags)})"
    except (re.error, OverflowError) as error:
        raise UnsupportedPattern(f"no regular expression: {error}") from error
    except RecursionError:
        raise UnsupportedPattern("groups too deep inside each other", "Use fewer of them") from None


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.never_capture = True
    options.log_errors = False
    return options


def _reason(error: Exception) -> tuple[str, str]:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    if "too large" in text or "too big" in text:
        return (
            f"takes more than {MEMORY >> 20} MiB of memory",
            "Repeat less, with * or + in place of numbers",
        )
    if "repetition" in text:
        return (
            "repeats too often",
            f"Repeat at most {MOST_REPEATED} times, repetitions inside others multiplied",
        )
    return f"RE2 cannot run it ({text[:80]})", "Write it more simply"


_REFUSED: Final = {
    sre.ASSERT: (
        "looks ahead or behind, which takes more than linear time",
        "Write what stands there as part of the pattern, or use all = […] and none = […] with several titles",
    ),
    sre.GROUPREF: ("refers to what a group matched, which takes more than linear time", "Write it out"),
    sre.GROUPREF_EXISTS: ("depends on whether a group matched", "Write both cases, with | between them"),
    sre.ATOMIC_GROUP: (
        "has an atomic group (?>…)",
        "Write (?:…): nothing has to be saved, since no time is lost",
    ),
    sre.POSSESSIVE_REPEAT: (
        "has a possessive repetition (*+, ++, ?+ or {…}+)",
        "Leave out its +: no time has to be saved",
    ),
}
_REFUSED[sre.ASSERT_NOT] = _REFUSED[sre.FAILURE] = _REFUSED[sre.ASSERT]  # FAILURE is an empty (?!)
_PLACES: Final = {
    sre.AT_BEGINNING: "\\A",
    sre.AT_BEGINNING_STRING: "\\A",
    sre.AT_END: "\\z",
    sre.AT_END_STRING: "\\z",
    sre.AT_BOUNDARY: "\\b",
}


def _sequence(pieces: Iterable[tuple[Any, Any]], flags: int) -> str:
    return "".join(_piece(kind, value, flags) for kind, value in pieces)


def _piece(kind: Any, value: Any, flags: int) -> str:
    if kind in _REFUSED:
        raise UnsupportedPattern(*_REFUSED[kind])
    if kind is sre.AT:
        return _place(value, flags)
    if kind is sre.SUBPATTERN:
        _, added, removed, inside = value
        return f"(?:{_sequence(inside, (flags | added) & ~removed)})"
    if kind is sre.BRANCH:
        return f"(?:{'|'.join(_sequence(item, flags) for item in value[1])})"
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inside = value
        return _repeated(least, most, inside, flags)
    if kind is sre.ANY:
        return f"(?:[^_]|{_ANY_BEYOND})"
    items = {sre.LITERAL: [(sre.LITERAL, value)], sre.NOT_LITERAL: [(sre.NEGATE, None), (sre.LITERAL, value)]}
    return _one_of(_class(items.get(kind, value)), flags & (re.IGNORECASE | re.ASCII))


def _place(place: Any, flags: int) -> str:
    if place is sre.AT_NON_BOUNDARY:
        raise UnsupportedPattern(
            "has \\B, whose meaning differs between versions of Python",
            "Write what stands there, such as \\w",
        )
    if place is sre.AT_BOUNDARY and flags & re.ASCII:
        raise UnsupportedPattern("has \\b under the flag a", "Leave out the flag")
    return _PLACES[place]


def _repeated(least: int, most: int, inside: Any, flags: int) -> str:
    unbounded = most is sre.MAXREPEAT
    if max(least, 0 if unbounded else most) > MOST_REPEATED:
        raise UnsupportedPattern(*_reason(ValueError("repetition")))
    often = {(0, True): "*", (1, True): "+"}.get((least, unbounded))
    often = often or (f"{{{least},}}" if unbounded else f"{{{least},{most}}}")
    return f"(?:{_sequence(inside, flags)}){often}"


_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _class(items: Iterable[tuple[Any, Any]]) -> str:
    """The items of a class as Python reads them in brackets."""
    text = ""
    for kind, value in items:
        if kind is sre.NEGATE:
            text += "^"
        elif kind is sre.CATEGORY:
            text += _CATEGORIES[value]
        else:
            text += "-".join(map(_escaped, value if kind is sre.RANGE else (value,)))
    return f"[{text}]"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


@lru_cache(maxsize=4_096)
def _one_of(text: str, flags: int) -> str:
    """One character of a class, for RE2; Python itself decides which characters belong to it."""
    one = _Class(text, flags)
    codes = {int(code, 16) for code in re.findall(r"\\U([0-9a-f]{8})", text)}
    categories = re.search(r"\\[dDsSwW]", text) is not None
    negated = text.startswith("[^")
    if not categories and all(code < 128 for code in codes):  # all else is in it or not as a whole
        return _unit(one, (), _FOLDED, negated, negated)
    if not categories and len(codes) == 1 and _caseless(char := chr(*codes)):
        beyond = _BEYOND.match(char) is not None
        return _unit(one, () if beyond else (char,), (char,) if beyond else (), negated, negated)
    plain, beyond_ascii = _characters()
    # Above them nothing has a case or a category: only what the class names can make a difference.
    high = {code + near for code in codes if code > _LAST_SCRIPT for near in (-1, 0, 1)}
    plain += "".join(map(chr, sorted(high - {sys.maxunicode + 1})))
    return _unit(one, (plain,), (beyond_ascii,), one.has(_ELSEWHERE), one.has(_A_LETTER))


class _Class:
    """A class of characters as Python reads it."""

    def __init__(self, text: str, flags: int) -> None:
        opposite = f"[{text[2:]}" if text.startswith("[^") else f"[^{text[1:]}"
        self._rows = {True: re.compile(f"{text}+", flags), False: re.compile(f"{opposite}+", flags)}

    def has(self, character: str) -> bool:
        return self._rows[True].match(character) is not None

    def rows(self, texts: Iterable[str], belonging: bool) -> Iterator[tuple[int, int]]:
        """First and last of each row of characters that belong to the class, or that do not.

        What is missing between two characters of one of the `texts` is taken along, and so must not matter.
        """
        for text in texts:
            for row in self._rows[belonging].finditer(text):
                yield ord(text[row.start()]), ord(text[row.end() - 1])


def _unit(
    one: _Class, plain: Iterable[str], beyond: Iterable[str], rest_plain: bool, rest_beyond: bool
) -> str:
    """What the class has of ASCII, `plain` and `beyond`, and all others where the `rest` belongs to it."""
    single = list(one.rows(_ASCII, True))
    others = one.rows(plain, not rest_plain)
    single += _between(others) if rest_plain else others
    marked = list(one.rows(beyond, not rest_beyond))
    alternatives = [_brackets(single)] if single else []
    if rest_beyond:
        alternatives.append(f"_{_brackets(marked, '^') if marked else '.'}_")
    elif marked:
        alternatives.append(f"_{_brackets(marked)}_")
    return f"(?:{'|'.join(alternatives)})" if alternatives else _NOTHING


def _between(rows: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """All that is not ASCII but these."""
    begin = 128
    for first, last in rows:
        if begin < first:
            yield begin, first - 1
        begin = last + 1
    if begin <= sys.maxunicode:
        yield begin, sys.maxunicode


def _brackets(rows: Iterable[tuple[int, int]], negation: str = "") -> str:
    ranges = "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in rows)
    return f"[{negation}{ranges}]"


def _caseless(character: str) -> bool:
    return character.lower() == character.upper() == character.casefold() == character


@cache
def _characters() -> tuple[str, str]:
    """All beyond ASCII that may have a case or a category: what stands plain in `encoded`, and what not."""
    every = "".join(map(chr, (*range(128, 0xD800), *range(0xE000, _LAST_SCRIPT + 1))))
    return _BEYOND.sub("", every), "_" + "".join(_BEYOND.findall(every))
