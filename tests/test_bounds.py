"""Odd values of headers, clocks and the store: none of them outlives the run that met it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import orjson
import pytest
from werkzeug import Request, Response

from connectors import bounds
from connectors.github.limits import WRITE_RATES as GITHUB_WRITES
from connectors.github.limits import RateLimits
from connectors.http.allowance import Allowance, as_text, from_text
from connectors.http.quota import QuotaBudget
from connectors.http.response import HttpResponse, answer_time, header_seconds
from connectors.http.write_rate import WriteRate, WriteRates
from connectors.interface import TrackerSettings
from connectors.jira.limits import pace, rate_limit
from connectors.redaction import RedactedState
from connectors.registry import Connector
from connectors.sandbox.faults import Fault, Replace
from core.store import open_store
from tests.runs import house

NOON = datetime(2027, 2, 15, 12, 0, tzinfo=UTC)
NOW = NOON.timestamp()
HOUR = 3_600.0
IMPOSSIBLE = [
    f"{NOW * 1000:.0f}",  # milliseconds
    f"{NOW + 100_000:.0f}",
    f"{NOW - 100_000:.0f}",
    "-1",
    "0",
    "9" * 15,
    "9" * 400,
    "1e400",
    "nan",
    "inf",
    "2027-02-15T12:10:00",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "soon",
    "",
    "\x00",
]


def answer(status: int = 200, **headers: str) -> HttpResponse:
    """One answer with these headers, `_` for `-`; its Date is noon unless given."""
    named = {"date": format_datetime(NOON, usegmt=True)}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, b"", "http://tracker.test/")


def counted(budget: QuotaBudget, now: float = NOW, **headers: str) -> QuotaBudget:
    """The budget after one answer with these headers of a quota."""
    quota = {
        "x_ratelimit_limit": "100",
        "x_ratelimit_remaining": "40",
        "x_ratelimit_reset": f"{NOW + 600:.0f}",
    }
    budget.note("core", answer(200, **{**quota, **headers}), now)
    return budget


@pytest.mark.parametrize("reset", IMPOSSIBLE)
def test_a_reset_that_no_quota_can_have_is_ignored(reset: str) -> None:
    budget = counted(QuotaBudget(0.01), x_ratelimit_reset=reset)
    assert budget.quota() is None
    assert budget.spent("core", NOW) is None
    assert budget.text() == "[]"


@pytest.mark.parametrize(
    ("limit", "remaining"),
    [("0", "0"), ("100", "101"), ("9" * 15, "1"), ("-5", "1"), ("many", "1"), ("100", "-1"), ("1e3", "1")],
)
def test_counts_that_no_quota_can_have_are_ignored(limit: str, remaining: str) -> None:
    budget = counted(QuotaBudget(0.5), x_ratelimit_limit=limit, x_ratelimit_remaining=remaining)
    assert budget.quota() is None


def test_a_reset_is_taken_as_epoch_seconds_or_as_a_time_with_its_zone() -> None:
    for reset in (f"{NOW + 600:.0f}", "2027-02-15T12:10:00Z", "2027-02-15T13:10+01:00"):
        quota = counted(QuotaBudget(0.5), x_ratelimit_reset=reset).quota()
        assert quota is not None
        assert quota.reset == NOW + 600


@pytest.mark.parametrize("reset", IMPOSSIBLE)
def test_nobody_waits_for_a_reset_that_cannot_be(reset: str) -> None:
    spent = answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    assert RateLimits()(spent, NOW) == 60.0, "as GitHub asks where it does not say how long"
    assert rate_limit(answer(429, x_ratelimit_reset=reset), NOW) is None
    assert pace(answer(200, x_ratelimit_remaining="0", x_ratelimit_reset=reset), NOW) is None


@pytest.mark.parametrize(
    "date",
    [
        "",
        "soon",
        "Mon, 99 Jan 2027 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 1900 00:00:00 GMT",
    ],
)
def test_a_date_that_no_server_can_have_counts_as_none(date: str) -> None:
    odd = answer(date=date)
    assert answer_time(odd) is None
    assert answer_time(odd) is None
    assert header_seconds(answer(429, date=date, retry_after="7"), NOW) == 7


def test_a_date_without_a_zone_is_that_of_greenwich() -> None:
    assert answer_time(answer(date="Mon, 15 Feb 2027 12:00:00 -0000")) == NOON


def allowance(**changes: object) -> bytes:
    """A remembered quota with some of its facts replaced."""
    sound = {"resource": "core", "limit": 100, "remaining": 40, "allowed": 50, "used": 50, "run": 3}
    return orjson.dumps([{**sound, "reset": NOW + 600, "put_off": "", **changes}])


def test_a_remembered_quota_that_is_sound_is_believed() -> None:
    (read,) = from_text(allowance().decode())
    assert read == Allowance("core", 100, 40, 50, 50, 3, NOW + 600, "")
    assert QuotaBudget(0.5, as_text([read])).spent("core", NOW) is not None


@pytest.mark.parametrize("odd", [None, -1, 0, 101, 10**18, 1.5, True, "60", [], {}, "\x00"])
@pytest.mark.parametrize(
    "name", ["resource", "limit", "remaining", "allowed", "used", "run", "reset", "put_off"]
)
def test_a_remembered_quota_that_is_impossible_begins_a_new_count(name: str, odd: object) -> None:
    for each in from_text(allowance(**{name: odd}).decode()):
        assert (each.resource, each.limit, each.allowed) == ("core", 100, 50) or isinstance(odd, int | str)
        assert isinstance(each.until, datetime)
        assert 1 <= each.allowed <= each.limit


@pytest.mark.parametrize("ahead", [2 * HOUR + 1, 1e9, 1e12, 1e17, 1e300])
def test_a_window_that_was_noted_by_a_clock_far_ahead_counts_as_none(ahead: float) -> None:
    remembered = allowance(reset=NOW + ahead).decode()
    budget = QuotaBudget(0.5, remembered)
    assert budget.spent("core", NOW) is None
    assert counted(budget).used() == 1
    assert all(each.over(NOON) for each in from_text(remembered))
    assert from_text(budget.text())[0].reset == NOW + 600, "the next answer heals it"


def test_writes_that_were_noted_by_a_clock_far_ahead_count_as_none() -> None:
    ahead = orjson.dumps([NOW + 10 * 365 * 86_400 + each for each in range(500)]).decode()
    rates = WriteRates(GITHUB_WRITES, 1.0, ahead)
    assert rates.wait("", NOW) == (0.0, None)
    assert rates.text(NOW) == ""


def test_writes_of_an_hour_that_the_clock_was_set_back_count_once_and_end() -> None:
    rates = WriteRates((WriteRate(3, HOUR),), 0.0)
    for each in range(3):
        rates.note("", NOW + 600 + each)
    left, _ = rates.wait("", NOW)
    assert left == pytest.approx(HOUR, abs=2)
    assert rates.wait("", NOW + HOUR + 2) == (0.0, None)


@pytest.mark.parametrize(
    "text", ["null", "7", '{"a": 1}', '["x", null, true, [1]]', "[1e308]", "nonsense", "[NaN]"]
)
def test_writes_that_cannot_be_read_count_as_none(text: str) -> None:
    assert WriteRates(GITHUB_WRITES, 1.0, text).wait("", NOW) == (0.0, None)


def test_numbers_times_and_titles_are_bounded_and_nothing_raises() -> None:
    assert [bounds.finite(each) for each in (1, 1.5, True, "1", None, math.inf, math.nan, 10**400)] == [
        1.0,
        1.5,
        *[None] * 6,
    ]
    assert [bounds.whole(each, 1, 9) for each in (1, 9, 0, 10, True, 1.0, "1", None)] == [1, 9, *[None] * 6]
    assert bounds.moment("9999-12-31T23:59:59-14:00") is None
    assert bounds.past(NOON + timedelta(minutes=9), NOON) == NOON + timedelta(minutes=9)
    assert bounds.past(NOON + timedelta(minutes=11), NOON) is None
    assert bounds.past(NOON.replace(tzinfo=None), NOON) is None
    assert len(bounds.title("x" * 10**6)) == bounds.LONGEST_TITLE


# Whole runs


def every_answer(change: Callable[[Response], None], site: str) -> Fault:
    """Let every answer of a site be changed."""

    def replace(_request: Request, response: Response) -> Response:
        change(response)
        return response

    return Fault(kind=Replace(replace), site=site, times=None)


@pytest.mark.parametrize("site", ["github", "jira"])
def test_one_run_of_resets_in_milliseconds_puts_nothing_off_in_that_run_or_later(
    site: str, tmp_path: Path
) -> None:
    with house(tmp_path) as here:
        here.settings[site] = {"api_share": 0.001}

        def change(response: Response) -> None:
            response.headers["X-RateLimit-Limit"] = "5000"
            response.headers["X-RateLimit-Remaining"] = "4000"
            response.headers["X-RateLimit-Reset"] = f"{here.now().timestamp() * 1000:.0f}"

        here.server.plan(every_answer(change, site))
        assert not here.sync().failed
        here.server.clear_faults()
        here.settings[site] = {}
        here.agreed()


def test_a_stored_reset_of_the_year_59095_is_healed_by_the_next_run(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        with open_store(here.database) as store:
            (core, *_) = from_text(store.memory("github").get("api.budget"))
            odd = orjson.dumps(
                [
                    {
                        "resource": core.resource,
                        "limit": 5_000,
                        "remaining": 0,
                        "allowed": 2_500,
                        "used": 5_000,
                        "run": 1,
                        "reset": core.reset * 1_000,
                        "put_off": "",
                    }
                ]
            ).decode()
            store.memory("github").set("api.budget", odd)
        here.github.close("acme/site#4")
        report = here.agreed()
        (now, *_) = report.allowances["github"]
        assert now.reset < here.now().timestamp() + 2 * HOUR


@pytest.mark.parametrize("years", [20, 1])
def test_a_run_by_a_clock_years_ahead_puts_nothing_off_afterwards(years: int, tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.ahead = timedelta(days=365 * years)
        here.github.close("acme/site#4")
        here.sync()
        here.ahead = timedelta(0)
        here.github.close("acme/site#5")
        report = here.sync()
        assert "put off" not in report.line
        assert not report.failed, report.conclusion.problems


TOKEN_LIKE = "ghp_" + "a1" * 12


def test_a_sub_issue_in_a_repository_named_like_a_token_has_no_effect(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        repo = f"acme/{TOKEN_LIKE}"
        here.github.create_repo(repo)
        here.github.create_issue(repo, "Ask the printers")
        here.github.add_sub_issue("acme/site#1", f"{repo}#1")
        report = here.agreed()
        assert {each.tracker for each in report.conclusion.pulls if not each.down} == {"jira", "github"}
        assert here.ours().keys() >= {"BLOG-1", "acme/site#1"}
        here.github.close(f"{repo}#1")
        before = here.ours()["acme/site#1"]
        here.agreed()
        assert here.ours()["acme/site#1"] != before, "it counts"


class DictMemory:
    """Facts of one connector in a dictionary."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.facts.get(key)

    def set(self, key: str, value: str) -> None:
        self.facts[key] = value


def test_a_fact_is_kept_without_the_configured_credential_and_with_what_only_looks_like_one() -> None:
    secret, kept = "s3cret-of-this-tracker", DictMemory()
    memory = RedactedState(kept, [secret, "short"])
    memory.set("names", f'["{TOKEN_LIKE}", "{secret}", "short"]')
    assert memory.get("names") == kept.facts["names"] == f'["{TOKEN_LIKE}", "…", "short"]'


def test_every_connector_gets_a_memory_into_which_its_credentials_do_not_come() -> None:
    class Settings(TrackerSettings):
        def secrets(self):  # type: ignore[no-untyped-def]
            return iter(["s3cret-of-this-tracker"])

    kept = DictMemory()
    found = Connector("own", Settings, "tests.test_bounds:keeps_its_secret")
    found.open("own", Settings(kind="own"), memory=kept, clock=lambda: NOON, notify=lambda _line: None)
    assert kept.facts == {"login": "as …"}


def keeps_its_secret(_name, settings, *, memory, **_others):  # type: ignore[no-untyped-def]
    """An opener that keeps what it should not."""
    memory.set("login", f"as {next(settings.secrets())}")
