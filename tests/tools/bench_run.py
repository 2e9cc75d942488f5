"""One measured thing in a process of its own: `python -m tests.tools.bench_run OUT THING ARGUMENTS`.

What the thing imports is imported before the clock starts: start-up has figures of its own.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
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
    from tests.tools.bench_floor import github

    return lambda: {"rows": github(url, Path(file), repositories)}


def floor_jira(url: str, file: str, face: str, size: str) -> Thing:
    from tests.tools.bench_floor import jira_cloud, jira_datacenter

    if face == "cloud":
        return lambda: {"rows": jira_cloud(url, Path(file), "BENCH")}
    return lambda: {"rows": jira_datacenter(url, Path(file), "BENCH", int(size))}


def afternoon_github(url: str, file: str, *repositories: str) -> Thing:
    from tests.tools.bench_afternoon import github

    return lambda: {"rows": github(url, Path(file), repositories)}


def afternoon_jira(url: str, file: str, face: str) -> Thing:
    from tests.tools.bench_afternoon import jira

    return lambda: {"rows": jira(url, Path(file), face)}


def milepost(command: str, config: str, ok: str = "0") -> Thing:
    """The command as a user runs it, `plan` or `sync`, in this process."""
    import github
    import jira

    import connectors.github.tracker
    import connectors.jira.tracker
    import core.cli.command_session
    from core.cli import app

    del github, jira, connectors, core

    def run() -> dict[str, Any]:
        code = app([command, "--config", config], standalone_mode=False)
        if str(code) not in ok.split(","):
            raise RuntimeError(f"milepost {command} ended with {code}, expected {ok}")
        return {"code": code}

    return run


def command(*line: str) -> Thing:
    """A whole command line, without the process around it."""
    from core.cli import app

    def run() -> dict[str, Any]:
        code = app(list(line), standalone_mode=False)
        if code:
            raise RuntimeError(f"milepost {' '.join(line)} ended with {code}")
        return {}

    return run


def libraries() -> Thing:
    """Nothing but both client libraries."""
    import github
    import jira

    return lambda: {"versions": [jira.__version__, github.__name__]}


def tag(how: str, count: str, milestones: str) -> Thing:
    from tests.tools import bench_tagging

    ways = {
        "milepost": bench_tagging.tag_milepost,
        "ideal": bench_tagging.tag_ideal,
        "naive": bench_tagging.tag_naive,
    }
    return ways[how](int(count), int(milestones))


def store(how: str, count: str, file: str) -> Thing:
    from tests.tools import bench_store

    return {"floor": bench_store.plain_upserts, "milepost": bench_store.store_upserts}[how](
        int(count), Path(file)
    )


def roll_up(config: str, changed: str, stones: str) -> Thing:
    from tests.tools import bench_rollup

    return bench_rollup.roll_up(Path(config), int(changed), int(stones))


def group_by(file: str, touched: str) -> Thing:
    from tests.tools import bench_rollup

    return bench_rollup.group_by(Path(file), int(touched))


THINGS: dict[str, Callable[..., Thing]] = {
    "floor-github": floor_github,
    "floor-jira": floor_jira,
    "afternoon-github": afternoon_github,
    "afternoon-jira": afternoon_jira,
    "milepost": milepost,
    "command": command,
    "libraries": libraries,
    "tag": tag,
    "store": store,
    "roll-up": roll_up,
    "group-by": group_by,
}


def cost_of(line: Sequence[str]) -> dict[str, Any]:
    """Do one thing with its arguments; what it used, and what it told."""
    thing = THINGS[line[0]](*line[1:])
    cpu, wall = time.process_time(), time.perf_counter()
    data = thing()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if "found" in data:
        from tests.tools.bench_tagging import digest

        data = digest(data["found"])
    return {"wall": wall, "cpu": cpu, "peak": peak(), "data": data}


def main() -> None:
    """Do it, and write down what it used."""
    Path(sys.argv[1]).write_bytes(orjson.dumps(cost_of(sys.argv[2:])))


if __name__ == "__main__":
    main()
