"""`make audit`: known vulnerabilities in the pinned versions, and ruff's security rules over the code.

Fails where nobody could be asked: a database that was not reached has found nothing, which is no good news.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DATABASES = ("pypi", "osv")
"""Databases of vulnerabilities, in the order of asking; the first that knows every package is enough."""
SECONDS = 300
UNREACHABLE = """\
No database of vulnerabilities could be reached for all packages. Nothing is known about these {count}:
{names}
Run `make audit` again where the package index's own JSON interface or the OSV database can be reached: a
mirror that has the packages alone is not enough; HTTPS_PROXY is honoured."""


@dataclass(frozen=True)
class Looked:
    """What one database said: of how many packages, what is wrong, and which it could not tell about."""

    asked: int
    found: tuple[str, ...]
    unknown: tuple[str, ...]


def read_report(report: Any) -> Looked:
    """What pip-audit's JSON says. Raises KeyError or TypeError for anything else."""
    packages = report["dependencies"]
    found = tuple(
        f"{each['name']} {each['version']}: {flaw['id']}, mended in {_versions(flaw)}"
        for each in packages
        for flaw in each.get("vulns", ())
    )
    unknown = tuple(each["name"] for each in packages if "skip_reason" in each)
    return Looked(len(packages), found, unknown)


def _versions(flaw: Any) -> str:
    return ", ".join(flaw["fix_versions"]) or "no version yet"


def look(database: str, pinned: Sequence[str]) -> Looked:
    """Ask one database about the pinned versions; one that does not answer knows nothing of any."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", database, "--format", "json"]
    command += ["--requirement", str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "15"]
    nothing = Looked(len(pinned), (), tuple(pinned))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        return read_report(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return nothing
    except (ValueError, KeyError, TypeError):
        print(f"  {database}: {(done.stderr.strip().splitlines() or ['no answer'])[-1][:200]}")
        return nothing


def verdict(looked: Sequence[Looked]) -> tuple[int, str]:
    """Exit code and words: 1 something is vulnerable, 2 nobody could be asked about all, 0 all is well."""
    found = sorted({flaw for each in looked for flaw in each.found})
    if found:
        return 1, "\n".join(
            ["Known vulnerabilities:", *found, "Raise these in constraints.txt and run the tests."]
        )
    unknown = set.intersection(*(set(each.unknown) for each in looked))
    if unknown:
        return 2, UNREACHABLE.format(count=len(unknown), names=", ".join(sorted(unknown)))
    return 0, f"No known vulnerability in {max(each.asked for each in looked)} pinned packages."


def main() -> int:
    """Both looks; the worse of the two is the exit code."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==")[0] for line in lines if "==" in line and not line.startswith("#")]
    looked: list[Looked] = []
    for database in DATABASES:
        looked.append(look(database, pinned))
        if looked[-1].found or not looked[-1].unknown:
            break
    code, said = verdict(looked)
    print(said)
    rules = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "S", "--quiet", "."], cwd=ROOT, check=False
    )
    print(
        "Ruff's security rules (those of bandit): "
        + ("nothing found." if rules.returncode == 0 else "see above.")
    )
    return max(code, min(1, rules.returncode))


if __name__ == "__main__":
    sys.exit(main())
