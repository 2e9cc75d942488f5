"""Dates in JQL: absolute in the caller's zone, relative, epoch milliseconds, and the functions of time."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.sandbox.jql.parse import Function, JqlError, Literal, Operand

RELATIVE = re.compile(r"([+-]?)((?:\d+[wdhm]\s*)+)", re.IGNORECASE)
ABSOLUTE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:\s+(\d{1,2}):(\d{2}))?")
SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60}
EDGE = re.compile(r"(startof|endof)(day|week|month|year)", re.IGNORECASE)


def instant(operand: Operand, field: str, now: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC that an operand names for a caller in `zone`. Raises JqlError as Jira words it."""
    if isinstance(operand, Function):
        return _function(operand, now, zone)
    text = operand.text.strip() if isinstance(operand, Literal) else "EMPTY"
    if isinstance(operand, Literal) and not operand.quoted and re.fullmatch(r"\d+", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    if match := RELATIVE.fullmatch(text):
        return now + _span(match)
    if match := ABSOLUTE.fullmatch(text):
        year, month, day, hour, minute = (int(part or 0) for part in match.groups())
        try:
            return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
        except ValueError:
            pass
    raise JqlError(
        f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _span(match: re.Match[str]) -> timedelta:
    parts = re.findall(r"(\d+)([wdhm])", match[2].lower())
    seconds = sum(int(count) * SECONDS[unit] for count, unit in parts)
    return timedelta(seconds=-seconds if match[1] == "-" else seconds)


def _function(call: Function, now: datetime, zone: tzinfo) -> datetime:
    if call.name.lower() == "now" and not call.arguments:
        return now
    match = EDGE.fullmatch(call.name)
    if match is None:
        raise JqlError(f"Unable to find JQL function '{call.name}({', '.join(call.arguments)})'.")
    edge, unit = match[1].lower(), match[2].lower()
    steps = _steps(call, unit)
    start = _start(now.astimezone(zone), unit, steps)
    if edge == "startof":
        return start.astimezone(UTC)
    return (_start(start, unit, 1) - timedelta(milliseconds=1)).astimezone(UTC)


def _steps(call: Function, unit: str) -> int:
    if not call.arguments:
        return 0
    own = {"day": "d", "week": "w", "month": "M", "year": "y"}[unit]
    if len(call.arguments) == 1 and (match := re.fullmatch(rf"([+-]?\d+){own}?", call.arguments[0].strip())):
        return int(match[1])
    message = ", ".join(call.arguments)
    raise JqlError(f"Function '{call.name}' expects an increment such as '-1{own}', not '{message}'.")


def _start(moment: datetime, unit: str, steps: int) -> datetime:
    """The first moment of the day, week (from Sunday, Jira's default), month or year, `steps` later."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        return day + timedelta(days=steps)
    if unit == "week":
        return day - timedelta(days=(day.weekday() + 1) % 7) + timedelta(weeks=steps)
    months = day.year * 12 + (day.month - 1 + steps if unit == "month" else 12 * steps)
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)
