"""Writes keep to the vendors' published rates, over runs and restarts, on a clock that only waiting moves."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import QuotaExhausted, Unavailable
from connectors.github.limits import WRITE_RATES as GITHUB_WRITES
from connectors.github.settings import GitHubSettings
from connectors.github.tracker import GitHubTracker, open_tracker
from connectors.http.response import HttpResponse
from connectors.http.retry_policy import RetryPolicy
from connectors.http.transport import STOP, Transport
from connectors.http.write_rate import (
    WriteRate,
    WriteRates,
    keep,
    kept,
    writing_seconds,
)
from connectors.jira.limits import WRITE_RATES as JIRA_WRITES
from connectors.models import IssueRef
from connectors.sandbox.github_world import TOKEN, GitHubSite
from connectors.sandbox.seed import world_for
from connectors.sandbox.server import SandboxServer
from tests.conformance import DictMemory

START = 1_772_445_600.0
QUARTER = 900.0
EPICS = 2_000


class Vendor:
    """A tracker that notes when each write arrives, which is a while after it left."""

    def __init__(self, seed: int = 1) -> None:
        self.time = START
        self.arrived: list[float] = []
        self.slept: list[float] = []
        self.reason: list[str] = []
        self._random = random.Random(seed)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def take(self) -> HttpResponse:
        self.time += self._random.uniform(0.01, 0.4)
        self.arrived.append(self.time)
        self.time += self._random.uniform(0.01, 0.4)
        return HttpResponse(201, {}, b"{}", "http://x/")

    def transport(self, rates: WriteRates, spacing: float = 1.0, max_wait: float = 300.0) -> Transport:
        return Transport(
            "github",
            RetryPolicy(write_spacing=spacing, max_wait=max_wait),
            clock=lambda: self.time,
            sleep=self.sleep,
            notify=self.reason.append,
            rates=rates,
        )


def most(times: list[float], seconds: float) -> int:
    """The most arrivals in any window of this length."""
    best, first = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        best = max(best, last - first + 1)
    return best


def run(vendor: Vendor, memory: DictMemory, epics: list[int], **more: float) -> tuple[list[int], str]:
    """One run that comments on these epics; those that are left, and why."""
    transport = vendor.transport(WriteRates(GITHUB_WRITES, 1.0, kept(memory)), **more)
    why = ""
    while epics:
        try:
            transport.write(f"POST /issues/{epics[0]}/comments", vendor.take, repeatable=False)
        except QuotaExhausted as error:
            why = str(error)
            break
        epics = epics[1:]
    keep(memory, transport.rates.text(vendor.time))
    return epics, why


def test_publishing_to_two_thousand_epics_keeps_github_s_limits_and_goes_on_run_by_run() -> None:
    vendor, memory = Vendor(), DictMemory()
    told = WriteRates(GITHUB_WRITES, 1.0).forecast(EPICS, START)
    left, runs, reasons = list(range(EPICS)), 0, []
    while left:
        before = len(left)
        left, why = run(vendor, memory, left)
        reasons += [why] if why else []
        runs += 1
        if before == len(left):
            assert "put off" in why
        if left:
            vendor.time = START + QUARTER * ((vendor.time - START) // QUARTER + 1)
    assert len(vendor.arrived) == EPICS
    assert most(vendor.arrived, 3600) <= 500
    assert most(vendor.arrived, 60) <= 80
    assert min(later - one for one, later in zip(vendor.arrived, vendor.arrived[1:], strict=False)) >= 1
    assert all("500 writes an hour is reached until" in each for each in reasons)
    assert runs > 3
    assert max(vendor.slept) <= 300, "a run waits no longer than it may"
    took = vendor.arrived[-1] - START
    assert 3 * 3600 < told < 4 * 3600
    assert told == pytest.approx(took, rel=0.15)


def test_with_patience_one_run_writes_everything_at_the_same_rates() -> None:
    vendor, memory = Vendor(2), DictMemory()
    left, why = run(vendor, memory, list(range(1_200)), max_wait=3_600.0)
    assert (left, why) == ([], "")
    assert most(vendor.arrived, 3600) <= 500
    assert any("limit of 500 writes an hour, waiting" in each for each in vendor.reason)


def test_no_minute_has_more_than_eighty_writes_however_small_the_spacing() -> None:
    vendor = Vendor(3)
    transport = vendor.transport(WriteRates(GITHUB_WRITES, 0.01), spacing=0.01)
    for _ in range(400):
        transport.write("POST /x", vendor.take, repeatable=False)
    assert most(vendor.arrived, 60) <= 80


@pytest.mark.parametrize("seed", range(3))
def test_no_issue_of_jira_has_more_writes_than_it_takes(seed: int) -> None:
    vendor = Vendor(seed)
    transport = vendor.transport(WriteRates(JIRA_WRITES, 0.001), spacing=0.001)

    def at_once() -> HttpResponse:
        vendor.time += 0.001
        vendor.arrived.append(vendor.time)
        return HttpResponse(204, {}, b"", "http://x/")

    for _ in range(250):
        transport.write("PUT /x", at_once, repeatable=True, subject="issue/10001")
    assert most(vendor.arrived, 2) <= 20
    assert most(vendor.arrived, 30) <= 100
    before = vendor.time
    transport.write("PUT /x", at_once, repeatable=True, subject="issue/10002")
    assert vendor.time - before < 0.01, "another issue does not wait"


def test_a_wait_for_a_rate_ends_at_once_when_someone_asks_to_stop() -> None:
    vendor = Vendor()
    transport = vendor.transport(WriteRates([WriteRate(1, 60.0)]), spacing=0)
    transport.write("POST /x", vendor.take, repeatable=False)
    STOP.set()
    try:
        with pytest.raises(Unavailable, match="stopped while waiting"):
            transport.write("POST /x", vendor.take, repeatable=False)
    finally:
        STOP.clear()
    assert len(vendor.arrived) == 1


def test_a_clock_set_back_costs_one_window_at_most() -> None:
    rates = WriteRates([WriteRate(1, 60.0)])
    rates.note("", START)
    left, _ = rates.wait("", START - 86_400)
    assert left <= 61


@pytest.mark.parametrize("known", ["", "[", "{}", '["a"]', "null", "[[1]]", "[1, null]"])
def test_what_is_remembered_and_cannot_be_read_begins_a_new_count(known: str) -> None:
    assert WriteRates(GITHUB_WRITES, 1.0, known).wait("", START) == (0.0, None)


def test_what_was_written_before_counts_in_the_forecast() -> None:
    rates = WriteRates(GITHUB_WRITES, 1.0)
    for number in range(500):
        rates.note("", START + number)
    assert rates.forecast(1, START + 500) == pytest.approx(3_600 - 500, abs=5)
    assert WriteRates(GITHUB_WRITES, 1.0).forecast(10, START) == pytest.approx(10)
    assert WriteRates().forecast(10_000, START) == 0
    assert writing_seconds(object(), 100) == 0


class Hub:
    """A real connector on a built-in GitHub, on a clock that its waits move."""

    def __init__(self, server: SandboxServer) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.memory = DictMemory()
        self.settings = GitHubSettings.model_validate(
            {"url": server.url("github"), "repositories": ["acme/site"], "token": TOKEN}
        )

    def opened(self) -> GitHubTracker:
        """As the next run opens it."""
        return open_tracker(
            "hub",
            self.settings,
            memory=self.memory,
            clock=lambda: self.now,
            notify=lambda _line: None,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize("killed", [False, True])
def test_what_the_real_connector_puts_off_the_next_run_writes_and_not_before_its_time(killed: bool) -> None:
    world = world_for({"github": ("github", "")})
    site = world.sites["github"]
    assert isinstance(site, GitHubSite)
    ref = IssueRef("hub", str(site.issue("acme/site#1").id), "acme/site#1")
    before = len(site.comments("acme/site#1"))
    with SandboxServer(world) as server:
        here = Hub(server)
        first = here.opened()
        assert writing_seconds(first, 2_000) > 3 * 3600
        for number in range(500):
            first.writer.change_labels(ref, [f"x{number % 3}"], [])
        with pytest.raises(QuotaExhausted, match="500 writes an hour"):
            first.writer.create_comment(ref, "one more", "milepost:x:y")
        if not killed:
            first.close()
        here.sleep(900)
        again = here.opened()
        with pytest.raises(QuotaExhausted, match="500 writes an hour"):
            again.writer.create_comment(ref, "one more", "milepost:x:y")
        again.close()
        assert len(site.comments("acme/site#1")) == before
        here.sleep(3600)
        last = here.opened()
        last.writer.create_comment(ref, "one more", "milepost:x:y")
        last.close()
    assert len(site.comments("acme/site#1")) == before + 1


def test_a_server_without_limits_is_written_to_without_any() -> None:
    world = world_for({"github": ("github", "")})
    with SandboxServer(world) as server:
        here = Hub(server)
        here.settings = here.settings.model_copy(update={"write_spacing": 0.0})
        assert writing_seconds(here.opened(), 100_000) == 0
