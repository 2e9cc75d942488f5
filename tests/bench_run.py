"""One measured thing in a process of its own: `python -m tests.bench_run OUT THING ARGUMENTS`.

What the thing imports is imported before the clock starts: start-up has figures of its own.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

Thing = Callable[[], dict[str, Any]]


def peak() -> float:
    """The most memory that this process had resident, in MB."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    # Where there is no /proc. On Linux this would inherit the peak of the process that forked us.
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 1024


def floor_github(url: str, file: str, *repositories: str) -> Thing:
    from tests.bench_floor import github

    return lambda: {"rows": github(url, Path(file), repositories)}


def floor_jira(url: str, file: str, face: str, size: str) -> Thing:
    from tests.bench_floor import jira_cloud, jira_datacenter

    if face == "cloud":
        return lambda: {"rows": jira_cloud(url, Path(file), "BENCH")}
    return lambda: {"rows": jira_datacenter(url, Path(file), "BENCH", int(size))}


def afternoon_github(url: str, file: str, *repositories: str) -> Thing:
    from tests.bench_afternoon import github

    return lambda: {"rows": github(url, Path(file), repositories)}


def afternoon_jira(url: str, file: str, face: str) -> Thing:
    from tests.bench_afternoon import jira

    return lambda: {"rows": jira(url, Path(file), face)}


def milepost(command: str, config: str, ok: str = "0") -> Thing:
    """The command as a user runs it, `plan` or `sync`, in this process."""
    import github
    import jira

    import connectors.github.client
    import connectors.jira.client
    import core.cli.running
    from core.cli import app

    del github, jira, connectors, core

    def run() -> dict[str, Any]:
        code = app([command, "--config", config], standalone_mode=False)
        if str(code) not in ok.split(","):
            raise SystemExit(f"milepost {command} ended with {code}, expected {ok}")
        return {"code": code}

    return run


def libraries() -> Thing:
    """Nothing but both client libraries."""
    import github
    import jira

    return lambda: {"versions": [jira.__version__, github.__name__]}


THINGS: dict[str, Callable[..., Thing]] = {
    "floor-github": floor_github,
    "floor-jira": floor_jira,
    "afternoon-github": afternoon_github,
    "afternoon-jira": afternoon_jira,
    "milepost": milepost,
    "libraries": libraries,
}


def main() -> None:
    """Do it, and write down what it used."""
    out, name, *arguments = sys.argv[1:]
    thing = THINGS[name](*arguments)
    cpu, wall = time.process_time(), time.perf_counter()
    data = thing()
    cost = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": peak(),
        "data": data,
    }
    Path(out).write_bytes(orjson.dumps(cost))


if __name__ == "__main__":
    main()
