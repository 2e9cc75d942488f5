"""The writers campaign: once the world rests in meaning, nobody writes on, whoever else writes to it.

A history is made from a number: a pair of installations that write to one world (alike or not in instance,
mapping, account and store), moves of the world with runs in between, some of them overlapping, and then
rounds of rest in which nothing of meaning changes, though a bot or a person may touch what milepost wrote
before each run. From the fourth round of rest on nobody writes, or it is held and told; where something is
set back in every run, after one more (one write, and three set-backs). There is one comment for each instance
and account on an issue, and labels and comments of others are as they were.
`.venv/bin/python -m tests.tools.writers --help` shows how to run it.
"""

import argparse
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.sandbox.github_truth.model import Credential
from connectors.sandbox.github_truth.truth import BOT
from core.publish.publish_policy import LimitPolicy, PublishPolicy
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house, mark_in
from tests.tools.writers_hands import HANDS, PLACES, move, ours_on

SETTLING, RESTING = 3, 3
"""Rounds of rest in which there may still be writes, and in which there may be none."""
SET_BACKS = 2
"""More rounds that may have writes where something is set back in every run."""
OTHER = MARKETING.replace('title = "Set up', 'title = "Have set up').replace(
    'label = "newsletter"', 'label = "newsletters"'
)
"""The example's mapping, otherwise: other words on one epic, other tasks on another."""
RENAMED = MARKETING.replace('title = "', 'title = "The ')
"""The same tasks under other names, on every tracking issue."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How the second installation differs from the first."""

    instance: str = "default"
    mapping: str = MARKETING
    account: bool = False
    """Whether it has an account of its own."""
    copied: bool = False
    """Whether it begins with a copy of the first one's store, and so with the same id."""
    lost: bool = False
    """Whether it loses its store before the rest."""


PAIRS = {
    "alike": Pair(),
    "other mapping": Pair(mapping=OTHER),
    "other titles": Pair(mapping=RENAMED),
    "other instance": Pair(instance="second"),
    "other instance and mapping": Pair(instance="second", mapping=OTHER),
    "other account": Pair(account=True),
    "other account and mapping": Pair(account=True, mapping=RENAMED),
    "copied store": Pair(copied=True),
    "copied store, other titles": Pair(copied=True, mapping=RENAMED),
    "lost store": Pair(lost=True),
    "lost store, other mapping": Pair(lost=True, mapping=OTHER),
}


@dataclass(slots=True)
class Result:
    """What was wrong after a history; empty where all was right."""

    number: int
    pair: str
    hand: str
    writes: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    broke: str = ""
    runs: int = 0
    held: int = 0
    """How many things both hold at the end."""

    @property
    def fine(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.writes or self.doubled or self.foreign or self.silent or self.broke)

    def __str__(self) -> str:
        parts = [*self.writes, *self.doubled, *self.foreign, *self.silent, self.broke]
        said = "; ".join(part for part in parts if part) or "fine"
        return f"history {self.number} ({self.pair}; {self.hand}): {said}"


class Trial:
    """Two installations in one world."""

    def __init__(self, here: House, number: int) -> None:
        self.dice = random.Random(number)
        names = list(PAIRS)
        self.pair = names[number % len(names)]
        self.hand = list(HANDS)[(number // len(names)) % len(HANDS)]
        self.shape = PAIRS[self.pair]
        self.result = Result(number, self.pair, self.hand)
        here.limits = LimitPolicy(max_jump_points=100, max_removed_percent=100, max_changes=1_000)
        self.first = here
        self.second = self._another(here)

    def _another(self, here: House) -> House:
        folder = here.folder / "second"
        folder.mkdir()
        other = House(folder, here.world, here.server, here.face, self.shape.mapping)
        other.publish, other.limits = PublishPolicy(instance=self.shape.instance), here.limits
        if self.shape.account:
            _second_account(here)
            other.settings["jira"] = {"token": "second"}
            other.settings["github"] = {"token": "second"}
            if here.face == CLOUD:
                other.settings["jira"]["email"] = "second@sandbox.test"
        return other

    def run(self) -> Result:
        """The whole history."""
        try:
            self._live()
            self._rest()
            self._look()
        except Exception:
            self.result.broke = traceback.format_exc(limit=-6)
        return self.result

    def _live(self) -> None:
        dice = self.dice
        self._sync(self.first, overlapping=self.second if dice.random() < 0.4 else None)
        if self.shape.copied:
            for file in self.first.folder.glob("milepost.db*"):
                shutil.copy(file, self.second.folder / file.name)
        for _ in range(dice.randrange(1, 4)):
            for _ in range(dice.randrange(0, 3)):
                move(self.first, dice)
            one, other = dice.sample([self.first, self.second], 2)
            self._sync(one, overlapping=other if dice.random() < 0.4 else None)
        if self.shape.lost:
            for file in self.second.folder.glob("milepost.db*"):
                file.unlink()

    def _rest(self) -> None:
        earlier: dict[str, str] = {}
        fought = self.hand != "nobody" or self.shape.copied
        settling = SETTLING + (SET_BACKS if fought else 0)
        for turn in range(settling + RESTING):
            pair = [self.first, self.second]
            for one in pair if fought else self.dice.sample(pair, 2):
                HANDS[self.hand](self.first, earlier)
                before = self._others(one)
                watch = one.watch()
                report = self._sync(one)
                if self._others(one) != before:
                    self.result.foreign.append(f"changed what is not its own in round {turn + 1}")
                if watch.writes and turn >= settling:
                    told = [action.sentence for action in report.conclusion.plan.actions]
                    self.result.writes.append(f"wrote in round {turn + 1}: {told}")

    def _look(self) -> None:
        for one in (self.first, self.second):
            plan = one.plan().plan
            self.result.held += len(plan.held)
            undisturbed = self.hand == "nobody"
            if plan.actions and undisturbed:
                self.result.silent.append(f"still plans {[action.sentence for action in plan.actions]}")
            quiet = self.shape.mapping == MARKETING or self.shape.instance != "default" or self.shape.account
            if plan.held and undisturbed and quiet:
                self.result.silent.append(f"holds {plan.held} though there is nothing to disagree about")
        if self.hand not in ("copies", "removes"):
            self._doubles()

    def _doubles(self) -> None:
        here = self.first
        for key in PLACES:
            whose = Counter((mark_in(one).instance, one.author) for one in ours_on(here, key))  # type: ignore[union-attr]
            self.result.doubled += [
                f"{count} comments of {who} on {key}" for who, count in whose.items() if count > 1
            ]

    def _sync(self, one: House, overlapping: House | None = None) -> Any:
        """A run; in the middle of its writes the other one has a whole run, if they overlap."""
        self.result.runs += 1
        waiting = [overlapping] if overlapping is not None else []

        def between(_done: int, _total: int) -> None:
            while waiting:
                self.result.runs += 1
                waiting.pop().sync()

        return one.sync(step=between)

    def _others(self, one: House) -> dict[str, Any]:
        """What belongs to others: people's comments, and labels without the installation's prefix."""
        prefix, mine = one.publish.labels.prefix, self._account(one)
        found: dict[str, Any] = {}
        for issue in self.first.jira.issues.values():
            thread = [(c.author, c.body) for c in self.first.jira.comments(issue.key) if c.author != mine[0]]
            found[issue.key] = ({name for name in issue.labels if not name.startswith(prefix)}, thread)
        for row in self.first.github.issues.values():
            thread = [(c.author, c.body) for c in row.comments if c.author != mine[1]]
            names = self.first.github.label_names(row)
            found[self.first.github.key(row)] = (
                {name for name in names if not name.startswith(prefix)},
                thread,
            )
        return found

    def _account(self, one: House) -> tuple[str, str]:
        second = self.shape.account and one is self.second
        return ("second", "second-bot") if second else (self.first.jira.bot.id, BOT)


def _second_account(here: House) -> None:
    """Another account, that may do what the first one may."""
    bot = here.jira.bot
    here.jira.accounts["second"] = replace(
        bot, id="second", name="second", display="Second", email="second@sandbox.test", token="second"
    )
    here.github.account("second-bot")
    for repo in here.github.repos.values():
        repo.roles["second-bot"] = "push"
    here.github.tokens["second"] = Credential("second-bot", ["repo", "read:org"])


def try_one(number: int, until: float | None = None) -> Result | None:
    """The history of this number, in a world of its own; None if the time is up (`time.monotonic`)."""
    if until is not None and time.monotonic() > until:
        return None
    face = (CLOUD, DATACENTER)[number % 2]
    with TemporaryDirectory() as folder, house(Path(folder), face) as here:
        return Trial(here, number).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try histories until their number or the time is up; print what was wrong and a table; 1 if any was."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.writers", description=__doc__)
    parser.add_argument("--histories", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first history")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    results: list[Result] = []
    numbers = range(asked.seed, asked.seed + asked.histories)
    trial = partial(try_one, until=began + asked.seconds)
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(asked.jobs)) if asked.jobs > 1 else None
        for done in pool.map(trial, numbers) if pool else map(trial, numbers):
            results += [done] if done is not None else []
            if done is not None and not done.fine:
                print(done, flush=True)
    print_table(results)
    wrong = sum(not each.fine for each in results)
    print(
        f"\n{len(results)} histories, {sum(each.runs for each in results)} runs, {wrong} wrong; "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if wrong else 0


def print_table(results: Sequence[Result]) -> None:
    """What was tried, by pair, and what was wrong with it."""
    print("\n| second installation | tried | wrote on | doubled | foreign | silent | broke | holds |")
    print("|---|---|---|---|---|---|---|---|")
    for pair in PAIRS:
        of = [each for each in results if each.pair == pair]
        cells = [
            len(of),
            sum(bool(each.writes) for each in of),
            sum(bool(each.doubled) for each in of),
            sum(bool(each.foreign) for each in of),
            sum(bool(each.silent) for each in of),
            sum(bool(each.broke) for each in of),
            sum(bool(each.held) for each in of),
        ]
        print(f"| {pair} | {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    sys.exit(main())
