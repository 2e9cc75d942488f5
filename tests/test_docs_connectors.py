"""The example connector of the documentation keeps what every connector owes, and a whole sync runs on it."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from connectors.interface import Tracker, TrackerSettings
from connectors.models import IssueRef
from connectors.registry import Connector, connector, kinds
from core.settings import SettingsProblems, load_config
from tests.conformance import NAME, ConnectorConformance, Harness, Sent, Trouble

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLE = DOCS / "examples" / "milepost_folder"
PAGE = (DOCS / "connectors.md").read_text(encoding="utf-8")

# ---- installed, as pip would do it ----------------------------------------------------------------------


def installed_in(folder: Path) -> list[str]:
    """Write what an installer leaves of the example, and give back what has to be on the path."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    said = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(said, encoding="utf-8")
    groups = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    return [str(folder), str(EXAMPLE)]


@pytest.fixture(scope="module")
def folder_connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connector]:
    with pytest.MonkeyPatch.context() as patch:
        for place in installed_in(tmp_path_factory.mktemp("site-packages")):
            patch.syspath_prepend(place)
        found = connector("folder")
        assert found is not None
        yield found
        sys.modules.pop("milepost_folder", None)


# ---- what is asked of the folder ------------------------------------------------------------------------


class Watch:
    """Every file that is opened, and every folder that is listed, below one folder while it is on."""

    on = False
    root = ""
    sent: list[Sent]
    before_read: Callable[[], object] | None = None

    def __init__(self) -> None:
        self.sent = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or event not in ("open", "os.listdir", "os.scandir", "os.rename", "os.remove"):
            return
        path = str(args[0])
        if not path.startswith(self.root):
            return
        reads = event in ("os.listdir", "os.scandir") or (event == "open" and args[1] in ("r", None, "rb"))
        self.sent.append(Sent(event, path, reads))
        if self.before_read is not None and event == "open" and reads:
            call, self.before_read = self.before_read, None
            call()


WATCH = Watch()
sys.addaudithook(WATCH)


class FolderHarness(Harness):
    unknown_key = "WORK-9999"

    def __init__(self, kind: Connector, path: Path) -> None:
        super().__init__()
        self.kind, self.path = kind, path
        self.ahead = timedelta()
        self.number = 0
        for name in ("WORK", "PLANS"):
            (path / name).mkdir(parents=True)
        WATCH.sent, WATCH.root, WATCH.on = [], str(path), True

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def open(self, *, token: str | None = None) -> Tracker:
        if token is not None:
            pytest.skip("a folder has no login")
        settings = self.kind.settings.model_validate(
            {"kind": "folder", "path": self.path, "containers": ["WORK"], "url": "https://board.test/issues"}
        )
        return self.kind.open(NAME, settings, memory=self.memory, clock=self.now, notify=self.notices.append)

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        WATCH.on, before = False, WATCH.on
        yield
        WATCH.on = before

    def file(self, ref: IssueRef) -> Path:
        (path,) = self.path.glob(f"*/{ref.id}.json")
        return path

    @contextmanager
    def row(self, ref: IssueRef) -> Iterator[dict[str, Any]]:
        with self.unwatched():
            path = self.file(ref)
            row = json.loads(path.read_text(encoding="utf-8"))
            yield row
            self.write(path, row)

    def write(self, path: Path, row: dict[str, Any]) -> None:
        path.write_text(json.dumps(row), encoding="utf-8")
        os.utime(path, (self.now().timestamp(),) * 2)

    def pass_time(self, by: timedelta) -> None:
        self.ahead += by

    def create(
        self,
        title: str,
        *,
        labels: Iterable[str] = (),
        parent: IssueRef | None = None,
        body: str = "",
        outside: bool = False,
    ) -> IssueRef:
        self.number += 1
        container = "PLANS" if outside else "WORK"
        row: dict[str, Any] = {"title": title, "status": "To do", "labels": list(labels), "body": body}
        row |= {"created": self.now().isoformat(), "parent": parent.key if parent else None}
        with self.unwatched():
            self.write(self.path / container / f"{self.number}.json", row)
        return IssueRef(NAME, str(self.number), f"{container}-{self.number}")

    def edit(self, ref: IssueRef, title: str) -> None:
        with self.row(ref) as row:
            row["title"] = title

    def finish(self, ref: IssueRef) -> None:
        with self.row(ref) as row:
            row |= {"status": "Done", "resolved": self.now().isoformat()}

    def give_up(self, ref: IssueRef) -> None:
        with self.row(ref) as row:
            row |= {"status": "Cancelled", "resolved": self.now().isoformat()}

    def move(self, ref: IssueRef) -> IssueRef:
        with self.unwatched():
            self.file(ref).rename(self.path / "PLANS" / f"{ref.id}.json")
        return IssueRef(NAME, ref.id, f"PLANS-{ref.id}")

    def delete(self, ref: IssueRef) -> None:
        with self.unwatched():
            self.file(ref).unlink()

    def comment_by_other(self, ref: IssueRef, body: str) -> str:
        with self.row(ref) as row:
            comments = row.setdefault("comments", [])
            comments.append({"id": f"c{len(comments)}", "author": "ann", "body": body})
            return str(comments[-1]["id"])

    def delete_comment(self, ref: IssueRef, comment_id: str) -> None:
        with self.row(ref) as row:
            row["comments"] = [one for one in row["comments"] if one["id"] != comment_id]

    def add_label(self, ref: IssueRef, label: str) -> None:
        with self.row(ref) as row:
            row["labels"].append(label)

    def labels(self, ref: IssueRef) -> set[str]:
        with self.row(ref) as row:
            return set(row["labels"])

    def comments(self, ref: IssueRef) -> list[str]:
        with self.row(ref) as row:
            return [one["body"] for one in row.get("comments", [])]

    def title_query(self, word: str) -> str:
        return word

    def trouble(self, what: Trouble, *, writes: bool, times: int | None = 1) -> None:
        if writes and what is Trouble.FORBIDDEN:
            with self.unwatched():
                for path in self.path.glob("*/*.json"):
                    path.with_name(f".{path.name}.new").mkdir()
        elif not writes and times is None and what is not Trouble.HTML:
            with self.unwatched():
                self.path.rename(self.path.with_name("unmounted"))
        else:
            pytest.skip("a folder has no network in between")

    def spoil(self, ref: IssueRef) -> None:
        with self.row(ref) as row:
            del row["status"]

    def before_label_write(self, call: Callable[[], object]) -> None:
        WATCH.before_read = call

    def sent(self) -> list[Sent]:
        return list(WATCH.sent)


class TestFolder(ConnectorConformance):
    @pytest.fixture
    def harness(self, folder_connector: Connector, tmp_path: Path) -> Iterable[Harness]:
        yield FolderHarness(folder_connector, tmp_path / "issues")
        WATCH.on = False


# ---- a whole sync -----------------------------------------------------------------------------------------

CONFIG = """
mappings = ["mapping.toml"]
[trackers.board]
kind = "folder"
path = "{path}"
containers = ["WORK"]
url = "https://board.example/issues"
"""
MAPPING = """
[goals.show]
title = "Show people how our company works"
[key_results.visitors]
goal = "show"
title = "Reach 3,000 visitors on the site"
metric = { target = 3000, current = 1350 }
[milestones.blog]
title = "Set up an attractive blog"
leads_to = "visitors"
[[milestones.blog.rules]]
parent = "WORK-1"
"""
ROWS: dict[int, dict[str, Any]] = {
    1: {"title": "The blog", "status": "In progress", "labels": ["epic"]},
    2: {"title": "Create blog homepage", "status": "Done", "parent": "WORK-1"},
    3: {"title": "Set up post structure", "status": "To do", "parent": "WORK-1"},
    4: {"title": "Create authors page", "status": "To do", "parent": "WORK-1"},
    5: {"title": "Write 5 initial posts", "status": "In progress", "parent": "WORK-1"},
}


class Office:
    """A folder with some issues, a configuration and a mapping; milepost runs on it as its own process."""

    def __init__(self, place: Path) -> None:
        self.issues = place / "issues"
        (self.issues / "WORK").mkdir(parents=True)
        for number, row in ROWS.items():
            self.write(number, row | {"created": "2027-01-04T09:00:00+00:00"})
        self.config = place / "config.toml"
        self.config.write_text(CONFIG.format(path=self.issues), encoding="utf-8")
        (place / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        self.env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*installed_in(place / "lib"), str(DOCS.parent)]),
        }

    def file(self, number: int) -> Path:
        return self.issues / "WORK" / f"{number}.json"

    def read(self, number: int) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self.file(number).read_text(encoding="utf-8"))
        return row

    def write(self, number: int, row: dict[str, Any]) -> None:
        self.file(number).write_text(json.dumps(row), encoding="utf-8")

    def milepost(self, *command: str) -> subprocess.CompletedProcess[str]:
        program = [
            sys.executable,
            "-c",
            "from core.cli import main; main()",
            *command,
            "--config",
            str(self.config),
        ]
        return subprocess.run(program, env=self.env, capture_output=True, text=True, timeout=60, check=False)


def test_a_whole_sync_runs_on_the_example(tmp_path: Path) -> None:
    office = Office(tmp_path)
    checked = office.milepost("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "board: write in WORK: granted" in checked.stdout
    first = office.milepost("sync")
    assert first.returncode == 0, first.stdout + first.stderr
    (comment,) = office.read(1)["comments"]
    assert "Set up an attractive blog: 25%" in comment["body"]
    assert {"epic", "mp/milestone/blog", "mp/progress/25-49"} <= set(office.read(1)["labels"])
    assert office.milepost("plan").returncode == 0
    office.write(3, office.read(3) | {"status": "Done", "resolved": "2027-02-01T09:00:00+00:00"})
    assert office.milepost("sync").returncode == 0
    (edited,) = office.read(1)["comments"]
    assert edited["id"] == comment["id"]
    assert "25% → 50%" in edited["body"]
    assert office.milepost("undo", "--all").returncode == 0
    assert [office.read(number).get("comments", []) for number in ROWS] == [[]] * len(ROWS)
    assert office.read(1)["labels"] == ["epic"]


def test_a_folder_that_is_away_ends_a_sync_with_1_and_leaves_the_comment(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.milepost("sync")
    away = tmp_path / "away"
    office.issues.rename(away)
    run = office.milepost("sync")
    assert run.returncode == 1
    assert "cannot be listed" in run.stdout
    assert len(json.loads((away / "WORK" / "1.json").read_text(encoding="utf-8"))["comments"]) == 1


# ---- what the page says -----------------------------------------------------------------------------------


def test_the_example_registers_under_its_kind(folder_connector: Connector) -> None:
    assert "folder" in kinds()
    assert issubclass(folder_connector.settings, TrackerSettings)
    assert import_module("milepost_folder").CONNECTOR is folder_connector
    assert distribution("milepost-folder").version


def test_a_misspelt_key_of_the_example_is_told_with_its_place(
    folder_connector: Connector, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.format(path=tmp_path).replace("containers", "containrs"), encoding="utf-8")
    with pytest.raises(SettingsProblems, match="containrs"):
        load_config(file)


@pytest.mark.parametrize("code", re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
def test_code_on_the_page_stands_in_the_files(code: str) -> None:
    files = (EXAMPLE / "milepost_folder.py", Path(__file__))
    assert any(code in file.read_text(encoding="utf-8") for file in files)


def test_the_entry_point_on_the_page_is_that_of_the_example() -> None:
    (block,) = re.findall(r"^```toml pyproject.toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tomllib.loads(block)["project"]["entry-points"] == project["entry-points"]


def test_the_configuration_on_the_page_loads(folder_connector: Connector, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml config\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    file = tmp_path / "config.toml"
    file.write_text(f'mappings = ["*.toml"]\n{block}', encoding="utf-8")
    assert load_config(file).trackers["board"].info.owns("WORK-1")


def test_the_table_of_the_built_in_connectors_names_every_file() -> None:
    files = {
        vendor: {path.stem for path in (DOCS.parent / "connectors" / folder).glob("[!_]*.py")}
        for vendor, folder in (("Jira", "jira"), ("GitHub", "github"))
    }
    told: dict[str, set[str]] = {"Jira": set(), "GitHub": set()}
    for name, where in re.findall(r"^\| `(\w+)` \|[^|]*\| (both|Jira|GitHub) \|$", PAGE, re.MULTILINE):
        for vendor in ("Jira", "GitHub") if where == "both" else (where,):
            told[vendor].add(name)
    assert told == files


def test_the_page_names_every_method_that_is_owed() -> None:
    from connectors import interface

    owed = {
        name
        for protocol in (interface.Reader, interface.Writer)
        for name in vars(protocol)
        if not name.startswith("_")
    }
    assert {name for name in owed if f"`{name}`" not in PAGE} == set()
