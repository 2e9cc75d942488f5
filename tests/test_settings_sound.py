"""Settings that cannot be meant: refused or warned of with what to do, and never with the secret in it."""

import os
import re
from pathlib import Path

import pytest

from connectors import credentials
from core.publish.comment import escape
from core.settings import SettingsProblems, load_config
from core.settings.file_modes import open_to_others
from core.store import open_store
from core.store.stored_values import StoreError

SOUND = """
mappings = ["mapping.toml"]
[trackers.github]
kind = "github"
repositories = ["acme/site"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sound configuration, and no variable of ours around it."""
    for name in [each for each in os.environ if each.upper().startswith("MILEPOST_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config.toml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv("MILEPOST_TRACKERS__GITHUB__TOKEN", "sandbox-token")
    return tmp_path


# Where the store is

SERVERS = [
    "postgresql://ann:letmein@db.test/milepost",
    "postgresql+psycopg://ann:letmein@db.test/milepost",
    "postgres://ann:letmein@db.test",
    "mysql://ann:letmein@db.test/milepost",
    "POSTGRESQL://ann:letmein@db.test/milepost",
    "https://ann:letmein@files.test/milepost.db",
    "file:letmein.db",
    "sqlite://letmein",
    "sqlite:///letmein.db?mode=memory",
    "host=db.test user=ann password=letmein",
    "letmein\u0000.db",
    "letmein\nmore.db",
    "",
]


@pytest.mark.parametrize("way", ["file", "environment"])
@pytest.mark.parametrize("url", SERVERS)
def test_a_store_that_is_no_file_is_refused_without_its_password_and_nothing_is_made(
    url: str, way: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "file":
        shown = url.replace("\u0000", "\\u0000").replace("\n", "\\n")
        (folder / "config.toml").write_text(f'{SOUND}[store]\npath = "{shown}"\n', encoding="utf-8")
    elif "\u0000" in url:
        pytest.skip("no variable can hold a NUL")
    else:
        monkeypatch.setenv("MILEPOST_STORE__PATH", url)
    with pytest.raises(SettingsProblems) as refused:
        load_config(folder / "config.toml")
    assert "letmein" not in str(refused.value)
    assert "store" in str(refused.value)
    assert [each.name for each in folder.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("data/milepost.db", "data/milepost.db"),
        ("/var/lib/milepost.db", "/var/lib/milepost.db"),
        ("sqlite:///data/milepost.db", "data/milepost.db"),
        ("sqlite:////var/lib/milepost.db", "/var/lib/milepost.db"),
        ("a=b c.db", "a=b c.db"),
    ],
)
def test_a_path_and_the_url_of_an_sqlite_file_name_the_store(path: str, read: str, folder: Path) -> None:
    (folder / "config.toml").write_text(f'{SOUND}[store]\npath = "{path}"\n', encoding="utf-8")
    assert load_config(folder / "config.toml").settings.store.path == Path(read)


# Credentials for nobody


@pytest.mark.parametrize("key", ["TOKEN", "EMAIL", "PRIVATE_KEY"])
def test_a_credential_for_a_tracker_that_is_not_configured_is_a_warning(
    key: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MILEPOST_TRACKERS__GITLAB__{key}", "another-token")
    config = load_config(folder / "config.toml")
    assert list(config.trackers) == ["github"]
    (warning,) = config.warnings
    assert f"MILEPOST_TRACKERS__GITLAB__{key}" in str(warning)
    assert "another-token" not in str(warning)


@pytest.mark.parametrize(
    "name", ["TRACKERS__GITLAB__URL", "TRACKERS__GITHUB__TOKNE", "TRACKRES__GITHUB__TOKEN"]
)
def test_any_other_variable_that_sets_nothing_is_an_error(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MILEPOST_{name}", "https://gitlab.test")
    with pytest.raises(SettingsProblems):
        load_config(folder / "config.toml")


def test_the_credential_of_a_misspelt_tracker_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_TRACKERS__GITHUBB__TOKEN", "another-token")
    assert len(load_config(folder / "config.toml").warnings) == 1, "github has its own"
    monkeypatch.delenv("MILEPOST_TRACKERS__GITHUB__TOKEN")
    with pytest.raises(SettingsProblems, match='Did you mean "github"'):
        load_config(folder / "config.toml")


# What a token is


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Bearer s3cret-token", 'leave out "Bearer"'),
        ("token s3cret-token", 'leave out "token"'),
        ('"s3cret-token"', "leave out the quotes"),
        ("'s3cret-token'", "leave out the quotes"),
        ("“s3cret-token”", "leave out the quotes"),
        ("GITHUB_TOKEN=s3cret-token", 'leave out "GITHUB_TOKEN="'),
        ("s3cret\ntoken", "character 7 is a line end"),
        ("s3cret token", "character 7 is a space"),
        ("s3cret\u200btoken", "character 7 is U+200B ZERO WIDTH SPACE"),
        ("s3cret\u0430token", "character 7 is U+0430 CYRILLIC SMALL LETTER A"),
        ("s3cret\x00token", "character 7 is a NUL"),
        ("s3cret-token\ufeff", "character 13 is U+FEFF"),
        ("<your s3cret-token>", "in place of the whole"),
    ],
)
def test_a_token_that_cannot_be_one_is_refused_with_what_to_leave_out(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)) as refused:
        credentials.token(text)
    assert "s3cret" not in str(refused.value)


def test_a_token_is_taken_without_the_line_ends_around_it() -> None:
    assert credentials.token("\n s3cret-token=/+._~ \r\n") == "s3cret-token=/+._~"
    assert credentials.token("  \n") == ""


@pytest.mark.parametrize("text", ["\u0430nn@example.com", "ann", "ann@example.com\nx", "'a@b.c'", "a:b@c.d"])
def test_an_address_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|quotes"):
        credentials.address(text)


def test_an_address_is_taken_without_the_spaces_around_it() -> None:
    assert credentials.address(" ann@example.com\n") == "ann@example.com"


# Files of others


@pytest.mark.parametrize("name", ["milepost.db.lock", "milepost.db.holder.new", "milepost.db.holder"])
@pytest.mark.parametrize("dangling", [False, True])
def test_no_file_beside_the_store_is_followed_where_it_is_a_link(
    name: str, dangling: bool, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.txt"
    if not dangling:
        victim.write_text("precious", encoding="utf-8")
    (tmp_path / "store").mkdir()
    with open_store(tmp_path / "store" / "milepost.db") as store:
        link = tmp_path / "store" / name
        link.unlink(missing_ok=True)
        link.symlink_to(victim)
        if name.endswith("lock"):
            with pytest.raises(StoreError, match="symbolic link"), store.lock():
                pass
        else:
            with store.lock():
                pass
    assert victim.exists() is not dangling
    assert dangling or victim.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_link_in_place_of_a_file_of_sqlite_is_refused(suffix: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("precious", encoding="utf-8")
    (tmp_path / f"milepost.db{suffix}").symlink_to(victim)
    with pytest.raises(StoreError, match="symbolic link"):
        open_store(tmp_path / "milepost.db")
    assert victim.read_text(encoding="utf-8") == "precious"


@pytest.mark.skipif(os.name != "posix", reason="files have no such modes")
def test_secret_files_that_others_may_read_are_told_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = folder / "secrets"
    secrets.mkdir()
    file = secrets / "MILEPOST_TRACKERS__GITHUB__TOKEN"
    file.write_text("sandbox-token", encoding="utf-8")
    monkeypatch.setenv("MILEPOST_SECRETS_DIR", str(secrets))
    config = load_config(folder / "config.toml")
    file.chmod(0o644)
    (warning,) = open_to_others(config, ())
    assert f"chmod 600 {file}" in str(warning)
    file.chmod(0o600)
    config.file.chmod(0o666)
    (warning,) = open_to_others(config, ())
    assert "anybody may change" in str(warning)
    config.file.chmod(0o644)
    assert list(open_to_others(config, ())) == []


# Titles


BEFORE = ["", "_", "*", "~", "(", "[", "<", ">", "&", '"', "'", "/", "-", "a", "1", ".", "&#40;"]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("link", ["www.evil.example/login", "WwW.evil.example", "GH-1", "gh-12"])
def test_no_sign_before_a_title_s_link_makes_it_one(link: str, before: str) -> None:
    head = 3 if link[0] in "wW" else 2
    for escaped in (escape.markdown(f"{before}{link}"), escape.markdown(f"see {before}{link}")):
        assert link not in escaped
    if link[0] in "wW":
        assert link[: head + 1] not in escape.wiki(f"see {before}{link}")


# Projects with a policy of their own


@pytest.mark.parametrize(
    ("project", "said", "hint"),
    [
        ("acme/sight", 'no tracker reads a project or repository that is called "acme/sight"', "acme/site"),
        ("githob:acme/site", 'no tracker is called "githob"', "github"),
    ],
)
def test_a_policy_for_a_project_that_nobody_reads_is_a_warning(
    project: str, said: str, hint: str, folder: Path
) -> None:
    def warnings(name: str) -> list[str]:
        table = f'[progress.projects."{name}"]\ncancelled_statuses = ["Parked"]\n'
        (folder / "config.toml").write_text(f"{SOUND}{table}", encoding="utf-8")
        return [str(one) for one in load_config(folder / "config.toml").warnings]

    assert warnings("ACME/site") == warnings("github:acme/site") == []
    (warning,) = warnings(project)
    assert said in warning
    assert f'Did you mean "{hint}"' in warning
