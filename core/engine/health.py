"""Health: compares progress with the progress that the dates and targets expect by now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from itertools import pairwise

from core.engine.formatting import exact_percent, number, percent
from core.engine.model import Health, Measure, Unmeasured
from core.engine.policy import HealthPolicy
from mappings.goal_tree import HealthName, HealthOverride, Planned, Target

NOT_ALL_CLOSED = "not every task is closed"
SEVERITY = (
    HealthName.DONE,
    HealthName.NOT_STARTED,
    HealthName.ON_TRACK,
    HealthName.AT_RISK,
    HealthName.OFF_TRACK,
)
NOTHING = Fraction(0)
ALL = Fraction(1)


@dataclass(frozen=True, slots=True)
class Course:
    """The planned dates: days in a time zone, from the beginning of the first to the end of the last."""

    start: date | None
    due: date | None
    targets: tuple[Target, ...] = ()
    zone: tzinfo = UTC

    @classmethod
    def of(cls, planned: Planned, now: datetime, otherwise: Planned | None = None) -> "Course":
        """Return the dates of `planned`, as days in the time zone of `now`, which is aware.

        A missing start or due date is taken from `otherwise`.
        """
        start, due = planned.start, planned.due
        if otherwise is not None:
            start, due = start or otherwise.start, due or otherwise.due
        return cls(start, due, planned.targets, now.tzinfo or UTC)

    @property
    def deadline(self) -> datetime | None:
        """The end of the due day; None without a due date."""
        return None if self.due is None else end_of(self.due, self.zone)

    def past(self, now: datetime) -> bool:
        """Return whether the due day is over."""
        return self.deadline is not None and now >= self.deadline

    def points(self) -> tuple[tuple[datetime, Fraction], ...]:
        """Return moments with the share (0 to 1) expected by each, in order of time; empty without dates."""
        if not self.targets and (self.start is None or self.due is None):
            return ()
        points = [(end_of(target.on, self.zone), Fraction(target.percent) / 100) for target in self.targets]
        if self.deadline is not None:
            points = [point for point in points if point[0] < self.deadline] + [(self.deadline, ALL)]
        if self.start is not None:
            begin = start_of(self.start, self.zone)
            points = [(begin, NOTHING)] + [point for point in points if point[0] > begin]
        return tuple(sorted(dict(sorted(points)).items()))


@dataclass(frozen=True, slots=True)
class Work:
    """What health depends on beside progress and dates."""

    begun: bool
    """Anything is in progress, done, or measured above its start."""
    finished: bool
    """Complete, with nothing open and nothing unmeasured."""
    still: str = NOT_ALL_CLOSED
    """The reason given where progress is 100% but the work is not finished."""


def pace_health(measure: Measure, course: Course, work: Work, policy: HealthPolicy, now: datetime) -> Health:
    """Return the health by pace, which is progress divided by what is expected by `now` (aware).

    Done if finished; off track once the due day is over; not started while nothing is expected and nothing is
    begun; on track within the grace period; else by the thresholds of the policy.
    """
    if isinstance(measure, Unmeasured):
        return Health(HealthName.UNMEASURED, measure.reason, measure.reason)
    if work.finished:
        return Health(HealthName.DONE, "complete", f"progress {percent(measure)}")
    if course.due is not None and course.past(now):
        reason = f"past its due date, {course.due.isoformat()}"
        if measure == ALL:
            reason += f": {work.still}"
        return Health(HealthName.OFF_TRACK, reason, f"progress {percent(measure)}, {reason}", expected=ALL)
    expected = expected_by(course.points(), now)
    if expected is None:
        return _without_dates(course, work, now)
    if expected == 0:
        return _nothing_expected(measure, work)
    return _by_pace(measure, expected, course, policy, now)


def expected_by(points: Sequence[tuple[datetime, Fraction]], now: datetime) -> Fraction | None:
    """Return the share expected by `now`: linear between the points, 0 before the first of them."""
    if not points:
        return None
    if now < points[0][0]:
        return NOTHING
    for (begin, low), (end, high) in pairwise(points):
        if now < end:
            return low + (high - low) * pace(now - begin, end - begin)
    return points[-1][1]


def with_override(health: Health, override: HealthOverride | None, now: datetime) -> Health:
    """Return the health that a person set, through the day `until` in the time zone of `now` (aware).

    Its arithmetic also has the computed health.
    """
    if override is None or now.date() > override.until:
        return health
    by = f" by {override.by}" if override.by else ""
    return replace(
        health,
        name=override.health,
        reason=f"set{by} until {override.until.isoformat()}: {override.reason}",
        arithmetic=f"set{by} until {override.until.isoformat()}; computed: "
        f"{health.name.value} ({health.arithmetic})",
        overridden_until=override.until,
    )


def is_stale(latest: datetime | None, policy: HealthPolicy, now: datetime) -> bool:
    """Return whether no task changed for `stale_days`; `latest`: when any task last changed."""
    return latest is not None and now - latest > timedelta(days=policy.stale_days)


def worst(healths: Sequence[Health]) -> Health | None:
    """Return the gravest health (of equal ones the first) that is not unmeasured; None if there is none."""
    measured = [health for health in healths if health.name is not HealthName.UNMEASURED]
    return max(measured, key=lambda health: SEVERITY.index(health.name)) if measured else None


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a day in a zone, in UTC, so that differences include summer time."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # the first day of the calendar, in a zone that is ahead of UTC
        return datetime.min.replace(tzinfo=UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which a day in a zone is over, in UTC."""
    # People write 9999-12-31 for "never", and no day follows it.
    return datetime.max.replace(tzinfo=UTC) if day == date.max else start_of(day + timedelta(days=1), zone)


def pace(part: timedelta, whole: timedelta) -> Fraction:
    """Return the exact ratio of two durations, in microseconds."""
    tick = timedelta(microseconds=1)
    return Fraction(part // tick, whole // tick)


def _without_dates(course: Course, work: Work, now: datetime) -> Health:
    if course.start is not None and now < start_of(course.start, course.zone) and not work.begun:
        return Health(HealthName.NOT_STARTED, "not started", f"starts on {course.start.isoformat()}")
    missing = "due date" if course.due is None else "start date"
    reason = f"it has no {missing}, so its pace cannot be measured"
    return Health(HealthName.UNMEASURED, reason, reason)


def _nothing_expected(measure: Fraction, work: Work) -> Health:
    arithmetic = f"progress {percent(measure)}, expected by now 0%"
    if work.begun:
        return Health(HealthName.ON_TRACK, "begun before anything is expected", arithmetic, expected=NOTHING)
    return Health(HealthName.NOT_STARTED, "not started", arithmetic, expected=NOTHING)


def _by_pace(
    measure: Fraction, expected: Fraction, course: Course, policy: HealthPolicy, now: datetime
) -> Health:
    pace = measure / expected
    name, reason = _judge(pace, policy)
    numbers = (
        f"progress {exact_percent(measure)} / expected by now {exact_percent(expected)} = "
        f"pace {_floored(pace)}; on track from {policy.on_track_from}, at risk from {policy.at_risk_from}"
    )
    passed = _time_passed(course, now)
    if name is not HealthName.ON_TRACK and passed is not None and passed < Fraction(policy.grace):
        grace = f"; {exact_percent(passed)} of the time has passed, within the grace of {policy.grace}"
        return Health(HealthName.ON_TRACK, "too early to judge", numbers + grace, expected, pace)
    return Health(name, reason, numbers, expected, pace)


def _floored(pace: Fraction) -> str:
    # Rounded down, so that 0.899 is not shown as 0.9, the threshold that it does not reach.
    shown = Fraction(int(pace * 100), 100)
    return number(pace) if shown == pace else f"≈{number(shown)}"


def _judge(pace: Fraction, policy: HealthPolicy) -> tuple[HealthName, str]:
    if pace >= Fraction(policy.on_track_from):
        return HealthName.ON_TRACK, "keeps up with the time that has passed"
    if pace >= Fraction(policy.at_risk_from):
        return HealthName.AT_RISK, "behind the time that has passed"
    return HealthName.OFF_TRACK, "far behind the time that has passed"


def _time_passed(course: Course, now: datetime) -> Fraction | None:
    """Return the share of the time from start to end that has passed; None without both."""
    points = course.points()
    if course.start is None or len(points) < 2:
        return None
    return pace(now - points[0][0], points[-1][0] - points[0][0])
