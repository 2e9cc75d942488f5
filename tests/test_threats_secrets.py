"""A canary token, searched for in everything that failing runs leave behind."""

import base64
import json
import re
import signal
import subprocess
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Request, Response

from connectors.errors import TrackerError
from connectors.interface import Reader, TrackerSettings
from connectors.registry import connector
from connectors.sandbox.faults import Fault, Hook, Html, Kind, Replace, Reset, Status, Truncated
from connectors.sandbox.github_truth.truth import BOT
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import SandboxServer
from core.cli.exit_codes import report_and_exit
from core.cli.log import LogFormat, set_up_log
from tests.cli_house import SCRIPT, House, environment, real, wait_for
from tests.conformance import DictMemory
from tests.github_builders import NOW

CANARY = "Zq7canaryXv93bLmw2T"
"""Shaped like no token that anybody knows, so that only its value can give it away."""
BASIC = base64.b64encode(f"milepost@sandbox.test:{CANARY}".encode()).decode()
FORMS = (CANARY, BASIC, CANARY[::-1], CANARY[3:15])
SECRETS = {f"MILEPOST_TRACKERS__{name}__TOKEN": CANARY for name in ("JIRA", "GITHUB")}


@pytest.fixture
def house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    made = House(tmp_path, capsys, monkeypatch)
    yield made
    made.end()


@pytest.fixture
def server(house: House) -> Iterator[SandboxServer]:
    """Trackers whose accounts have the canary as their token."""
    once = [(f'kind = "{kind}"', f'kind = "{kind}"\nattempts = 1') for kind in ("jira", "github")]
    with real(house, *once) as running:
        sites = running.world.sites
        jira, github = sites["jira"], sites["github"]
        assert isinstance(github, GitHubSite)
        github.add_token(CANARY, BOT, ("repo", "read:org"))
        saved = json.dumps(jira.dump()).replace('"token": "sandbox"', f'"token": "{CANARY}"')
        sites["jira"] = JiraSite.load(json.loads(saved))
        sites["jira"].clock = running.world.clock
        house.env |= SECRETS
        yield running


def told(request: Request) -> str:
    """The credential as the tracker was sent it."""
    return request.headers.get("Authorization", "").partition(" ")[2]


def echo_in_rows(request: Request, response: Response) -> Response:
    """Every state becomes what no state can be: the credential."""
    text = response.get_data(as_text=True)
    text = re.sub(r'"(state|created|created_at)": ?"[^"]*"', rf'"\1": ["{told(request)} {CANARY}"]', text)
    response.set_data(text)
    return response


def faults(what: str, sent: str) -> Kind:
    """How a tracker goes wrong that repeats what it was `sent`."""
    echo = {
        "message": f"bad token {sent}",
        "errorMessages": [f"bad {CANARY}", sent],
        "errors": {CANARY: sent},
    }
    kinds: dict[str, Kind] = {
        "refused": Status(401, {"X-Token": sent, "WWW-Authenticate": f'Basic realm="{sent}"'}, echo),
        "forbidden": Status(403, {"X-Accepted-GitHub-Permissions": sent, "X-OAuth-Scopes": ""}, echo),
        "broken": Status(500, {}, echo),
        "misunderstood": Status(400, {}, echo),
        "moved": Status(302, {"Location": f"https://{sent}@elsewhere.invalid/{sent}?token={sent}"}, ""),
        "a page": Html(f"<p>{sent}</p>"),
        "reset": Reset(),
        "truncated": Truncated(),
        "rows": Replace(echo_in_rows),
    }
    return kinds[what]


WAYS = ["refused", "forbidden", "broken", "misunderstood", "moved", "a page", "reset", "truncated", "rows"]


def left_behind(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def gives_away(content: bytes | str) -> bool:
    text = content.decode("latin-1") if isinstance(content, bytes) else content
    return any(form in text for form in FORMS)


@pytest.mark.parametrize("what", WAYS)
def test_no_failing_run_leaves_the_token_anywhere(house: House, server: SandboxServer, what: str) -> None:
    for site, sent in (("jira", BASIC), ("github", CANARY)):
        server.plan(Fault(kind=faults(what, sent), site=site, times=None))
    for arguments in (["check"], ["plan", "--json"], ["sync"], ["status"], ["why", "blog"], ["undo"]):
        form = "json" if arguments[0] in ("sync", "check") else "text"
        said = house.milepost(*arguments, "--verbose", "--log-format", form)
        assert not gives_away(said.out + said.err), arguments
    files = left_behind(house.folder)
    assert ".milepost/milepost.db" in files
    assert [name for name, content in files.items() if gives_away(content)] == []


def test_a_good_run_leaves_the_token_nowhere_either(house: House, server: SandboxServer) -> None:
    assert house.milepost("sync", "--verbose").code == 0
    said = [house.milepost(command, "--verbose") for command in ("check", "plan", "status")]
    assert not any(gives_away(each.out + each.err) for each in said)
    assert [name for name, content in left_behind(house.folder).items() if gives_away(content)] == []


def test_a_killed_run_leaves_no_token_in_the_log_beside_its_store(
    house: House, server: SandboxServer
) -> None:
    """The write-ahead log stays where a process is killed, with all that it was about to store."""
    reached, gone = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        gone.wait(20)

    server.plan(Fault(kind=Hook(wait), site="github", method="POST", path="/comments$"))
    process = subprocess.Popen(
        [SCRIPT, "sync", "--verbose"],
        cwd=house.folder,
        env=environment(house.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    house.processes.append(process)
    wait_for(reached, process)
    process.send_signal(signal.SIGKILL)
    gone.set()
    out, err = process.communicate(timeout=20)
    files = left_behind(house.folder)
    assert files[".milepost/milepost.db-wal"]
    assert not gives_away(out + err)
    assert [name for name, content in files.items() if gives_away(content)] == []


# Exceptions


def closed_port(kind: str) -> tuple[TrackerSettings, Reader]:
    """A tracker at a closed port."""
    usual: dict[str, Any] = {"kind": kind, "url": "http://127.0.0.1:9", "token": CANARY, "attempts": 1}
    own = {"projects": ["BLOG"], "email": "milepost@sandbox.test"}
    found = connector(kind)
    assert found is not None
    settings = found.settings.model_validate(
        usual | (own if kind == "jira" else {"repositories": ["acme/site"]})
    )
    opened = found.open(kind, settings, memory=DictMemory(), clock=lambda: NOW, notify=lambda _line: None)
    return settings, opened.reader


@pytest.mark.parametrize("kind", ["jira", "github"])
def test_settings_show_no_token_however_they_are_printed(kind: str) -> None:
    settings, _ = closed_port(kind)
    assert not gives_away(f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}")


@pytest.mark.parametrize("kind", ["jira", "github"])
def test_no_exception_and_none_that_it_came_from_holds_the_token_in_its_text(kind: str) -> None:
    _, reader = closed_port(kind)
    with pytest.raises(TrackerError) as caught:
        reader.present()
    error = caught.value
    chain: list[BaseException] = []
    ahead: list[BaseException | None] = [error]
    while ahead:
        one = ahead.pop()
        if one is not None and one not in chain:
            chain.append(one)
            ahead += [
                one.__cause__,
                one.__context__,
                *(each for each in one.args if isinstance(each, BaseException)),
            ]
    assert len(chain) > 1
    assert not any(gives_away(f"{one!r} {one} {one.args!r} {vars(one)!r}") for one in chain)
    assert not gives_away("".join(traceback.format_exception(error)))


@pytest.mark.parametrize("form", LogFormat)
def test_the_report_of_an_error_of_our_own_shows_no_token(
    form: LogFormat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    set_up_log(True, form)
    try:
        try:
            raise requests.ConnectionError(f"https://bot:{CANARY}@jira.invalid/?token={CANARY}")
        except requests.ConnectionError as cause:
            raise LookupError(f"no such thing: {CANARY}") from cause
    except LookupError as error:
        with pytest.raises(SystemExit) as end:
            report_and_exit(error)
    said = capsys.readouterr().err
    assert end.value.code == 1
    assert "LookupError" in said
    assert "Please report it" in said
    assert not gives_away(said)
