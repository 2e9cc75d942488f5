"""The sandbox's server: what it serves, what it remembers, and how it goes wrong on demand."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from werkzeug import Request, Response

from connectors.sandbox.faults import (
    Close,
    Delay,
    Drip,
    Fault,
    Hang,
    Headers,
    Hook,
    Html,
    Kind,
    Lost,
    Replace,
    Reset,
    SkewedDate,
    Status,
    Truncated,
)
from connectors.sandbox.jira_world import JiraSite
from connectors.sandbox.server import UNANSWERED, SandboxServer
from connectors.sandbox.world import Clock, World

AUTH = ("milepost@sandbox.test", "sandbox")
ISSUE = "/rest/api/2/issue/BLOG-1"


@pytest.fixture
def site() -> JiraSite:
    site = JiraSite("jira")
    site.create_issue("BLOG", "Create blog homepage")
    return site


@pytest.fixture
def server(site: JiraSite) -> Iterator[SandboxServer]:
    with SandboxServer(World.of(site)) as server:
        yield server


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as client:
        client.auth = AUTH
        yield client


def comment(client: requests.Session, server: SandboxServer) -> requests.Response:
    return client.post(server.url("jira") + ISSUE + "/comment", json={"body": "hello"}, timeout=5)


def get(client: requests.Session, server: SandboxServer, timeout: float = 5) -> requests.Response:
    return client.get(server.url("jira") + ISSUE, params={"fields": "summary"}, timeout=timeout)


def test_a_connection_is_kept_for_the_next_request(server: SandboxServer, client: requests.Session) -> None:
    ports = set()

    def note(request: Request, _: Response) -> None:
        ports.add(request.environ["REMOTE_PORT"])

    server.answers.append(note)
    for _ in range(3):
        comment(client, server)
    assert len(ports) == 1


def test_a_closed_server_drops_its_connections_and_closes_twice(site: JiraSite) -> None:
    server = SandboxServer(World.of(site)).start()
    with requests.Session() as client:
        client.auth = AUTH
        url = server.url("jira") + ISSUE
        assert client.get(url, timeout=5).status_code == 200
        server.close()
        server.close()
        with pytest.raises(requests.ConnectionError):
            client.get(url, timeout=5)


def test_every_request_stands_in_the_log(server: SandboxServer, client: requests.Session) -> None:
    get(client, server)
    comment(client, server)
    read, written = server.log
    assert (read.method, read.path, read.query, read.status) == ("GET", ISSUE, "fields=summary", 200)
    assert (written.site, written.status, written.json()) == ("jira", 201, {"body": "hello"})
    assert str(read) == f"jira: GET {ISSUE}?fields=summary -> 200"


def test_an_unknown_site_is_answered_with_the_names_of_those_there_are(server: SandboxServer) -> None:
    answer = requests.get(server.url("jira") + "x/anything", timeout=5)
    assert answer.status_code == 404
    assert "there are: jira" in answer.text


def test_a_status_fault_strikes_the_request_that_it_names(
    server: SandboxServer, client: requests.Session
) -> None:
    kind = Status(503, {"Retry-After": "7"}, {"errorMessages": ["busy"]})
    fault = server.plan(Fault(kind=kind, method="GET", path="/issue/", nth=2, times=2))
    answers = [get(client, server) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].json() == {"errorMessages": ["busy"]}
    assert (fault.seen, fault.fired) == (4, 2)


def test_a_fault_for_another_method_site_or_body_strikes_nothing(
    server: SandboxServer, client: requests.Session
) -> None:
    for fault in (
        Fault(kind=Status(500), method="PUT"),
        Fault(kind=Status(500), site="github"),
        Fault(kind=Status(500), body="goodbye"),
    ):
        server.plan(fault)
    assert comment(client, server).status_code == 201


def test_a_fault_without_end_strikes_until_faults_are_cleared(
    server: SandboxServer, client: requests.Session
) -> None:
    server.plan(Fault(kind=Status(500), times=None))
    assert [get(client, server).status_code for _ in range(3)] == [500] * 3
    server.clear_faults()
    assert get(client, server).status_code == 200


@pytest.mark.parametrize("kind", [Reset(), Close()])
def test_a_connection_cut_before_the_request_leaves_the_world_alone(
    kind: Kind, server: SandboxServer, client: requests.Session, site: JiraSite
) -> None:
    server.plan(Fault(kind=kind))
    with pytest.raises(requests.ConnectionError):
        comment(client, server)
    assert site.comments("BLOG-1") == []
    assert server.log[-1].status == UNANSWERED


def test_a_lost_answer_changes_the_world_all_the_same(
    server: SandboxServer, client: requests.Session, site: JiraSite
) -> None:
    server.plan(Fault(kind=Lost(), method="POST"))
    with pytest.raises(requests.ConnectionError, match="reset"):
        comment(client, server)
    assert [one.body for one in site.comments("BLOG-1")] == ["hello"]
    assert get(client, server).status_code == 200


def test_a_truncated_answer_ends_in_the_middle(server: SandboxServer, client: requests.Session) -> None:
    server.plan(Fault(kind=Truncated()))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(client, server)


def test_an_answer_that_hangs_ends_by_silence_and_holds_up_nobody_else(
    server: SandboxServer, client: requests.Session
) -> None:
    server.plan(Fault(kind=Hang()))
    with pytest.raises(requests.ConnectionError, match="Read timed out"):
        get(client, server, timeout=0.1)
    assert get(client, server).status_code == 200


def test_an_answer_that_drips_is_never_silent_and_never_ends(server: SandboxServer) -> None:
    server.plan(Fault(kind=Drip()))
    with requests.get(server.url("jira") + "/rest/api/2/serverInfo", stream=True, timeout=5) as answer:
        pieces = answer.iter_content(1_000)
        assert all(len(next(pieces)) == 1_000 for _ in range(100))


def test_a_sign_on_page_comes_with_status_200(server: SandboxServer, client: requests.Session) -> None:
    server.plan(Fault(kind=Html()))
    answer = get(client, server)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_replaced_answer_is_made_from_the_real_one(server: SandboxServer, client: requests.Session) -> None:
    def shorten(_: Request, response: Response) -> Response:
        return Response(response.get_data()[:1], status=response.status_code)

    server.plan(Fault(kind=Replace(shorten)))
    assert get(client, server).text == "{"


def test_a_hook_moves_the_world_between_two_requests(
    server: SandboxServer, client: requests.Session, site: JiraSite
) -> None:
    server.plan(Fault(kind=Hook(lambda: site.edit("BLOG-1", summary="Renamed")), nth=2))
    assert [get(client, server).json()["fields"]["summary"] for _ in range(2)] == [
        "Create blog homepage",
        "Renamed",
    ]


def test_a_delay_outlasts_an_impatient_client(server: SandboxServer, client: requests.Session) -> None:
    server.plan(Fault(kind=Delay(5)))
    with pytest.raises(requests.ReadTimeout):
        client.get(server.url("jira") + ISSUE, timeout=0.05)


def test_faults_of_two_kinds_can_strike_one_request(
    server: SandboxServer, client: requests.Session, site: JiraSite
) -> None:
    server.plan(Fault(kind=Hook(lambda: site.add_labels("BLOG-1", "foreign"))))
    server.plan(Fault(kind=Status(502)))
    assert get(client, server).status_code == 502
    assert site.issue("BLOG-1").labels == ["foreign"]


def test_a_failure_of_the_sandbox_itself_comes_out_when_it_is_closed(site: JiraSite) -> None:
    def fail(_: Request, __: Response) -> None:
        raise ZeroDivisionError

    server = SandboxServer(World.of(site)).start()
    server.answers.append(fail)
    assert requests.get(server.url("jira") + ISSUE, auth=AUTH, timeout=5).status_code == 500
    with pytest.raises(RuntimeError, match="the sandbox failed on 1 request"):
        server.close()


def test_the_state_lasts_from_one_server_to_the_next(site: JiraSite, tmp_path: Path) -> None:
    path = tmp_path / "state" / "sandbox.json"
    with SandboxServer(World.of(site), path) as server, requests.Session() as client:
        client.auth = AUTH
        comment(client, server)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["sandbox.json"]
    world = World.load(path)
    again = world.sites["jira"]
    assert isinstance(again, JiraSite)
    assert again.dump() == site.dump()
    assert world.clock.now() == site.clock.now()
    assert [one.body for one in again.comments("BLOG-1")] == ["hello"]


def test_a_request_that_changes_nothing_writes_nothing(site: JiraSite, tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    with SandboxServer(World.of(site), path) as server, requests.Session() as client:
        client.auth = AUTH
        path.unlink()
        get(client, server)
        assert not path.exists()
        comment(client, server)
        assert path.exists()


@pytest.mark.parametrize("text", ["{", "{}", '{"now": "today", "sites": []}', "[1]"])
def test_a_file_that_holds_no_world_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"sandbox\.json is no state of the sandbox"):
        World.load(path)


def test_the_clock_stands_still_between_changes(site: JiraSite) -> None:
    world = World.of(site, start=datetime(2026, 5, 4, 8, tzinfo=UTC))
    before = world.clock.now()
    site.add_labels("BLOG-1", "one")
    assert (world.clock.now() - before).total_seconds() == 1
    site.add_labels("BLOG-1", "one")
    assert (world.clock.now() - before).total_seconds() == 1


def test_answers_bear_the_date_of_the_sandbox(server: SandboxServer, client: requests.Session) -> None:
    server.world.clock.set(datetime(2027, 2, 15, 12, tzinfo=UTC))
    assert get(client, server).headers["Date"] == "Mon, 15 Feb 2027 12:00:00 GMT"


def test_a_world_begins_no_earlier_than_what_has_happened_in_it(site: JiraSite) -> None:
    world = World.of(site, start=datetime(2001, 1, 1, tzinfo=UTC))
    assert world.clock.now() >= site.issue("BLOG-1").updated


def test_a_clock_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Clock(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake that is refused


def test_a_site_stands_under_its_own_name() -> None:
    with pytest.raises(ValueError, match="name"):
        World(Clock(), {"other": JiraSite("jira")})


def test_a_lasting_fault_strikes_one_resource_until_it_is_lifted(
    client: requests.Session, server: SandboxServer
) -> None:
    lasting = server.plan(Fault(kind=Status(500), path=r"/issue/BLOG-1/comment", times=None))
    other = server.plan(Fault(kind=Status(403), path=r"/issue/BLOG-2", times=None))
    for _ in range(12):
        assert comment(client, server).status_code == 500
        assert get(client, server).status_code == 200
    server.lift(lasting)
    server.lift(lasting)
    assert comment(client, server).status_code == 201
    assert (lasting.fired, other.fired) == (12, 0)


def test_headers_are_dropped_replaced_and_added(client: requests.Session, server: SandboxServer) -> None:
    server.plan(Fault(kind=Headers({"Date": None}), times=1))
    server.plan(Fault(kind=Headers({"X-RateLimit-Reset": "1830000000000", "Odd": "\x7f"}), nth=2, times=1))
    server.plan(Fault(kind=SkewedDate(7_200), nth=3, times=1))
    assert "Date" not in get(client, server).headers
    odd = get(client, server).headers
    assert (odd["X-RateLimit-Reset"], odd["Odd"]) == ("1830000000000", "\x7f")
    server.world.clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert get(client, server).headers["Date"] == "Mon, 02 Mar 2026 11:00:00 GMT"
    assert get(client, server).headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"
