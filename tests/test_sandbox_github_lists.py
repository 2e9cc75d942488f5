"""Lists and searches of the sandbox's GitHub: filters, orders, pages, cursors and their limits."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from github import GithubException

from connectors.sandbox.github_search import SearchError, parse_search
from tests.sandbox_github import Lab, follow, lab, numbers

SITE = "acme/site"
LIST = f"/repos/{SITE}/issues"


@pytest.fixture
def at() -> Iterator[Lab]:
    with lab() as made:
        yield made


def test_a_list_is_of_open_issues_newest_first_unless_told(at: Lab) -> None:
    for _ in range(4):
        at.site.create_issue(SITE, "x")
    at.site.close(f"{SITE}#2")
    assert numbers(at.get(LIST)) == [4, 3, 1]
    assert numbers(at.get(f"{LIST}?state=closed")) == [2]
    assert numbers(at.get(f"{LIST}?state=all&direction=asc")) == [1, 2, 3, 4]
    assert numbers(at.get(f"{LIST}?state=all&sort=updated")) == [2, 4, 3, 1]
    at.site.comment(f"{SITE}#3", "x")
    assert numbers(at.get(f"{LIST}?sort=comments"))[0] == 3


def test_since_is_inclusive_and_by_update(at: Lab) -> None:
    for _ in range(4):
        at.site.create_issue(SITE, "x")
    at.site.edit(f"{SITE}#2", title="y")
    moment = datetime.fromtimestamp(at.site.issue(f"{SITE}#4").updated_at, UTC)
    for sort in ("created", "updated"):
        found = at.client().get_repo(SITE).get_issues(state="all", since=moment, sort=sort, direction="asc")
        assert sorted(issue.number for issue in found) == [2, 4]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("labels=A", [1, 2]),
        ("labels=a,b", [2]),
        ("assignee=ana", [2]),
        ("assignee=none", [1, 3]),
        ("milestone=1", [3]),
        ("milestone=none", [1, 2]),
        ("milestone=*", [3]),
        ("type=bug", [1]),
        ("creator=octocat", [1, 2]),
    ],
)
def test_lists_are_filtered_as_github_does(at: Lab, query: str, found: list[int]) -> None:
    at.site.create_issue(SITE, "x", labels=["a"], type="Bug")
    at.site.create_issue(SITE, "x", labels=["b", "a"], assignees=["ana"])
    at.site.create_issue(SITE, "x", milestone="m", author="ana")
    assert numbers(at.get(f"{LIST}?direction=asc&{query}")) == found


def test_pages_link_to_each_other_with_the_site_s_own_address(at: Lab) -> None:
    for _ in range(7):
        at.site.create_issue(SITE, "x")
    middle = at.get(f"{LIST}?per_page=2&page=2&state=all")
    place = f"{at.url}/repositories/{at.site.repo(SITE).id}/issues?per_page=2&state=all&page="
    assert {rel: link["url"] for rel, link in middle.links.items()} == {
        "prev": f"{place}1",
        "next": f"{place}3",
        "last": f"{place}4",
        "first": f"{place}1",
    }
    pages = list(follow(at.get(f"{LIST}?per_page=3&state=all"), at))
    assert [numbers(page) for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]
    assert at.get(f"{LIST}?per_page=7").links == {}
    assert numbers(at.get(f"{LIST}?per_page=2&page=9")) == []


def test_a_page_holds_at_most_a_hundred(at: Lab) -> None:
    for _ in range(101):
        at.site.create_issue(SITE, "x")
    assert len(numbers(at.get(f"{LIST}?per_page=100"))) == 100
    assert len(list(at.client(per_page=100).get_repo(SITE).get_issues())) == 101
    assert at.client().get_repo(SITE).get_issues().totalCount == 101


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("extra", ["", "&labels=a"])
def test_a_large_repository_is_listed_by_cursor_both_ways(at: Lab, direction: str, extra: str) -> None:
    for _ in range(7):
        at.site.create_issue(SITE, "x", labels=["a"])
    at.site.repo(SITE).large = True
    at.server.answers.clear()  # the document has no cursors on this list
    expected = [1, 2, 3, 4, 5, 6, 7] if direction == "asc" else [7, 6, 5, 4, 3, 2, 1]
    path = f"{LIST}?state=all&sort=updated&per_page=3&direction={direction}{extra}"
    assert at.get(f"{path}&page=2").status_code == 422
    pages = list(follow(at.get(path), at))
    assert [number for page in pages for number in numbers(page)] == expected
    assert "last" not in pages[0].links
    back = at.get(pages[-1].links["prev"]["url"])
    assert numbers(back) == expected[3:6]
    found = at.client(per_page=3).get_repo(SITE).get_issues(state="all", sort="updated", direction=direction)
    assert [issue.number for issue in found] == expected


def test_a_cursor_loses_nothing_when_a_row_moves_to_the_end(at: Lab) -> None:
    for _ in range(4):
        at.site.create_issue(SITE, "x")
    at.site.repo(SITE).large = True
    at.server.answers.clear()
    first = at.get(f"{LIST}?state=all&sort=updated&direction=asc&per_page=2")
    at.site.edit(f"{SITE}#1", title="y")
    rest = [number for page in list(follow(first, at))[1:] for number in numbers(page)]
    assert rest == [3, 4, 1]


def test_an_organisation_s_issues_are_those_assigned_unless_all_are_asked_for(at: Lab) -> None:
    at.site.create_repo("acme/app")
    at.site.create_repo("acme/secret", role="none")
    for repo in (SITE, "acme/app", "acme/secret"):
        at.site.create_issue(repo, repo)
    at.site.create_issue(SITE, "mine", assignees=["milepost-bot"])
    assert [each["title"] for each in at.get("/orgs/acme/issues").json()] == ["mine"]
    found = at.get("/orgs/acme/issues?filter=all&state=all&sort=updated&direction=asc").json()
    assert [each["title"] for each in found] == [SITE, "acme/app", "mine"]
    assert found[1]["repository"]["full_name"] == "acme/app"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is:issue", [1, 2, 3]),
        ("is:pr", [4]),
        ("type:pr", [4]),
        ("is:open is:issue", [1, 3]),
        ("state:closed", [2]),
        ('reason:"not planned"', [2]),
        ("reason:completed", []),
        ("label:web", [1, 2]),
        ("label:web label:goal/one", [2]),
        ("label:nothing,goal/one", [2]),
        ("-label:web is:issue", [3]),
        ('milestone:"big launch"', [3]),
        ("assignee:ana", [3]),
        ("author:ben", [1]),
        ("type:bug", [3]),
        ("blog in:title", [1]),
        ('"the blog" in:body', [2]),
        ("blo", []),
        ("no:label is:issue", [3]),
        ("parent-issue:acme/site#1", [3]),
        ("updated:>=2026-03-03", [3]),
        ("created:<2026-03-03", [1, 2, 4]),
        ("created:2026-03-02", [1, 2, 4]),
        ("created:2026-03-03..2026-03-04T00:00:00Z", [3]),
        ("created:>2026-03-02T09:00:00Z is:pr", [4]),
        ("closed:*..2026-03-02", [2]),
    ],
)
def test_a_search_finds_what_its_qualifiers_say(at: Lab, query: str, found: list[int]) -> None:
    site = at.site
    site.create_issue(SITE, "Blog page", labels=["web"], author="ben")
    site.create_issue(SITE, "Other", body="for the blog", labels=["web", "goal/one"])
    site.close(f"{SITE}#2", "not_planned")
    site.clock.set(datetime(2026, 3, 3, 9, tzinfo=UTC))
    site.create_issue(SITE, "Third", type="Bug", milestone="Big launch", assignees=["ana"])
    site.clock.set(datetime(2026, 3, 2, 12, tzinfo=UTC))
    site.create_issue(SITE, "Fix", pull_request=True)
    site.issue(f"{SITE}#1").children.append(site.issue(f"{SITE}#3").id)
    site.issue(f"{SITE}#3").parent = site.issue(f"{SITE}#1").id
    results = at.client().search_issues(f"repo:{SITE} {query}", sort="created", order="asc")
    assert sorted(issue.number for issue in results) == found


@pytest.mark.parametrize(
    "query",
    [
        "involves:ana",
        "is:merged",
        "state:gone",
        "reason:tired",
        "no:idea",
        "updated:yesterday",
        "blog in:air",
        "a OR b",
        "(a b)",
        "sort:taste",
        "x" * 257,
        " ",
    ],
)
def test_what_a_search_does_not_know_is_refused_and_never_matched(at: Lab, query: str) -> None:
    with pytest.raises(SearchError):
        parse_search(query)
    with pytest.raises(GithubException) as refused:
        list(at.client().search_issues(query))
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["resource"] == "Search"


@pytest.mark.parametrize(
    "query", ["repo:acme/none is:issue", "repo:acme/secret is:issue", "org:nobody is:issue"]
)
def test_a_search_where_nothing_can_be_seen_is_refused(at: Lab, query: str) -> None:
    at.site.create_repo("acme/secret", role="none")
    with pytest.raises(GithubException, match="cannot be searched"):
        list(at.client().search_issues(query))


def test_a_search_of_an_organisation_leaves_out_what_cannot_be_seen(at: Lab) -> None:
    at.site.create_repo("acme/secret", role="none")
    at.site.create_issue("acme/secret", "x")
    at.site.create_issue(SITE, "x")
    found = at.client().search_issues("org:acme is:issue")
    assert [issue.repository.full_name for issue in found] == [SITE]


def test_a_search_gives_a_thousand_results_at_most_and_says_when_it_gave_up(at: Lab) -> None:
    at.server.answers.clear()  # a thousand answers need no document
    for _ in range(1_001):
        at.site.create_issue(SITE, "x")
    at.site.settings.search_incomplete = True
    pages = list(follow(at.get("/search/issues?q=is:issue&per_page=100"), at))
    assert len(pages) == 10
    assert pages[0].json()["total_count"] == 1_001
    assert pages[0].json()["incomplete_results"] is True
    beyond = at.get("/search/issues?q=is:issue&per_page=100&page=11")
    assert (beyond.status_code, beyond.json()["message"]) == (
        422,
        "Only the first 1000 search results are available",
    )
