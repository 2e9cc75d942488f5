"""Patterns of titles: Python's meaning, in linear time, or a refusal that says what to do."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mappings.rules.predicates import Candidate, Title
from mappings.title_patterns import (
    LONGEST,
    TitlePattern,
    TitleSet,
    UnsupportedPattern,
    encoded,
    title_pattern,
)
from tests.builders import an_issue

SIGNS = "aAbkKsSi19_- .[é\u00dc\u00fcßſK\u0130\u0131σς\u0663\u0301\u00b2中\U0001f600"
SIGNS += "\U00010400\U00010428\u2028\ufffd\ue000"
"""Letters in several cases and scripts, what folds to ASCII, digits, marks, signs, and what has no case."""


def meant(pattern: str, title: str) -> bool:
    return re.search(pattern, title, re.IGNORECASE) is not None


def holds(pattern: str, title: str) -> bool:
    return TitlePattern(pattern).matches(encoded(title))


titles = st.text(st.sampled_from(SIGNS), max_size=8)
literals = st.sampled_from(SIGNS).map(re.escape)
categories = st.sampled_from([r"\w", r"\W", r"\d", r"\D", r"\s", r"\S"])
ranges = st.sampled_from(
    ["a-k", "A-S", "0-5", "à-ÿ", "α-ω", "一-龥", "\U0001f000-\U0001ffff", "\ue000-\U00060000"]
)
classes = st.builds(
    lambda negated, parts: f"[{negated}{''.join(parts)}]",
    st.sampled_from(["", "^"]),
    st.lists(literals | categories | ranges, min_size=1, max_size=3),
)
atoms = literals | categories | classes | st.sampled_from([".", "^", "$", r"\b", r"\A", r"\Z"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3)
    return (
        several.map("".join)
        | several.map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.builds(
            lambda part, often: f"(?:{part}){often}",
            inner,
            st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{2,}"]),
        )
        | st.builds(lambda flags, part: f"(?{flags}:{part})", st.sampled_from(["-i", "i", "s", "m"]), inner)
        | inner.map(lambda part: f"({part})")
    )


patterns = st.recursive(atoms, larger, max_leaves=6)


@settings(max_examples=700)
@given(patterns, st.lists(titles, min_size=1, max_size=4))
@example(r"\bber", ["Über", "aber", "ber", "_ber"])
@example(r"_", ["é", "a_", "_é_", "中"])
def test_a_pattern_means_what_it_means_to_python(pattern: str, several: list[str]) -> None:
    try:
        ready = TitlePattern(pattern)
    except UnsupportedPattern as error:
        assume(False)
        raise AssertionError from error
    for title in several:
        assert ready.matches(encoded(title)) is meant(pattern, title), (pattern, title)


@settings(max_examples=200)
@given(st.lists(patterns, min_size=1, max_size=5), titles)
def test_a_set_says_of_each_pattern_what_it_says_alone(several: list[str], title: str) -> None:
    assert list(TitleSet(several).matching(title)) == sorted({each for each in several if meant(each, title)})


def test_no_character_but_four_equals_an_ascii_letter_without_regard_to_case() -> None:
    every = "".join(map(chr, (*range(128, 0xD800), *range(0xE000, 0x110000))))
    assert set(re.findall("[a-zA-Z]", every, re.IGNORECASE)) == set("\u0130\u0131\u017f\u212a")


def test_only_the_planes_of_scripts_have_letters_spaces_and_cases() -> None:
    high = "".join(map(chr, range(0x34000, 0x110000)))
    assert not re.search(r"[\w\s]", high)
    assert high.lower() == high.upper() == high


@pytest.mark.parametrize(
    "title", ["Über uns", "uns über", "ÜBER", "x über x", "über-uns", "【über】", "\U0001f600über\U0001f600"]
)
def test_a_word_ends_where_its_last_letter_does_whatever_the_script(title: str) -> None:
    assert holds(r"\büber\b", title)
    assert not holds(r"\bber\b", title)


@pytest.mark.parametrize("title", ["Über", "überx", "xüber", "über_", "über1", "überé", "中über"])
def test_a_letter_beside_it_is_no_end_of_a_word(title: str) -> None:
    assert holds(r"\büber\b", title) is (title == "Über")


def test_a_title_is_one_line() -> None:
    assert holds("^one two$", "one\ntwo")
    assert not holds("^two", "one\ntwo")


def test_a_title_may_hold_half_of_a_character() -> None:
    assert holds("blog", "blog \ud800")
    assert TitleSet(["blog", "x"]).matching("blog \ud800") == ["blog"]


@pytest.mark.parametrize(
    ("pattern", "said", "hint"),
    [
        ("(?=x)a", "looks ahead or behind", "none = […]"),
        ("(?!x)a", "looks ahead or behind", "none = […]"),
        ("(?<=x)a", "looks ahead or behind", "none = […]"),
        ("(?<!x)a", "looks ahead or behind", "none = […]"),
        (r"(a)\1", "refers to what a group matched", "Write it out"),
        ("(?P<x>a)(?P=x)", "refers to what a group matched", "Write it out"),
        ("(a)?(?(1)b|c)", "depends on whether a group matched", "Write both cases"),
        ("(?>a+)b", "atomic group", "(?:…)"),
        ("a++b", "possessive", "Leave out"),
        ("a{1,2}+b", "possessive", "Leave out"),
        ("(?!)", "looks ahead or behind", "none = […]"),
        (r"a\Bb", r"\B", r"\w"),
        (r"(?a:\bx)", r"\b under the flag a", "Leave out the flag"),
        ("a{1001}", "repeats too often", "1000"),
        ("(?:a{100}){100}", "repeats too often", "1000"),
        (r"(?:[é-ÿ\d]{30}|[α-ω\d]{31}){30}" * 6, "memory", "Repeat less"),
        ("a" * (LONGEST + 1), f"{LONGEST + 1} characters", f"at most {LONGEST}"),
        ("(" * 600 + "a" + ")" * 600, "", ""),
        ("(", "no regular expression", ""),
        (r"\p{L}", "no regular expression", ""),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_was_read_and_a_hint(
    pattern: str, said: str, hint: str
) -> None:
    with pytest.raises(UnsupportedPattern) as raised:
        title_pattern(pattern)
    assert said in str(raised.value)
    assert f"read {pattern[:20]!r}"[:-1] in str(raised.value)
    assert hint in raised.value.hint


@pytest.mark.parametrize("pattern", [r"^(\w+\s?)*$", r"(a|aa)+$", r"(.*)*x", r"(\w+\d*)+!"])
def test_a_title_takes_no_longer_than_its_length(pattern: str) -> None:
    """Python takes 2^n steps for these: this test would not end."""
    title = "a" * 1_000 + "?"
    assert not holds(pattern, title)
    assert TitleSet([pattern, "zz"]).matching(title) == []


def test_a_set_that_runs_out_of_memory_answers_pattern_by_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [rf"a.{{{number}}}b.{{{number}}}c" for number in range(20, 60)]
    title = "a" + "." * 30 + "b" + "." * 30 + "c"
    expected = [each for each in several if meant(each, title)]
    for memory in (1 << 10, 1 << 16, 1 << 18, 1 << 20):
        monkeypatch.setattr("mappings.title_patterns.SET_MEMORY", memory)
        assert TitleSet(several).matching(title) == expected


def test_a_clause_reads_titles_as_a_set_does() -> None:
    clause = Title.of(r"\bÜber_uns\b")
    assert clause.holds(Candidate(an_issue(title="die über_uns seite"), (), ()))
    assert not clause.holds(Candidate(an_issue(title="die über_unsere seite"), (), ()))
