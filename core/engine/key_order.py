"""The natural order of issue keys: BLOG-9 before BLOG-10."""

import re

from connectors.models import IssueRef

_USUAL_KEY = re.compile(r"([^0-9]*)([1-9][0-9]*)").fullmatch


def issue_order(ref: IssueRef) -> tuple[str, str, str]:
    """Return the sort key of an issue: its tracker, then its key in natural order, then its id."""
    return ref.tracker, key_rank(ref.key), ref.id


def key_rank(key: str) -> str:
    """Return a text that sorts keys in natural order: that of BLOG-9 is less than that of BLOG-10."""
    usual = _USUAL_KEY(key)
    if usual:
        name, digits = usual.groups()
        return f"{name}\x01{len(digits):06d}{digits}\x01"
    pieces = re.split(r"([0-9]+)", key)
    return "".join(_counted(piece) if place % 2 else f"{piece}\x01" for place, piece in enumerate(pieces))


def _counted(digits: str) -> str:
    number = digits.lstrip("0")
    return f"{len(number):06d}{number}"
