"""Lists of comments with hidden ones, quiet writes, and servers that take no emoji."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.errors import Refused
from connectors.jira.settings import JiraSettings
from connectors.jira.tracker import JiraTracker
from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import MARK, body, posted_on, pull
from tests.test_connector_jira import JiraHarness


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraHarness]:
    site = JiraSite("jira", request.param)
    with SandboxServer(World.of(site)) as server:
        yield JiraHarness(server, site)


# Comments that the account may not see


@pytest.mark.parametrize("hidden", [{0, 1}, {0}, {1}, {1, 2, 3}, {2, 3, 4, 5}, {0, 1, 2, 3, 4}])
def test_comments_that_the_account_may_not_see_spoil_no_list(
    jira: JiraHarness, hidden: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.jira.comments._PAGE", 2)
    ref = jira.create("A")
    for number in range(7 if max(hidden) > 1 else 2):
        one = jira.site.comment(ref.id, f"foreign {number}", "ann")
        jira.site.hide_comment(one, hidden=number in hidden)
    tracker = jira.open()
    assert posted_on(tracker.reader, ref).comments == ()
    written = tracker.writer.create_comment(ref, body("Half done"), MARK)
    assert [one.id for one in posted_on(tracker.reader, ref).comments] == [written.id]


def test_an_empty_page_of_comments_is_asked_for_once_more_before_it_is_believed(jira: JiraHarness) -> None:
    ref = jira.create("A")
    tracker = jira.open()
    written = tracker.writer.create_comment(ref, body("Half done"), MARK)
    empty = {"startAt": 0, "maxResults": 100, "total": 1, "comments": []}
    jira.server.plan(Fault(kind=Status(200, body=empty), method="GET", path="/comment$"))
    assert [one.id for one in posted_on(tracker.reader, ref).comments] == [written.id]


# Watchers


def administers(jira: JiraHarness, granted: bool = True) -> None:
    """Let milepost's account administer the projects, or not."""
    bot = jira.site.bot
    rights = bot.permissions - {"ADMINISTER", "ADMINISTER_PROJECTS"}
    more = {"ADMINISTER_PROJECTS"} if granted else set()
    jira.site.accounts[bot.id] = replace(bot, permissions=rights | more)


def quiet(jira: JiraHarness, method: str = "PUT") -> list[bool]:
    """Whether each write asked for no mails."""
    return ["notifyUsers=false" in one.query for one in jira.server.log if one.method == method]


def test_labels_and_edits_of_comments_mail_nobody_unless_a_setting_says_so(jira: JiraHarness) -> None:
    administers(jira)
    ref = jira.create("A")
    for setting in (False, True):
        tracker = jira.open(notify_watchers=setting)
        jira.server.log.clear()
        tracker.writer.change_labels(ref, [f"l{setting}"], [])
        written = tracker.writer.create_comment(ref, body("Half done"), MARK)
        tracker.writer.edit_comment(ref, written, body("Done"), MARK)
        assert quiet(jira) == [not setting, not setting]
        assert quiet(jira, "POST").count(True) == 0


@pytest.mark.parametrize("status", [None, 400, 403])
def test_where_the_account_may_not_write_quietly_it_writes_once_without_and_remembers(
    jira: JiraHarness, status: int | None
) -> None:
    administers(jira, False)
    jira.site.quirks.quiet_refusal = status
    ref = jira.create("A")
    jira.server.log.clear()
    assert jira.open().writer.change_labels(ref, ["one"], []) == ("one",)
    assert quiet(jira) == [True, False]
    jira.server.log.clear()
    assert set(jira.open().writer.change_labels(ref, ["two"], [])) == {"one", "two"}
    assert quiet(jira) == [False]
    jira.server.world.clock.advance(86_500)
    jira.server.log.clear()
    jira.open().writer.change_labels(ref, ["three"], [])
    assert quiet(jira) == [True, False]


def test_a_refusal_that_has_nothing_to_do_with_mails_is_no_reason_to_write_again(jira: JiraHarness) -> None:
    administers(jira)
    ref = jira.create("A")
    jira.site.archive(ref.key)
    jira.server.log.clear()
    with pytest.raises(Refused):
        jira.open().writer.change_labels(ref, ["one"], [])
    assert quiet(jira) == [True]


# Characters


def test_a_comment_with_emoji_is_written_once_without_where_the_server_cannot_store_them(
    jira: JiraHarness,
) -> None:
    jira.site.quirks.bmp_only = True
    ref = jira.create("A")
    written = jira.open().writer.create_comment(ref, body("Launch 🚀 done ✓"), MARK)
    assert "Launch  done ✓" in written.body
    assert len(jira.comments(ref)) == 1
    jira.server.log.clear()
    edited = jira.open().writer.edit_comment(ref, written, body("Again 🚀"), MARK)
    assert "🚀" not in edited.body
    assert len([one for one in jira.server.log if one.method == "PUT"]) == 1


def test_a_failing_comment_without_emoji_is_tried_no_other_way(jira: JiraHarness) -> None:
    ref = jira.create("A")
    written = jira.open().writer.create_comment(ref, body("A"), MARK)
    jira.server.plan(Fault(kind=Status(500), method="PUT", path="/comment/", times=None))
    jira.server.log.clear()
    for text in ("plain", "rocket 🚀"):
        with pytest.raises(Exception, match="500"):
            jira.open().writer.edit_comment(ref, written, body(text), MARK)
    assert len([one for one in jira.server.log if one.method == "PUT"]) == 3
    jira.server.clear_faults()
    assert "🚀" in jira.open().writer.edit_comment(ref, written, body("rocket 🚀"), MARK).body


def test_whether_customers_see_a_comment_is_read_with_it(jira: JiraHarness) -> None:
    ref = jira.create("A")
    for internal in (False, True):
        tracker: JiraTracker = jira.open(internal_comments=internal)
        written = tracker.writer.create_comment(ref, body("A"), MARK)
        found = tracker.reader.comment(ref, written.id)
        assert found is not None
        assert found.internal is internal


# Credentials


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"token": "Bearer hush-hush-secret"}, "leave out .Bearer."),
        ({"token": "Basic hush-hush-secret"}, "leave out .Basic."),
        ({"token": '"hush-hush-secret"'}, "leave out the quotes"),
        ({"token": "hush-hush\nsecret"}, "a line end"),
        ({"token": "hush-hush\u200bsecret"}, "U\\+200B"),
        ({"token": "hush-hush secret"}, "a space"),
        ({"email": "b\u043et@acme.example"}, "U\\+043E"),
        ({"email": "'bot@acme.example'"}, "leave out the quotes"),
        ({"email": "bot"}, "an e-mail address"),
    ],
)
def test_a_credential_that_cannot_be_right_is_told_without_its_value(given: Any, said: str) -> None:
    usual = {"url": "https://acme.atlassian.net", "projects": ["BLOG"], "token": "hush-hush-secret"}
    with pytest.raises(ValidationError, match=said) as caught:
        JiraSettings.model_validate({**usual, **given})
    assert "hush" not in str(caught.value)


def test_line_ends_around_a_token_are_left_out() -> None:
    usual = {"url": "https://acme.atlassian.net", "projects": ["BLOG"], "email": " bot@acme.example\n"}
    settings = JiraSettings.model_validate({**usual, "token": "secret\r\n"})
    assert settings.token is not None
    assert settings.token.get_secret_value() == "secret"
    assert settings.email == "bot@acme.example"


# Pages that are too large


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize("bulk", [False, True])
def test_pages_shrink_where_the_server_says_that_they_are_too_large(
    jira: JiraHarness, status: int, bulk: bool
) -> None:
    refs = [jira.create(f"Task {number}") for number in range(23)]
    refusal = {"errorMessages": ["The response is too large, ask for fewer issues."]}
    path, large = ("/bulkfetch$", r'"issueIdsOrKeys":\[("\d+",){5,}') if bulk else ("/search", "")
    body_ = large or r'"maxResults":(\d{3,}|[1-9]\d|[6-9])\D'
    jira.server.plan(Fault(kind=Status(status, body=refusal), path=path, body=body_, times=None))
    tracker = jira.open()
    if bulk:
        assert len(tracker.reader.fetch([ref.id for ref in refs]).issues) == 23
        return
    assert len(pull(tracker)) == 23
    asked = len(jira.server.log)
    assert len(tracker.reader.matching("summary ~ Task")) == 23
    assert len(jira.server.log) - asked < 13  # what was refused is remembered for the run
