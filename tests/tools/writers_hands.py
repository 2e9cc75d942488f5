"""What bots and people do to what milepost wrote, and what moves the world itself."""

import random
from collections.abc import Callable
from typing import Any

from tests.runs import House, mark_in

PLACES = ("BLOG-1", "MKT-1", "MKT-2", "acme/site#1")
"""The tracking issues of the example."""


def ours_on(here: House, key: str) -> list[Any]:
    """Comments that bear a mark, on the tracker."""
    thread: list[Any] = list(here.github.comments(key) if "#" in key else here.jira.comments(key))
    return [one for one in thread if mark_in(one)]


def _set(here: House, key: str, comment: Any, text: str) -> None:
    if "#" in key:
        here.github.edit_comment(comment.id, text)
    else:
        here.jira.edit_comment(comment, text, author="ana")


def nobody(_here: House, _before: dict[str, str]) -> None:
    """Nobody else."""


def a_word(here: House, _before: dict[str, str]) -> None:
    """A bot adds a line to each comment."""
    for key in PLACES:
        for one in ours_on(here, key):
            _set(here, key, one, f"{one.body}\nSeen by the bot.")


def blanks(here: House, _before: dict[str, str]) -> None:
    """A bot writes each comment anew with other line ends and blanks."""
    for key in PLACES:
        for one in ours_on(here, key):
            _set(here, key, one, one.body.replace("\r", "").replace("\n", " \r\n"))


def reverts(here: House, before: dict[str, str]) -> None:
    """A person puts back what stood in each comment when the rest began, with its mark."""
    for key in PLACES:
        for one in ours_on(here, key)[:1]:
            if before.setdefault(key, one.body.replace("of", "out of")) != one.body:
                _set(here, key, one, before[key])


def removes(here: House, _before: dict[str, str]) -> None:
    """A person removes the first comment on two issues."""
    for key in (PLACES[0], PLACES[-1]):
        for one in ours_on(here, key)[:1]:
            if "#" in key:
                here.github.delete_comment(one.id)
            else:
                here.jira.delete_comment(one)


def unlabels(here: House, _before: dict[str, str]) -> None:
    """A bot takes a label of milepost off two issues."""
    for key in ("BLOG-2", "acme/site#3"):
        site: Any = here.github if "#" in key else here.jira
        ours = sorted(name for name in here.standing()[key].labels if name.startswith("mp"))
        for name in ours[:1]:
            site.remove_labels(key, name)


def labels(here: House, _before: dict[str, str]) -> None:
    """A bot puts a label under milepost's prefix on two issues."""
    here.jira.add_labels("BLOG-2", "mp/of-a-bot")
    here.github.add_labels("acme/site#3", "mp/of-a-bot")


def copies(here: House, _before: dict[str, str]) -> None:
    """Something copies a comment under milepost's own account, on two issues."""
    for key in (PLACES[0], PLACES[-1]):
        for one in ours_on(here, key)[:1]:
            if "#" in key:
                here.github.comment(key, one.body, author=one.author)
            else:
                here.jira.comment(
                    key, one.body, author=here.jira.accounts[one.author], properties=dict(one.properties)
                )


Hand = Callable[[House, dict[str, str]], None]
HANDS: dict[str, Hand] = {
    "nobody": nobody,
    "adds a word": a_word,
    "changes blanks": blanks,
    "reverts": reverts,
    "removes": removes,
    "unlabels": unlabels,
    "labels": labels,
    "copies": copies,
}
"""What a bot or a person does to what milepost wrote, before each run at rest."""


# The world's own moves, which change what milepost has to say.


def move(here: House, dice: random.Random) -> None:
    """A task changes its state, gets a new label or a comment, or time passes."""
    kind = dice.randrange(5)
    if kind == 0:
        here.jira.transition(dice.choice(["BLOG-2", "BLOG-4", "BLOG-5"]), dice.choice(["To Do", "Done"]))
    elif kind == 1:
        close = dice.random() < 0.5
        (here.github.close if close else here.github.reopen)("acme/site#4")
    elif kind == 2:
        here.jira.add_labels(dice.choice(["BLOG-1", "BLOG-2"]), f"team-{dice.randrange(3)}")
        here.github.add_labels("acme/site#3", f"team-{dice.randrange(3)}")
    elif kind == 3:
        here.jira.comment("BLOG-1", "When is it done?", author="ana")
    else:
        here.world.clock.advance(dice.choice([60, 3_600, 90_000]))
