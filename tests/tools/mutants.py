"""Changes one place of the product at a time and sees whether the tests notice.

`python -m tests.tools.mutants --help`; needs `pip install '.[mutants]'` (`make mutants` sees to that). Places
are drawn at random by a seed, area by area, and one of the changes that cosmic-ray knows for each. The tests
of its area run in a copy of the checkout until one fails. What none notices survives, and is printed: either
a test is missing, or the change makes no difference that anybody could see.
"""

import argparse
import random
import shlex
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).resolve().parents[2]
AREAS = {
    "engine": (
        ("core/engine/*.py",),
        ("test_engine_*", "test_runs_numbers", "test_runs_first", "test_runs_blocked"),
    ),
    "publish": (
        ("core/publish/**/*.py",),
        ("test_publish_*", "test_threats_text", "test_runs_first", "test_runs_limits", "test_runs_undo*"),
    ),
    "steps": (
        ("core/*.py", "core/steps/*.py", "core/rollup/*.py"),
        ("test_engine_properties", "test_run_log", "test_runs_*", "test_reconcile*", "test_cli_commands"),
    ),
    "github": (("connectors/github/*.py",), ("test_connector_github*", "test_connector_comments")),
    "jira": (("connectors/jira/*.py",), ("test_connector_jira*", "test_connector_comments")),
    "rules": (
        ("mappings/**/*.py",),
        ("test_mappings_*", "test_old_names", "test_unmatched", "test_names", "test_rule_keys"),
    ),
    "transport": (
        ("connectors/*.py", "connectors/http/*.py"),
        ("test_transport*", "test_answer", "test_rates", "test_bounds", "test_redaction", "test_c*"),
    ),
}
"""By area: the modules that are changed, and the tests that should notice, the quick ones first."""
TIMEOUT = 900.0
"""Seconds after which a change counts as noticed: the tests hang."""
ANNOTATIONS = "ReplaceBinaryOperator_BitOr"
"""Left out: nearly every `|` stands between two types. So is how a dataclass keeps its values."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one place, and what became of it."""

    area: str
    spec: MutationSpec
    survived: bool
    diff: str

    def __str__(self) -> str:
        spec = self.spec
        lines = [
            line for line in self.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
        ]
        change = "\n".join(f"    {line}" for line in lines)
        return f"{self.area}: {spec.module_path}:{spec.start_pos[0]} {spec.operator_name}\n{change}"


def places(area: str, files: Sequence[str]) -> list[list[MutationSpec]]:
    """Every place of these files that can be changed, each with its changes."""
    with (
        TemporaryDirectory() as folder,
        use_db(str(Path(folder) / "all.sqlite"), WorkDB.Mode.create) as every,
    ):
        init([Path(file) for file in files], every, {})
        found: dict[tuple[str, tuple[int, int]], list[MutationSpec]] = defaultdict(list)
        for item in every.work_items:
            for spec in item.mutations:
                line = Path(spec.module_path).read_text(encoding="utf-8").splitlines()[spec.start_pos[0] - 1]
                annotated = spec.operator_name.rpartition("/")[2].startswith(ANNOTATIONS)
                if not annotated and not line.lstrip().startswith("@dataclass"):
                    found[str(spec.module_path), spec.start_pos].append(spec)
    return [found[place] for place in sorted(found)]


def drawn(area: str, number: int, seed: int) -> list[MutationSpec]:
    """So many changes of an area, each of another place."""
    globs, _ = AREAS[area]
    files = sorted({str(path.relative_to(ROOT)) for glob in globs for path in ROOT.glob(glob)})
    dice = random.Random(f"{seed} {area}")
    several = places(area, files)
    return [dice.choice(changes) for changes in dice.sample(several, min(number, len(several)))]


def tests_of(area: str) -> list[str]:
    """The files of the tests of an area, in the order in which they run."""
    _, names = AREAS[area]
    found = (sorted((ROOT / "tests").glob(f"{name}.py")) for name in names)
    return list(dict.fromkeys(str(path.relative_to(ROOT)) for paths in found for path in paths))


def copy_to(folder: Path) -> None:
    """The checkout as git has it, changes that are not committed included."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        target = folder / name
        if (ROOT / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)


def attempts(work: Sequence[tuple[str, MutationSpec]], end: float) -> list[Mutant]:
    """Try these one after the other in a copy of the checkout, as long as there is time."""
    return list(_attempts(work, end))


def _attempts(work: Sequence[tuple[str, MutationSpec]], end: float) -> Iterator[Mutant]:
    import os

    with TemporaryDirectory() as folder:
        copy_to(Path(folder))
        os.chdir(folder)
        for area, spec in work:
            if time.time() > end:
                return
            options = ["-p", "no:cacheprovider", "-x", "-q", "--no-header"]
            command = shlex.join([sys.executable, "-m", "pytest", *options, *tests_of(area)])
            result = mutate_and_test([spec], command, TIMEOUT)
            mutant = Mutant(area, spec, result.test_outcome is TestOutcome.SURVIVED, result.diff or "")
            if mutant.survived:
                sys.stderr.write(f"survived: {mutant}\n")
            yield mutant


def table(mutants: Sequence[Mutant]) -> str:
    """The figures by area, as Markdown."""
    lines = ["| area | changes tried | noticed | share |", "| --- | --- | --- | --- |"]
    for area in AREAS:
        several = [mutant for mutant in mutants if mutant.area == area]
        if several:
            noticed = sum(not mutant.survived for mutant in several)
            lines.append(f"| {area} | {len(several)} | {noticed} | {100 * noticed // len(several)}% |")
    return "\n".join(lines)


def main() -> None:
    """Try a sample of each area, and print what survived and a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--area", action="append", choices=sorted(AREAS), help="this one alone; may be repeated"
    )
    parser.add_argument("--number", type=int, default=25, help="changes of each area")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop after so many seconds")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    end = time.time() + chosen.seconds
    areas = chosen.area or list(AREAS)
    work = [(area, spec) for area in areas for spec in drawn(area, chosen.number, chosen.seed)]
    random.Random(chosen.seed).shuffle(work)  # so that a run that is cut short has some of each
    parts = [work[place :: chosen.processes] for place in range(chosen.processes)]
    with ProcessPoolExecutor(chosen.processes) as pool:
        waiting = [pool.submit(attempts, part, end) for part in parts if part]
        mutants = [mutant for each in waiting for mutant in each.result()]
    sys.stdout.write(f"{len(mutants)} of {len(work)} changes tried\n\n{table(mutants)}\n")


if __name__ == "__main__":
    main()
