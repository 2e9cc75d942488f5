"""Health by pace."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.models import StatusCategory
from core.engine.milestones import measure
from core.engine.model import Health, Tagged
from core.engine.policy import HealthPolicy, ProgressPolicy
from mappings.goal_tree import HealthName
from tests.builders import a_mapping, a_milestone, an_issue, boxes, some_inputs, tagged

FIRST = datetime(2027, 1, 1, tzinfo=UTC)


def tasks(done: int, of: int, rest: str = "todo") -> list[Tagged]:
    return [
        tagged(an_issue(f"BLOG-{number}", "done" if number <= done else rest)) for number in range(1, of + 1)
    ]


def health(now: datetime, *entries: Tagged, policy: HealthPolicy | None = None, **planned: Any) -> Health:
    mapping = a_mapping([a_milestone(**planned)])
    inputs = some_inputs(*entries, mapping=mapping)
    state = measure(inputs, ProgressPolicy(), policy or HealthPolicy(), now)
    return state.milestones["blog"].health


def after(days: float) -> datetime:
    """So many days after the beginning of the quarter, which has 90."""
    return FIRST + timedelta(days=days)


@pytest.mark.parametrize(
    ("done", "name"),
    [
        (45, "on_track"),
        (41, "on_track"),
        (40, "at_risk"),
        (32, "at_risk"),
        (31, "off_track"),
        (0, "off_track"),
    ],
)
def test_pace_is_progress_by_what_the_time_that_passed_makes_expect(done: int, name: str) -> None:
    result = health(after(45), *tasks(done, 90))
    assert (result.name, result.expected, result.pace) == (name, Fraction(1, 2), Fraction(done, 45))


@pytest.mark.parametrize(
    ("done", "name"),
    [(900, "on_track"), (899, "at_risk"), (700, "at_risk"), (699, "off_track")],
)
def test_exactly_at_a_threshold_counts_as_reaching_it(done: int, name: str) -> None:
    """Half of the time is over, and the policy's thresholds are 0.9 and 0.7 of what is expected then."""
    assert health(after(45), *tasks(done, 2_000)).name == name


def test_the_due_day_is_over_with_its_last_moment_and_not_before() -> None:
    last = after(90) - timedelta(microseconds=1)
    assert "past its due date" not in health(last, *tasks(1, 2)).reason
    assert "past its due date" in health(after(90), *tasks(1, 2)).reason


def test_the_first_day_begins_at_nothing_and_the_last_ends_at_everything() -> None:
    assert health(after(0), *tasks(1, 2)).expected == 0
    assert health(after(89.999), *tasks(1, 2)).name is HealthName.OFF_TRACK
    assert "past its due date, 2027-03-31" in health(after(90), *tasks(1, 2)).reason


LOS_ANGELES = ZoneInfo("America/Los_Angeles")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_DAY = ZoneInfo("America/Havana")
"""There, summer time begins at midnight: that day has no 00:00."""


def in_zone(now: datetime, zone: tzinfo, **planned: Any) -> Health:
    mapping = a_mapping([a_milestone(**planned)])
    inputs = some_inputs(*tasks(1, 2), mapping=mapping)
    return measure(inputs, ProgressPolicy(), HealthPolicy(), now, zone).milestones["blog"].health


@pytest.mark.parametrize(("hour", "past"), [(16, False), (23, False), (24, True)])
def test_a_due_day_in_california_is_over_when_it_is_over_there(hour: int, past: bool) -> None:
    now = datetime(2027, 3, 31, tzinfo=LOS_ANGELES).astimezone(UTC) + timedelta(hours=hour, minutes=30)
    assert ("past its due date" in in_zone(now, LOS_ANGELES).reason) is past
    assert "past its due date" in in_zone(now + timedelta(days=1), UTC).reason


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2027, 3, 28), 23),
        (BERLIN, date(2027, 10, 31), 25),
        (NEW_DAY, date(2027, 3, 14), 23),
        (NEW_DAY, date(2027, 11, 7), 25),
        (UTC, date(2027, 3, 28), 24),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(zone: tzinfo, day: date, hours: int) -> None:
    begin = datetime.combine(day, time(12), zone).astimezone(UTC)
    while (begin - timedelta(minutes=1)).astimezone(zone).date() == day:
        begin -= timedelta(minutes=1)
    one_day = {"start": day, "due": day, "targets": []}
    halfway = in_zone(begin + timedelta(hours=hours) / 2, zone, **one_day)
    assert halfway.expected == Fraction(1, 2)
    assert (
        "past its due date" not in in_zone(begin + timedelta(hours=hours, minutes=-1), zone, **one_day).reason
    )
    assert "past its due date" in in_zone(begin + timedelta(hours=hours), zone, **one_day).reason


@pytest.mark.parametrize("zone", [LOS_ANGELES, ZoneInfo("Pacific/Kiritimati")])
def test_the_ends_of_the_calendar_are_days_in_any_zone(zone: tzinfo) -> None:
    assert in_zone(after(9), zone, start=date.min, due=date.max).expected is not None


def test_a_word_on_health_counts_until_its_day_is_over_in_the_zone() -> None:
    word = {"health": "on_track", "until": date(2027, 3, 31), "reason": "agreed"}
    evening = datetime(2027, 3, 31, 23, 30, tzinfo=LOS_ANGELES)
    assert in_zone(evening, LOS_ANGELES, override=word).overridden_until is not None
    assert in_zone(evening, UTC, override=word).overridden_until is None


def test_days_are_those_of_utc_wherever_the_clock_stands() -> None:
    west = datetime.fromisoformat("2026-12-31T20:00:00-05:00")
    assert health(west, *tasks(1, 2)).expected == Fraction(1, 24 * 90)


def test_within_the_grace_slow_progress_means_nothing() -> None:
    early = health(after(8.9), *tasks(0, 2))
    assert (early.name, early.reason) == (HealthName.ON_TRACK, "too early to judge")
    assert health(after(9), *tasks(0, 2)).name is HealthName.OFF_TRACK


def test_before_its_start_it_is_not_started_unless_work_has_begun() -> None:
    assert health(after(-1), *tasks(0, 2)).name is HealthName.NOT_STARTED
    assert health(after(-1), *tasks(0, 2, "in_progress")).name is HealthName.ON_TRACK


def test_done_is_done_whatever_the_dates_say() -> None:
    for dates in ({}, {"start": None, "due": None}):
        assert health(after(-9), *tasks(2, 2), **dates).name is HealthName.DONE
        assert health(after(900), *tasks(2, 2), **dates).name is HealthName.DONE


def test_all_boxes_ticked_but_not_closed_is_not_done() -> None:
    ticked = tagged(an_issue("BLOG-1", "in_progress", checklist=boxes("xx")), checklist=True)
    assert health(after(45), ticked).name is HealthName.ON_TRACK
    late = health(after(90), ticked)
    assert late.name is HealthName.OFF_TRACK
    assert late.reason == "past its due date, 2027-03-31: not every task is closed"


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        ({"due": None}, "it has no due date, so its pace cannot be measured"),
        ({"start": None}, "it has no start date, so its pace cannot be measured"),
        ({"start": None, "due": None}, "it has no due date, so its pace cannot be measured"),
    ],
)
def test_without_dates_pace_cannot_be_measured(planned: dict[str, Any], said: str) -> None:
    result = health(after(45), *tasks(1, 2), **planned)
    assert (result.name, result.reason) == (HealthName.UNMEASURED, said)


def test_a_due_date_alone_still_tells_when_it_is_past() -> None:
    assert health(after(90), *tasks(1, 2), start=None).name is HealthName.OFF_TRACK


def test_what_is_unmeasured_has_no_health() -> None:
    result = health(after(45))
    assert (result.name, result.reason) == (HealthName.UNMEASURED, "no scope: no task belongs to it yet")


def test_between_interim_targets_expectation_is_linear() -> None:
    targets = [
        {"on": date(2027, 1, 30), "percent": Decimal(20)},
        {"on": date(2027, 3, 1), "percent": Decimal(80)},
    ]

    def expected(days: float) -> Fraction | None:
        return health(after(days), *tasks(1, 2), targets=targets).expected

    assert expected(15) == Fraction(1, 10)
    assert expected(30) == Fraction(1, 5)
    assert expected(45) == Fraction(1, 2)
    assert expected(75) == Fraction(9, 10)


def test_interim_targets_alone_are_enough() -> None:
    targets = [{"on": date(2027, 1, 30), "percent": Decimal(50)}]
    alone: dict[str, Any] = {"start": None, "due": None, "targets": targets}
    assert health(after(10), *tasks(0, 2), **alone).name is HealthName.NOT_STARTED
    assert health(after(80), *tasks(1, 2), **alone).expected == Fraction(1, 2)


def test_thresholds_are_configurable() -> None:
    policy = HealthPolicy(on_track_from=Decimal("0.5"), at_risk_from=Decimal("0.1"))
    assert health(after(45), *tasks(1, 4), policy=policy).name is HealthName.ON_TRACK


def test_a_persons_word_stands_through_its_last_day() -> None:
    override = {"health": "at_risk", "until": date(2027, 2, 14), "reason": "author is ill", "by": "Ana"}
    said = health(after(44.9), *tasks(0, 2), override=override)
    assert said.name is HealthName.AT_RISK
    assert said.reason == "set by Ana until 2027-02-14: author is ill"
    assert said.overridden_until == date(2027, 2, 14)
    assert "computed: off_track" in said.arithmetic
    assert health(after(45), *tasks(0, 2), override=override).name is HealthName.OFF_TRACK


def test_open_work_that_nobody_touched_is_stale() -> None:
    def stale(days: int, category: str) -> bool:
        touched = an_issue("BLOG-1", category, updated=after(45) - timedelta(days=days))
        older = an_issue("BLOG-2", "done", updated=after(1))
        return health(after(45), tagged(touched), tagged(older)).stale

    assert stale(15, StatusCategory.TODO)
    assert not stale(14, StatusCategory.TODO)
    assert not stale(40, StatusCategory.DONE)


def test_the_phrase_does_not_change_by_the_hour() -> None:
    entries = tasks(10, 90)
    assert health(after(45), *entries).reason == health(after(46.3), *entries).reason


def test_a_due_date_at_the_end_of_the_calendar_means_never() -> None:
    assert health(after(45), *tasks(0, 2), due=date.max).name is HealthName.ON_TRACK


def test_ticked_boxes_are_work_that_has_begun() -> None:
    ticked = tagged(an_issue("BLOG-1", "todo", checklist=boxes("x.")), checklist=True)
    assert health(after(-1), ticked).name is HealthName.ON_TRACK


def test_interim_targets_outside_the_dates_mean_nothing() -> None:
    outside = [
        {"on": date(2026, 12, 1), "percent": Decimal(50)},
        {"on": date(2027, 9, 30), "percent": Decimal(60)},
    ]
    assert health(after(-1), *tasks(0, 2), targets=outside).name is HealthName.NOT_STARTED
    assert health(after(10), *tasks(0, 2), targets=outside).name is HealthName.OFF_TRACK
