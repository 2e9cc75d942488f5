"""The order in which people count issues: BLOG-9 before BLOG-10."""

import re

from connectors.models import IssueRef

_USUAL_KEY = re.compile(r"([^0-9]*)([1-9][0-9]*)").fullmatch


def issue_order(ref: IssueRef) -> tuple[str, str, str]:
    """Sorts issues by tracker, then by key as people count, then by id."""
    return ref.tracker, key_rank(ref.key), ref.id


def key_rank(key: str) -> str:
    """A text that sorts as people count: that of BLOG-9 before that of BLOG-10."""
    usual = _USUAL_KEY(key)
    if usual:
        name, digits = usual.groups()
        return f"{name}\x01{len(digits):06d}{digits}\x01"
    pieces = re.split(r"([0-9]+)", key)
    return "".join(_counted(piece) if place % 2 else f"{piece}\x01" for place, piece in enumerate(pieces))


def _counted(digits: str) -> str:
    number = digits.lstrip("0")
    return f"{len(number):06d}{number}"
