"""A GitHub App signs in, gets its installation's token, renews it, and knows its own comments."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.errors import BadConfiguration
from connectors.github.check import APP_UNPROVEN
from connectors.models import Capability, IssueRef
from connectors.sandbox.faults import Fault, Lost
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.server import SandboxServer
from connectors.sandbox.world import World
from tests.conformance import posted_on
from tests.github_builders import on_sandbox, pull

MARK = "milepost:test:1:0123456789ab"


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    """A private and a public key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World.of(GitHubSite("github"))) as running:
        yield running


def install(server: SandboxServer, public: str, **values: Any) -> tuple[GitHubSite, dict[str, Any]]:
    """A site with one issue and the App installed; the settings to reach it."""
    site = server.world.sites["github"]
    assert isinstance(site, GitHubSite)
    site.create_repo("acme/site")
    site.create_issue("acme/site", "Task")
    installation = site.install_app("acme", public, app_id=17, slug="milepost", **values)
    return site, {"token": None, "app_id": 17, "installation_id": installation}


def test_an_app_reads_writes_and_knows_what_it_wrote(server: SandboxServer, keys: tuple[str, str]) -> None:
    site, app = install(server, keys[1])
    tracker = on_sandbox(server, site, private_key=keys[0], **app)
    issues, _, _ = pull(tracker)
    ref = issues["acme/site#1"].ref
    tracker.writer.create_comment(ref, f"Half done {MARK}", MARK)
    site.comment(ref.key, f"Copied {MARK}")
    comments = posted_on(tracker.reader, ref).comments
    assert [(comment.body.split()[0], comment.mine) for comment in comments] == [
        ("Half", True),
        ("Copied", False),
    ]
    assert [one.path for one in server.log].count(
        f"/app/installations/{app['installation_id']}/access_tokens"
    ) == 1


def test_a_token_is_renewed_before_it_ends(server: SandboxServer, keys: tuple[str, str]) -> None:
    site, app = install(server, keys[1])
    tracker = on_sandbox(server, site, private_key=keys[0], **app)
    for _ in range(3):
        assert tracker.reader.present()
        server.world.clock.advance(55 * 60)
    assert sum(one.path.endswith("access_tokens") for one in server.log) == 3


def test_the_key_may_stand_in_a_file(server: SandboxServer, keys: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(keys[0])
    site, app = install(server, keys[1])
    assert on_sandbox(server, site, private_key_file=file, **app).reader.present()


def test_a_check_of_an_app_finds_all_well_or_says_which_permission_is_missing(
    server: SandboxServer, keys: tuple[str, str]
) -> None:
    site, app = install(server, keys[1], issues="read")
    found = on_sandbox(server, site, private_key=keys[0], **app).check(frozenset(Capability))
    assert [(one.what, one.ok, one.reason) for one in found if "App" in one.what] == [
        ("App permission", False, "Issues: read")
    ]
    assert not any("not proven" in one.reason for one in found), "it is known to be missing"
    reading = on_sandbox(server, site, private_key=keys[0], **app).check(frozenset({Capability.READ}))
    assert all(one.ok for one in reading)
    assert reading[0].reason == "signed in as milepost[bot]"


@pytest.mark.parametrize(
    "scope",
    [{"repositories": ("acme/site",)}, {"repositories": (), "organization": "acme"}],
    ids=["named", "organisation"],
)
def test_what_an_app_may_write_in_a_repository_is_not_proven_beforehand(
    server: SandboxServer, keys: tuple[str, str], scope: dict[str, object]
) -> None:
    """Its installation tells what it may do in what it covers, and not which repositories these are."""
    site, app = install(server, keys[1])
    needs = frozenset(Capability)
    found = on_sandbox(server, site, private_key=keys[0], **{**app, **scope}).check(needs)
    place = "organisation acme" if "organization" in scope else "repository acme/site"
    told = {one.what: one.reason for one in found if one.what.startswith(f"{place}: ")}
    assert told == {f"{place}: {need}": APP_UNPROVEN for need in needs - {Capability.READ}}
    assert not any(one.reason == "allowed" for one in found)


@pytest.mark.parametrize(
    "key", ["nonsense", "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"]
)
def test_a_key_that_cannot_sign_is_told_and_not_shown(
    server: SandboxServer, keys: tuple[str, str], key: str
) -> None:
    site, app = install(server, keys[1])
    with pytest.raises(BadConfiguration, match="cannot sign") as caught:
        on_sandbox(server, site, private_key=key, **app).reader.present()
    assert "c2VjcmV0" not in str(caught.value)
    assert server.log == []


def test_a_key_file_that_is_not_there_is_named(
    server: SandboxServer, keys: tuple[str, str], tmp_path: Path
) -> None:
    site, app = install(server, keys[1])
    with pytest.raises(BadConfiguration, match=r"cannot read private_key_file .*gone\.pem"):
        on_sandbox(server, site, private_key_file=tmp_path / "gone.pem", **app).reader.present()


def test_another_apps_key_is_refused_by_github(server: SandboxServer, keys: tuple[str, str]) -> None:
    site, app = install(server, keys[1])
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    with pytest.raises(BadConfiguration, match="Check MILEPOST_TRACKERS__HUB__PRIVATE_KEY"):
        on_sandbox(server, site, private_key=pem, **app).reader.present()


def test_an_installation_that_is_not_there_is_a_mistake(server: SandboxServer, keys: tuple[str, str]) -> None:
    site, app = install(server, keys[1])
    with pytest.raises(BadConfiguration, match="Check app_id and installation_id"):
        on_sandbox(server, site, private_key=keys[0], **{**app, "installation_id": 5}).reader.fetch(
            ["acme/site#1"]
        )


def test_a_lost_token_answer_is_simply_asked_for_again(server: SandboxServer, keys: tuple[str, str]) -> None:
    site, app = install(server, keys[1])
    lost = server.plan(Fault(kind=Lost(), path="access_tokens$"))
    tracker = on_sandbox(server, site, private_key=keys[0], **app)
    ref = IssueRef("hub", "1", "acme/site#1")
    assert len(tracker.reader.fetch([ref.key]).issues) == 1
    assert lost.fired == 1
