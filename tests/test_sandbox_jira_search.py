"""How the sandbox's Jira pages, counts, fetches in bulk, and tells who may ask."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from connectors.sandbox.jira_truth.model import BOT_PERMISSIONS
from connectors.sandbox.jira_wire.about import cloud_id
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.tools.openapi import Watch, jira_contract, jira_path

Ask = Callable[..., requests.Response]
CLOUD_AUTH = ("milepost@sandbox.test", "sandbox")


def a_site(face: str, count: int = 0) -> JiraSite:
    site = JiraSite("jira", "cloud" if face == "cloud" else "datacenter")
    for number in range(1, count + 1):
        site.create_issue("BLOG", f"Post {number}", labels=["text"])
    return site


def asking(site: JiraSite, **how: Any) -> Iterator[Ask]:
    """Send one request; `version`, `auth` and `token` may be told apart from the bot's usual ones."""
    with SandboxServer(World.of(site)) as server, requests.Session() as client:
        watch = Watch(jira_contract(), jira_path) if site.face == "cloud" else None
        if watch:
            server.answers.append(watch)

        def ask(method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
            url = f"{server.url(site.name)}{params.pop('prefix', '/rest/api/2')}/{path}"
            auth, headers = params.pop("auth", CLOUD_AUTH if site.face == "cloud" else None), {}
            token = params.pop("token", None if auth else "sandbox")
            if token:
                headers["Authorization"] = f"Bearer {token}"
            return client.request(
                method, url, json=body, params=params, auth=auth, headers=headers, timeout=5, **how
            )

        yield ask
        if watch:
            assert watch.problems == []


@pytest.fixture
def site() -> JiraSite:
    return a_site("cloud", 130)


@pytest.fixture
def cloud(site: JiraSite) -> Iterator[Ask]:
    yield from asking(site)


@pytest.fixture
def server_site() -> JiraSite:
    return a_site("datacenter", 1005)


@pytest.fixture
def datacenter(server_site: JiraSite) -> Iterator[Ask]:
    yield from asking(server_site)


def complaint(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"errorMessages", "errors"}
    return answer.status_code, " ".join([*body["errorMessages"], *body["errors"].values()])


# Cloud's search


def test_cloud_gives_fifty_bare_ids_unless_asked_for_more(cloud: Ask) -> None:
    page = cloud("GET", "search/jql", jql="project = BLOG").json()
    assert len(page["issues"]) == 50
    assert set(page["issues"][0]) == {"id"}
    assert "total" not in page


def test_cloud_pages_end_without_a_token(cloud: Ask) -> None:
    body: dict[str, Any] = {"jql": "project = BLOG ORDER BY key", "fields": ["summary"], "maxResults": 1000}
    first = cloud("POST", "search/jql", body).json()
    assert len(first["issues"]) == 100
    assert first["isLast"] is False
    token = {"nextPageToken": first["nextPageToken"]}
    last = cloud("POST", "search/jql", body | token).json()
    assert [one["key"] for one in last["issues"]] == [f"BLOG-{number}" for number in range(101, 131)]
    assert last["isLast"] is True
    assert "nextPageToken" not in last
    assert cloud("POST", "search/jql", body | token).json() == last


def test_cloud_gives_long_pages_of_keys(cloud: Ask) -> None:
    page = cloud("GET", "search/jql", jql="project = BLOG", fields="id,key", maxResults=5000).json()
    assert len(page["issues"]) == 130
    assert set(page["issues"][0]) == {"id", "key", "self", "expand"}


def test_a_search_under_way_is_not_disturbed_by_changes(cloud: Ask, site: JiraSite) -> None:
    body: dict[str, Any] = {"jql": "labels = text ORDER BY updated ASC", "fields": ["key"], "maxResults": 65}
    first = cloud("POST", "search/jql", body).json()
    site.edit("BLOG-1", summary="Moved to the end")
    site.delete("BLOG-130")
    second = cloud("POST", "search/jql", body | {"nextPageToken": first["nextPageToken"]}).json()
    keys = [one["key"] for one in first["issues"] + second["issues"]]
    assert keys == [f"BLOG-{number}" for number in range(1, 130)]


def test_a_token_expires_and_belongs_to_one_query(cloud: Ask, site: JiraSite) -> None:
    token = cloud("GET", "search/jql", jql="project = BLOG").json()["nextPageToken"]
    other = cloud("GET", "search/jql", jql="labels = text", nextPageToken=token)
    assert complaint(other) == (400, "The nextPageToken belongs to another JQL query.")
    site.clock.advance(timedelta(days=7, seconds=1).total_seconds())
    for bad in (token, "nonsense", "é"):
        answer = cloud("GET", "search/jql", jql="project = BLOG", nextPageToken=bad)
        assert complaint(answer) == (400, "The provided nextPageToken is invalid or has expired.")


@pytest.mark.parametrize("jql", ["", "ORDER BY key"])
def test_cloud_demands_a_bounded_query(jql: str, cloud: Ask) -> None:
    for answer in (
        cloud("GET", "search/jql", jql=jql),
        cloud("POST", "search/jql", {"jql": jql}),
        cloud("POST", "search/approximate-count", {"jql": jql}),
    ):
        status, text = complaint(answer)
        assert status == 400
        assert "Unbounded JQL" in text


def test_cloud_returns_at_most_five_properties(cloud: Ask, site: JiraSite) -> None:
    site.set_property(site.issue("BLOG-7"), "milepost", {"v": 1})
    page = cloud("POST", "search/jql", {"jql": "key = BLOG-7", "properties": ["milepost", "none"]}).json()
    assert page["issues"][0]["properties"] == {"milepost": {"v": 1}}
    answer = cloud("POST", "search/jql", {"jql": "key = BLOG-7", "properties": list("abcdef")})
    assert complaint(answer)[0] == 400


def test_cloud_reconciles_at_most_fifty_issues(cloud: Ask) -> None:
    assert cloud("GET", "search/jql", jql="key = BLOG-1", reconcileIssues=[10002]).status_code == 200
    answer = cloud("POST", "search/jql", {"jql": "key = BLOG-1", "reconcileIssues": list(range(51))})
    assert complaint(answer)[0] == 400


def test_the_search_of_old_is_gone_from_cloud(cloud: Ask) -> None:
    for answer in (cloud("GET", "search", jql="project = BLOG"), cloud("POST", "search", {"jql": "x = y"})):
        status, text = complaint(answer)
        assert status == 410
        assert "migrate to the /rest/api/3/search/jql API" in text


def test_cloud_counts(cloud: Ask) -> None:
    answer = cloud("POST", "search/approximate-count", {"jql": "summary ~ '1*'"})
    assert answer.json() == {"count": 1 + 10 + 31}


def test_a_bulk_fetch_leaves_out_what_is_missing_and_follows_moves(cloud: Ask, site: JiraSite) -> None:
    site.move("BLOG-1", "WEB")
    site.hide("BLOG-2")
    wanted = {"issueIdsOrKeys": ["BLOG-1", "BLOG-2", "BLOG-3", "NOPE-1", "WEB-1"], "fields": ["summary"]}
    page = cloud("POST", "issue/bulkfetch", wanted).json()
    assert [(one["key"], one["fields"]) for one in page["issues"]] == [
        ("WEB-1", {"summary": "Post 1"}),
        ("BLOG-3", {"summary": "Post 3"}),
    ]


@pytest.mark.parametrize("ids", [[], [f"BLOG-{number}" for number in range(101)]])
def test_a_bulk_fetch_takes_one_to_a_hundred(ids: list[str], cloud: Ask) -> None:
    assert complaint(cloud("POST", "issue/bulkfetch", {"issueIdsOrKeys": ids}))[0] == 400


def test_fields_are_chosen_by_name_star_and_minus(cloud: Ask) -> None:
    def fields(asked: str) -> set[str]:
        return set(cloud("GET", "issue/BLOG-1", fields=asked).json().get("fields", {}))

    everything = fields("*all")
    assert {"summary", "comment", "customfield_10016", "parent"} <= everything
    assert fields("*navigable") == everything - {"comment"}
    assert fields("-comment,-status") == everything - {"comment", "status"}
    assert fields("summary,customfield_10016,nonsense") == {"summary", "customfield_10016"}
    assert fields("key") == everything


def test_version_three_speaks_documents_and_takes_none(cloud: Ask, site: JiraSite) -> None:
    site.comment("BLOG-1", "hello")
    page = cloud("GET", "issue/BLOG-1/comment", prefix="/rest/api/3").json()
    assert page["comments"][0]["body"]["content"][0]["content"] == [{"type": "text", "text": "hello"}]
    document = {"type": "doc", "version": 1, "content": []}
    answer = cloud("POST", "issue/BLOG-1/comment", {"body": document}, prefix="/rest/api/3")
    assert "/rest/api/2" in complaint(answer)[1]


# Data Center's search


def test_data_center_pages_by_offset_up_to_its_cap(datacenter: Ask) -> None:
    body = {"jql": "project = BLOG ORDER BY key", "maxResults": 5000, "fields": ["summary"]}
    page = datacenter("POST", "search", body).json()
    assert (page["startAt"], page["maxResults"], page["total"], len(page["issues"])) == (0, 1000, 1005, 1000)
    rest = datacenter("POST", "search", body | {"startAt": 1000}).json()
    assert [one["key"] for one in rest["issues"]] == [f"BLOG-{number}" for number in range(1001, 1006)]


def test_an_edit_during_a_scan_moves_rows_between_offsets(datacenter: Ask, server_site: JiraSite) -> None:
    query = {"jql": "project = BLOG ORDER BY updated ASC", "maxResults": 2, "fields": "summary"}
    first = datacenter("GET", "search", **query).json()["issues"]
    server_site.edit("BLOG-1", summary="Moved to the end")
    second = datacenter("GET", "search", **query, startAt=2).json()["issues"]
    assert [one["key"] for one in first + second] == ["BLOG-1", "BLOG-2", "BLOG-4", "BLOG-5"]


def test_data_center_needs_no_bounds_and_counts_with_an_empty_page(datacenter: Ask) -> None:
    page = datacenter("GET", "search", maxResults=0).json()
    assert (page["total"], page["issues"]) == (1005, [])


def test_data_center_may_be_told_to_go_on_without_unknown_values(datacenter: Ask) -> None:
    jql = "key in (BLOG-1, BLOG-9999)"
    assert complaint(datacenter("GET", "search", jql=jql))[0] == 400
    page = datacenter("GET", "search", jql=jql, validateQuery="false").json()
    assert page["total"] == 1
    assert page["warningMessages"] == ["An issue with key 'BLOG-9999' does not exist for field 'key'."]
    assert complaint(datacenter("GET", "search", jql="project =", validateQuery="false"))[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "search/jql"),
        ("POST", "search/approximate-count"),
        ("POST", "issue/bulkfetch"),
        ("POST", "comment/list"),
        ("GET", "project/search"),
    ],
)
def test_data_center_has_no_resources_of_cloud(method: str, path: str, datacenter: Ask) -> None:
    assert complaint(datacenter(method, path, {} if method == "POST" else None))[0] == 404


def test_data_center_has_no_version_three(datacenter: Ask) -> None:
    assert complaint(datacenter("GET", "myself", prefix="/rest/api/3"))[0] == 404
    assert datacenter("GET", "myself", prefix="/rest/api/latest").status_code == 200


# Who asks


def test_only_the_server_info_is_public(cloud: Ask) -> None:
    assert cloud("GET", "serverInfo", auth=None, token=None).status_code == 200
    assert complaint(cloud("GET", "myself", auth=None, token=None))[0] == 401


@pytest.mark.parametrize(
    "auth", [("milepost@sandbox.test", "wrong"), ("other@sandbox.test", "sandbox"), ("", "")]
)
def test_cloud_refuses_what_is_not_the_accounts_email_and_token(auth: tuple[str, str], cloud: Ask) -> None:
    for path in ("serverInfo", "myself", "issue/BLOG-1"):
        assert complaint(cloud("GET", path, auth=auth))[0] == 401


def test_a_bearer_token_works_on_data_center_and_through_clouds_gateway(
    cloud: Ask, datacenter: Ask, site: JiraSite
) -> None:
    assert datacenter("GET", "myself").json()["name"] == "milepost"
    assert complaint(datacenter("GET", "myself", token="wrong"))[0] == 401
    assert complaint(cloud("GET", "myself", auth=None, token="sandbox"))[0] == 401
    tenant = cloud("GET", "_edge/tenant_info", prefix="", auth=None, token=None).json()
    assert tenant == {"cloudId": cloud_id("jira")}
    gateway = f"/ex/jira/{tenant['cloudId']}/rest/api/2"
    me = cloud("GET", "myself", auth=None, token="sandbox", prefix=gateway).json()
    assert me["accountId"] == site.bot.id
    assert gateway in me["self"]
    base = cloud("GET", "serverInfo", auth=None, token="sandbox", prefix=gateway).json()["baseUrl"]
    assert base.endswith("/jira")
    assert complaint(cloud("GET", "myself", prefix="/ex/jira/other/rest/api/2"))[0] == 404


def test_a_scoped_token_works_through_the_gateway_only(cloud: Ask, site: JiraSite) -> None:
    site.scoped.add(site.bot.id)
    assert complaint(cloud("GET", "myself"))[0] == 401
    gateway = f"/ex/jira/{cloud_id('jira')}/rest/api/2"
    assert cloud("GET", "myself", prefix=gateway).status_code == 200


def test_a_site_may_treat_bad_credentials_as_a_reader_who_sees_nothing(cloud: Ask, site: JiraSite) -> None:
    site.anonymous = True
    bad = ("milepost@sandbox.test", "wrong")
    answer = cloud("GET", "search/jql", jql="labels = text", auth=bad)
    assert answer.json() == {"issues": [], "isLast": True}
    assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert complaint(cloud("GET", "issue/BLOG-1", auth=bad))[0] == 404
    assert complaint(cloud("GET", "myself", auth=bad))[0] == 401


def test_without_the_right_to_browse_there_are_no_projects_and_no_issues(cloud: Ask, site: JiraSite) -> None:
    site.add_account(replace(site.bot, permissions=BOT_PERMISSIONS - {"BROWSE_PROJECTS"}))
    assert cloud("GET", "project/search").json()["values"] == []
    assert complaint(cloud("GET", "search/jql", jql="project = BLOG"))[0] == 400
    assert cloud("POST", "issue/bulkfetch", {"issueIdsOrKeys": ["BLOG-1"]}).json()["issues"] == []
    assert complaint(cloud("GET", "issue/BLOG-1"))[0] == 404


def test_permissions_are_asked_for_by_name_on_cloud(cloud: Ask) -> None:
    assert complaint(cloud("GET", "mypermissions"))[0] == 400
    assert "NOPE" in complaint(cloud("GET", "mypermissions", permissions="NOPE"))[1]
    assert complaint(cloud("GET", "mypermissions", permissions="ADD_COMMENTS", projectKey="NOPE"))[0] == 404


def test_projects_are_listed_by_key(cloud: Ask, site: JiraSite) -> None:
    site.add_project("WEB")
    page = cloud("GET", "project/search", keys="WEB").json()
    assert [one["key"] for one in page["values"]] == ["WEB"]
    assert cloud("GET", "project/search", maxResults=1).json()["isLast"] is False


def test_every_answer_tells_of_rate_limits(cloud: Ask, datacenter: Ask) -> None:
    assert "X-RateLimit-NearLimit" in cloud("GET", "myself").headers
    assert "X-RateLimit-FillRate" in datacenter("GET", "myself").headers


def test_every_answer_tells_who_asked(cloud: Ask, datacenter: Ask, site: JiraSite) -> None:
    assert cloud("GET", "myself").headers["X-AACCOUNTID"] == site.bot.id
    assert datacenter("GET", "myself").headers["X-AUSERNAME"] == "milepost"
    assert datacenter("GET", "myself", token="wrong").headers["X-AUSERNAME"] == "anonymous"


def test_what_is_no_resource_is_refused_in_jiras_shape(datacenter: Ask) -> None:
    assert complaint(datacenter("GET", "nonsense"))[0] == 404
    assert complaint(datacenter("PUT", "myself", {}))[0] == 405


def test_a_body_must_be_json(site: JiraSite) -> None:
    with SandboxServer(World.of(site)) as server:
        url = f"{server.url('jira')}/rest/api/2/issue/BLOG-1/comment"
        text = requests.post(url, data="body=x", auth=CLOUD_AUTH, timeout=5)
        broken = requests.post(
            url, data="{", headers={"Content-Type": "application/json"}, auth=CLOUD_AUTH, timeout=5
        )
    assert (text.status_code, broken.status_code) == (415, 400)
