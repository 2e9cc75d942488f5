"""Decides which comment on an issue is ours, and whether and why it has to be edited."""

import html
import re

from connectors.interface import TrackerInfo
from connectors.models import Posted, PostedComment
from core.publish.comment import Summary, same_meaning
from core.publish.comment.mark import Mark, mark_of, read_mark, same_text, text_check, without_mark
from core.publish.publication import Publication
from core.publish.states import DesiredComment


def our_comments(
    posted: Posted, record: Publication | None, instance: str, installation: str
) -> list[PostedComment]:
    """Return our comments on an issue by ascending id; the first one stays, which every writer decides alike.

    A comment with our mark by another account is a copy and not ours. One of ours whose mark names another
    issue came with a transfer; it is taken over if there is no other. The recorded comment is ours even
    without its mark, but not with the mark of another instance.
    """
    marked: list[PostedComment] = []
    transferred: list[PostedComment] = []
    for comment in sorted(posted.comments, key=lambda comment: comment_order(comment.id)):
        mark = mark_of(comment)
        if not comment.mine:
            continue
        if record is not None and comment.id == record.comment.id:
            if _still_ours(mark, record, instance, installation):
                marked.append(comment)
        elif mark is not None and mark.instance == instance:
            (marked if mark.issue_id == posted.ref.id else transferred).append(comment)
    return marked or transferred[:1]


def _still_ours(mark: Mark | None, record: Publication, instance: str, installation: str) -> bool:
    """Return whether the recorded comment is ours: another instance may have taken it over since.

    Where our own instance was renamed in the settings, the comment still has the mark that we wrote.
    """
    if mark is None or mark.instance == instance:
        return True
    return mark.installation == installation if mark.installation else mark == mark_of(record.comment)


def exposed(
    desired: Summary | DesiredComment, digest: str, before: PostedComment, record: Publication | None
) -> bool:
    """Return whether a comment may show more than those who may read it now are meant to see.

    It does if more people may read it than those for whom it was written. Where these are not recorded, it
    may if its meaning differs from `digest` and something is withheld from its readers.
    """
    if desired.readers is None:
        return False
    if record is None or record.comment.id != before.id:
        mark = mark_of(before)
        return desired.withheld and (mark is None or mark.digest != digest)
    if record.readers is None:
        return desired.withheld and record.digest != digest
    return not desired.readers.may_read(record.readers)


def edit_reason(
    desired: DesiredComment, now: PostedComment, record: Publication | None, info: TrackerInfo
) -> str:
    """Return why the comment has to be edited; an empty string where it may stay as it is."""
    recorded = record if record is not None and record.comment.id == now.id else None
    return _text_reason(desired, now, recorded) or visibility_reason(now, info)


def _text_reason(desired: DesiredComment, now: PostedComment, record: Publication | None) -> str:
    own, mark = read_mark(desired.mark), mark_of(now)
    if record is None:
        if mark is not None and _agrees(desired, now, mark, None):
            return ""
        if mark is not None and own is not None and mark.installation not in ("", own.installation):
            return f"{writer(mark.installation)} wrote it, and this one takes it over; {desired.phrase}"
        return f"there is no record of it here, so it is written anew; {desired.phrase}"
    rival = rival_of(now, record, own.instance, own.installation) if own is not None else None
    if rival is not None and mark is not None:
        if _agrees(desired, now, mark, record):
            return ""
        return f"{writer(rival)} wrote over it; {desired.phrase}"
    if not same_meaning(record.digest, desired.digest, links_waiting=desired.links_waiting):
        own_moved = not same_meaning(record.digest, desired.digest, links_waiting=True)
        return desired.phrase if own_moved else desired.links_phrase or desired.phrase
    if edited(now, record.comment):
        return "somebody edited it; it is set back"
    if mark is not None and mark.issue_id != desired.ref.id:
        return "it came here from another issue"
    if mark is not None and own is not None and mark.instance != own.instance:
        return f"this instance is called {own.instance} now, no longer {mark.instance}"
    return ""


def writer(installation: str) -> str:
    """Return how another installation is named in a sentence."""
    return f"the installation {installation}" if installation else "an installation of an older version"


def rival_of(now: PostedComment, record: Publication | None, instance: str, installation: str) -> str | None:
    """Return the id of another installation that wrote the comment as it stands; None where none did.

    `instance` and `installation` are our own. An empty string: one of an older version, whose marks have no
    id.
    """
    mark = mark_of(now)
    if mark is None or mark.instance != instance or mark.installation == installation:
        return None
    recorded = mark_of(record.comment) if record is not None and record.comment.id == now.id else None
    return None if mark == recorded else mark.installation


def _agrees(desired: DesiredComment, now: PostedComment, mark: Mark, record: Publication | None) -> bool:
    """Return whether a comment of another installation has the desired meaning, and nobody edited it."""
    own = read_mark(desired.mark)
    if own is None or (mark.instance, mark.issue_id) != (own.instance, own.issue_id):
        return False
    if not same_meaning(mark.digest, desired.digest, links_waiting=desired.links_waiting):
        return False
    if not mark.check:
        return same_text(without_mark(now.body), without_mark(desired.body))
    if text_check(now.body) == mark.check:
        return True
    # Where the server changes letters, it changed those of our own comment too, and the check is of no use.
    ours = mark_of(record.comment) if record is not None else None
    return ours is not None and bool(ours.check) and text_check(record_body(record)) != ours.check


def record_body(record: Publication | None) -> str:
    """Return the recorded text; an empty string without a record."""
    return record.comment.body if record is not None else ""


def edited(now: PostedComment, before: PostedComment) -> bool:
    """Return whether somebody changed the text since `before`; what renders the same is no change.

    A text that the server itself rewrote is no change either: the time of its last change is that of our own
    write, and its numbers are the same. These are compared because GitHub's times are whole seconds, in which
    somebody may have edited it as well.
    """
    if same_text(now.body, before.body):
        return False
    rewritten = now.updated is not None and now.updated == before.updated
    return not (rewritten and _numbers(now.body) == _numbers(before.body))


def _numbers(body: str) -> list[str]:
    return re.findall(r"\d+", html.unescape(without_mark(body)))


def as_recorded(now: PostedComment, record: Publication) -> bool:
    """Return whether the comment stands as recorded, so that it need not be read until something changes."""
    same = now.mine and now.id == record.comment.id and mark_of(now) == mark_of(record.comment)
    return same and not edited(now, record.comment)


def visibility_reason(now: PostedComment, info: TrackerInfo) -> str:
    """Return why the visibility of a comment has to change; an empty string where it fits the settings.

    Without a setting a comment keeps its visibility: milepost never shows it to more people by itself.
    """
    if info.comment_visibility is not None and _plain(now.visibility) != _plain(info.comment_visibility):
        kind, name = info.comment_visibility
        return f"it is to be seen by the {kind} {name} only"
    if info.internal_comments and now.internal is False:
        return "it is to be hidden from customers"
    return ""


def _plain(visibility: tuple[str, str] | None) -> tuple[str, ...]:
    """Return the visibility casefolded: servers may return the name of a role or group in another case."""
    return tuple(part.casefold() for part in visibility or ())


def comment_order(comment_id: str) -> tuple[int, str]:
    """Return the key that sorts older comments first: trackers number them upwards."""
    return (int(comment_id), "") if comment_id.isdecimal() else (0, comment_id)
