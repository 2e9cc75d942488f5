"""Histories of the consistency campaign: made from a number, read as printed, or those that ever failed."""

import random
from dataclasses import dataclass
from pathlib import Path

from tests.tools.consistency_moves import MOVES

FAILED = Path(__file__).with_name("consistency_failed.txt")
FACES = ("cloud", "datacenter")
SCOPES = ("named", "organisation")


@dataclass(frozen=True, slots=True)
class History:
    """What happens: `steps` are names of moves, `fault`, `lift` or `run`, each with a number of its own."""

    face: str
    scope: str
    steps: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return f"{self.face} {self.scope} " + " ".join(f"{name}:{number}" for name, number in self.steps)

    @classmethod
    def read(cls, text: str) -> "History":
        """The history that `str` printed."""
        face, scope, *steps = text.split()
        pairs = (step.rpartition(":") for step in steps)
        return cls(face, scope, tuple((name, int(number)) for name, _, number in pairs))

    @classmethod
    def made_from(cls, seed: int) -> "History":
        """The history of this number."""
        dice = random.Random(seed)
        steps: list[tuple[str, int]] = [("run", 0)] if dice.random() < 0.9 else []
        for _ in range(dice.randrange(2, 7)):
            for _ in range(dice.randrange(1, 5)):
                steps.append((dice.choice(list(MOVES)), dice.randrange(1000)))
            if dice.random() < 0.45:
                steps.append(("fault", dice.randrange(1000)))
            steps.append(("run", dice.randrange(1000)))
            if dice.random() < 0.3:
                steps.append(("lift", 0))
        return cls(dice.choice(FACES), dice.choice(SCOPES), tuple(steps))


def failed_before() -> list[History]:
    """Every history that ever failed, from the file beside this one."""
    lines = FAILED.read_text(encoding="utf-8").splitlines()
    return [History.read(line) for line in lines if line and not line.startswith("#")]
