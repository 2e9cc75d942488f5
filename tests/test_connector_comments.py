"""Lists of comments that change while they are read: ours is found, or nothing is believed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug import Request, Response

from connectors.errors import InvalidResponse, Unavailable
from connectors.models import IssueRef, PostedComment
from connectors.sandbox.faults import Fault, Hook, Replace
from tests.conformance import posted_on
from tests.runs import House, house

PAGE = 2
"""Comments on a page."""
MARK = "milepost:test:1:0123456789ab"
KEYS = {"jira": "BLOG-2", "github": "acme/site#2"}
TRACKERS = pytest.mark.parametrize("tracker", KEYS)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr("connectors.sandbox.github_wire.call.MAX_PER_PAGE", PAGE)
    monkeypatch.setattr("connectors.jira.comments._PAGE", PAGE)
    with house(tmp_path) as found:
        yield found


def said(here: House, tracker: str, text: str) -> None:
    """A person's comment."""
    if tracker == "jira":
        here.jira.comment(KEYS[tracker], text)
    else:
        here.github.comment(KEYS[tracker], text)


def removes_the_oldest(here: House, tracker: str) -> None:
    """A person takes the oldest comment away, unless it is ours."""
    if tracker == "jira":
        oldest = here.jira.comments(KEYS[tracker])[0]
        if MARK not in oldest.body:
            here.jira.delete_comment(oldest)
    else:
        first = here.github.comments(KEYS[tracker])[0]
        if MARK not in first.body:
            here.github.delete_comment(first.id)


def posted(here: House, tracker: str, *faults: Fault) -> list[PostedComment]:
    """What the connector finds of ours, while these faults strike."""
    site = here.jira if tracker == "jira" else here.github
    ref = IssueRef(tracker, str(site.issue(KEYS[tracker]).id), KEYS[tracker])
    for fault in faults:
        here.server.plan(fault)
    with here.job() as job:
        found = list(posted_on(job.trackers[tracker].reader, ref).comments)
    here.server.clear_faults()
    return found


def written(here: House, tracker: str, before: int, after: int) -> None:
    """Ours, with so many by a person before it and after it."""
    site = here.jira if tracker == "jira" else here.github
    ref = IssueRef(tracker, str(site.issue(KEYS[tracker]).id), KEYS[tracker])
    for number in range(before):
        said(here, tracker, f"before {number}")
    with here.job() as job:
        job.trackers[tracker].writer.create_comment(ref, f"ours {MARK}", MARK)
    for number in range(after):
        said(here, tracker, f"after {number}")


@TRACKERS
@pytest.mark.parametrize("before", range(7))
def test_ours_is_found_whatever_others_remove_while_the_pages_are_read(
    tracker: str, before: int, here: House
) -> None:
    written(here, tracker, before, 7 - before)
    for request in range(1, 7):
        for number in range(3):
            said(here, tracker, f"later {number}")
        away = Hook(lambda: removes_the_oldest(here, tracker))
        path = r"/comments?$"
        found = posted(here, tracker, Fault(kind=away, site=tracker, method="GET", path=path, nth=request))
        assert [MARK in each.body for each in found] == [True], request


@TRACKERS
def test_comments_that_keep_going_are_not_believed_for_ever(tracker: str, here: House) -> None:
    written(here, tracker, 60, 0)
    away = Hook(lambda: removes_the_oldest(here, tracker))
    path = r"/comments?$"
    fault = Fault(kind=away, site=tracker, method="GET", path=path, times=None)
    if tracker == "github":  # read backwards, what goes pulls nothing away
        assert [MARK in each.body for each in posted(here, tracker, fault)] == [True]
    else:
        with pytest.raises(Unavailable, match="changed while they were read, 5 times over"):
            posted(here, tracker, fault)


@pytest.mark.parametrize(
    ("link", "instead"),
    [('rel="prev"', 'rel="other"'), ("page=2", "page=9"), ("page=3", "page=2"), ("page=3", "page=x")],
)
def test_links_that_do_not_lead_back_to_the_first_page_are_not_believed(
    link: str, instead: str, here: House
) -> None:
    written(here, "github", 7, 0)

    def change(request: Request, response: Response) -> Response:
        if request.args.get("page", "1") != "1":
            response.headers["Link"] = response.headers["Link"].replace(link, instead)
        return response

    with pytest.raises(InvalidResponse, match="the pages do not lead back to the first"):
        posted(here, "github", Fault(kind=Replace(change), site="github", path="/comments$", times=None))


def _total(number: int) -> Replace:
    """The sandbox's list with another total."""

    def change(request: Request, response: Response) -> Response:
        response.set_data(re.sub(rb'"total": ?\d+', b'"total":%d' % number, response.get_data()))
        return response

    return Replace(change)


@pytest.mark.parametrize("total", [0, 1, 2, -1])
def test_ours_is_found_whatever_total_a_jira_that_counts_too_few_comments_tells(
    total: int, here: House
) -> None:
    for number in range(5):
        said(here, "jira", f"Comment {number}")
    here.jira.comment(KEYS["jira"], f"Ours {MARK}", author=here.jira.bot)
    fault = Fault(kind=_total(total), site="jira", method="GET", path="/comment$", times=None)
    assert [one.body for one in posted(here, "jira", fault)] == [f"Ours {MARK}"]


def test_a_total_that_no_issue_can_have_ends_after_some_pages_as_an_error_of_that_issue(here: House) -> None:
    said(here, "jira", "Comment")
    before = len(here.server.log)
    fault = Fault(kind=_total(10**9), site="jira", method="GET", path="/comment$", times=None)
    with pytest.raises(InvalidResponse, match="1000000000 comments are said to be there"):
        posted(here, "jira", fault)
    assert len(here.server.log) - before < 60
