"""Comments and labels on GitHub: every answer is checked before it is believed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from responses import matchers

from connectors.errors import AnswerLost, Missing, Refused
from connectors.models import IssueRef, LabelDefinition
from tests.conformance import posted_on
from tests.github_builders import BASE, hub, row

ISSUE = f"{BASE}/repos/acme/site/issues/7"
REF = IssueRef("hub", "3141592653", "acme/site#7")


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


# Comments


@pytest.mark.parametrize("answer", [{"body": "<html>"}, {"json": {}}, {"json": []}, {"json": {"id": None}}])
def test_a_success_without_a_comment_is_a_lost_answer(
    api: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    api.post(f"{ISSUE}/comments", status=201, **answer)
    with pytest.raises(AnswerLost):
        hub().writer.create_comment(REF, "x", "milepost:a")


def test_a_mark_that_the_body_lacks_is_added_out_of_sight(api: responses.RequestsMock) -> None:
    body = {"body": "Half done\n\n<!-- milepost:a -->"}
    api.post(f"{ISSUE}/comments", json={"id": 9}, match=[matchers.json_params_matcher(body)])
    assert hub().writer.create_comment(REF, "Half done", "milepost:a").body == body["body"]


def test_a_key_that_names_another_issue_now_has_nothing_posted(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(id=99))
    assert hub().reader.posted([REF]) == {}


def test_a_comment_of_a_deleted_account_is_not_ours(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(comments=1))
    api.get(
        f"{ISSUE}/comments", json=[{"id": 5, "body": "milepost:a", "user": None}, {"id": 6, "body": None}]
    )
    (comment,) = posted_on(hub().reader, REF).comments
    assert (comment.id, comment.mine) == ("5", False)


def test_a_token_that_may_not_ask_for_its_user_is_known_by_graphql(api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=row(comments=1))
    comment = {"id": 5, "body": "milepost:a", "user": {"login": "github-actions[bot]"}}
    api.get(f"{ISSUE}/comments", json=[comment])
    api.get(f"{BASE}/user", status=403, json={"message": "Resource not accessible by integration"})
    api.post(f"{BASE}/graphql", json={"data": {"viewer": {"login": "github-actions[bot]"}}})
    assert posted_on(hub().reader, REF).comments[0].mine


# Labels


def test_a_label_that_github_silently_drops_is_refused(api: responses.RequestsMock) -> None:
    api.post(f"{ISSUE}/labels", json=[{"name": "kept"}])
    with pytest.raises(Refused, match=r"did not add.*triage or write"):
        hub().writer.change_labels(REF, ["new"], [])


def test_a_label_that_stays_after_its_removal_is_refused(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/old", json=[{"name": "OLD"}])
    with pytest.raises(Refused, match="did not remove"):
        hub().writer.change_labels(REF, [], ["old"])


def test_the_case_of_labels_does_not_matter(api: responses.RequestsMock) -> None:
    api.post(f"{ISSUE}/labels", json=[{"name": "Blog"}])
    assert hub().writer.change_labels(REF, ["blog"], []) == ("Blog",)


def test_a_removed_label_goes_out_quoted(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/milestone%2Fa%20b%3F%23%C3%A9", json=[{"name": "bug"}])
    assert hub().writer.change_labels(REF, [], ["milestone/a b?#é"]) == ("bug",)


def test_an_answer_that_says_no_label_is_left_is_looked_at_twice(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/old", json=[])
    api.get(f"{ISSUE}/labels", json=[{"name": "old"}, {"name": "bug"}])
    with pytest.raises(Refused, match="did not remove"):
        hub().writer.change_labels(REF, [], ["old"])
    api.replace("GET", f"{ISSUE}/labels", json=[])
    assert hub().writer.change_labels(REF, [], ["old"]) == ()


@pytest.mark.parametrize("name", ["", " ", ".", ".."])
def test_a_label_whose_removal_would_clear_all_labels_is_never_sent(
    api: responses.RequestsMock, name: str
) -> None:
    writer = hub().writer
    definition = LabelDefinition(name, "ededed", "")
    attempts: list[Callable[[], object]] = [
        lambda: writer.change_labels(REF, [], [name]),
        lambda: writer.change_labels(REF, [name], []),
        lambda: writer.define_label("acme/site", definition),
        lambda: writer.remove_label_definition("acme/site", name),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="cannot be a label"):
            attempt()
    assert len(api.calls) == 0


def test_labels_of_an_issue_that_is_gone_are_missing(api: responses.RequestsMock) -> None:
    api.delete(f"{ISSUE}/labels/old", status=404, json={"message": "Not Found"})
    api.get(f"{ISSUE}/labels", status=404, json={"message": "Not Found"})
    with pytest.raises(Missing):
        hub().writer.change_labels(REF, [], ["old"])


def test_a_label_is_defined_or_its_definition_changed(api: responses.RequestsMock) -> None:
    url = f"{BASE}/repos/acme/site/labels"
    wanted = {"color": "0e8a16", "description": "On track "}
    exists = {"message": "Validation Failed", "errors": [{"code": "already_exists"}]}
    api.post(
        url, status=422, json=exists, match=[matchers.json_params_matcher({"name": "on/track", **wanted})]
    )
    api.patch(f"{url}/on%2Ftrack", json={"name": "on/track"}, match=[matchers.json_params_matcher(wanted)])
    definition = LabelDefinition("on/track", "#0E8A16", "On track 🎯")
    hub().writer.define_label("acme/site", definition)
    assert len(api.calls) == 2


def test_a_label_that_github_will_not_define_is_refused(api: responses.RequestsMock) -> None:
    errors = [{"resource": "Label", "code": "invalid", "field": "color"}]
    answer = {"message": "Validation Failed", "errors": errors}
    api.post(f"{BASE}/repos/acme/site/labels", status=422, json=answer)
    with pytest.raises(Refused, match="Validation Failed; color invalid"):
        hub().writer.define_label("acme/site", LabelDefinition("x", "zzz", ""))


def test_a_repository_that_moved_gets_its_labels_at_its_new_place(api: responses.RequestsMock) -> None:
    api.post(
        f"{BASE}/repos/acme/site/labels", status=307, headers={"Location": f"{BASE}/repositories/7/labels"}
    )
    api.get(f"{BASE}/repos/acme/site", status=301, headers={"Location": f"{BASE}/repositories/7"})
    api.get(f"{BASE}/repositories/7", json={"full_name": "acme/web"})
    api.post(f"{BASE}/repos/acme/web/labels", status=201, json={"name": "x"})
    hub().writer.define_label("acme/site", LabelDefinition("x", "ededed", ""))


@pytest.mark.parametrize("container", ["", "acme", "acme/..", "acme/site/../x"])
def test_no_path_is_made_of_what_is_no_repository(api: responses.RequestsMock, container: str) -> None:
    with pytest.raises(Missing):
        hub().reader.label_definitions(container)
    with pytest.raises(Missing):
        hub().writer.remove_label_definition(container, "x")
    with pytest.raises(Missing):
        hub().writer.create_comment(IssueRef("hub", "1", f"{container}#1"), "x", "milepost:a")
    assert len(api.calls) == 0
