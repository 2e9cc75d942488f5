"""Several installations of milepost that write to one world, for the tests of the writers."""

from typing import Any

from connectors.sandbox.github_truth.truth import BOT
from core.publish.publish_policy import PublishPolicy
from core.steps.other_writers import adopt
from tests.runs import House


def another(here: House, name: str, **policy: Any) -> House:
    """Another machine with a store of its own, in the same world and with the same account."""
    folder = here.folder / name
    folder.mkdir()
    other = House(folder, here.world, here.server, here.face, here.mapping)
    other.publish = PublishPolicy(**policy)
    other.limits = here.limits
    return other


def writes_of(one: House, *, fail: bool = False) -> int:
    """A run, and how many requests of it asked for a change."""
    watch = one.watch()
    report = one.sync()
    assert report.failed is fail, (report.line, report.conclusion.plan.held, report.conclusion.problems)
    return len(watch.writes)


def held(one: House) -> list[str]:
    """What the next run would hold, and why."""
    return [f"{each.what}: {each.why}" for each in one.plan().plan.held]


def adopted(one: House) -> int:
    """Take over for good whatever is held because of other writers."""
    with one.job() as job:
        return len(adopt(job.store, None))


def ours_on(here: House, key: str) -> list[Any]:
    """The comments by milepost's account on an issue, as the tracker holds them."""
    if "#" in key:
        return [one for one in here.github.comments(key) if one.author == BOT]
    return [one for one in here.jira.comments(key) if one.author == here.jira.bot.id]


def set_text(here: House, key: str, text: str) -> None:
    """Somebody replaces the text of our comment on an issue."""
    [ours] = ours_on(here, key)
    if "#" in key:
        here.github.edit_comment(ours.id, text)
    else:
        here.jira.edit_comment(ours, text, author="ana")
