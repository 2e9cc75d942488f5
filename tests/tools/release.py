"""Before a release: do the tag, the version and the changelog agree? `python -m tests.tools.release v1.2.3`

Runs on the standard library alone: the release workflow calls it before anything is installed.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def problems(tag: str, root: Path = ROOT) -> list[str]:
    """What stands in the way of releasing the checkout at `root` under `tag`; empty if nothing does."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    lines = (root / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    fragments = sorted(path.name for path in (root / "changelog.d").iterdir() if path.name != "README.md")
    wrong = []
    if tag != f"v{version}":
        wrong.append(
            f'pyproject.toml: [project] version is "{version}", the tag is {tag}; expected the tag v{version}'
        )
    if not any(line.startswith(f"## {version} (") for line in lines):
        wrong.append(
            f"CHANGELOG.md: no section for {version}; run `.venv/bin/towncrier build --version {version}`"
        )
    if fragments:
        wrong.append(
            f"changelog.d: {', '.join(fragments)} not released; "
            f"run `.venv/bin/towncrier build --version {version}` before the tag is set"
        )
    return wrong


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tests.tools.release TAG", file=sys.stderr)
        return 2
    wrong = problems(arguments[0])
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
