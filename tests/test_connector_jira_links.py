"""What Jira's links tell of what has to be done first, and odd ones among them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.blockers import parse_blockers
from connectors.models import StatusCategory
from tests.jira_answers import SITE

NAMES = {"is blocked by"}
KIND = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}


def other(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(10_000 + number), "key": f"OPS-{number}", "fields": fields}


def keys(links: object, names: set[str] = NAMES) -> list[str]:
    return [blocker.ref.key for blocker in parse_blockers(links, names, "work", SITE)]


def test_a_link_blocks_from_the_side_that_shows_its_name() -> None:
    status = {"name": "Doing", "statusCategory": {"key": "indeterminate"}}
    links = [
        {"type": KIND, "inwardIssue": other(12, summary="A firewall", status=status)},
        {"type": KIND, "outwardIssue": other(3, summary="Waits for this one")},
        {"type": {**KIND, "inward": "Is  blocked BY"}, "inwardIssue": other(2)},
    ]
    found = parse_blockers(links, NAMES, "work", SITE)
    assert [(one.ref.id, one.ref.key, one.title) for one in found] == [
        ("10002", "OPS-2", ""),
        ("10012", "OPS-12", "A firewall"),
    ]
    assert [one.category for one in found] == [StatusCategory.UNKNOWN, StatusCategory.IN_PROGRESS]
    assert found[1].url == f"{SITE}/browse/OPS-12"
    # A type whose blocked side is the outward one.
    depends = {"name": "Dependency", "inward": "is needed by", "outward": "depends on"}
    assert keys([{"type": depends, "outwardIssue": other(5)}], {"depends on"}) == ["OPS-5"]


def test_an_issue_that_is_linked_twice_blocks_once() -> None:
    link = {"type": KIND, "inwardIssue": other(4)}
    assert keys([link, link]) == ["OPS-4"]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        "OPS-1",
        [None],
        [{"type": None, "inwardIssue": other(1)}],
        [{"type": KIND}],
        [{"type": KIND, "inwardIssue": None}],
        [{"type": KIND, "inwardIssue": {**other(1), "id": 10_001}}],
        [{"type": KIND, "inwardIssue": {**other(1), "id": "²"}}],
        [{"type": KIND, "inwardIssue": {**other(1), "key": None}}],
    ],
)
def test_what_is_no_link_is_passed_over(odd: object) -> None:
    good = {"type": KIND, "inwardIssue": other(9)}
    assert keys([*odd, good] if isinstance(odd, list) else odd) == (
        ["OPS-9"] if isinstance(odd, list) else []
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "inward", "inwardIssue", "id", "key", "fields", "status", "summary"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_comes_makes_no_error(links: object) -> None:
    parse_blockers(links, NAMES, "work", SITE)
    parse_blockers([links, {"type": KIND, "inwardIssue": links}], NAMES, "work", SITE)
