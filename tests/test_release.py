"""A release is refused where its tag, its version and its changelog do not agree."""

from pathlib import Path

import pytest

from tests.tools.release import main, problems


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (2027-01-01)\n", encoding="utf-8")
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").touch()
    return tmp_path


def test_a_checkout_in_which_all_agree_is_released(root: Path) -> None:
    assert problems("v1.2.3", root) == []


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3", "v1.2.3rc1", ""])
def test_another_tag_than_that_of_the_version_is_refused(tag: str, root: Path) -> None:
    assert problems(tag, root) == [
        f'pyproject.toml: [project] version is "1.2.3", the tag is {tag}; expected the tag v1.2.3'
    ]


def test_a_version_without_a_section_in_the_changelog_is_refused(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("## 1.2.30 (2027-01-01)\n", encoding="utf-8")
    (wrong,) = problems("v1.2.3", root)
    assert wrong.startswith("CHANGELOG.md: no section for 1.2.3; run")


def test_fragments_that_were_left_out_of_the_changelog_are_refused(root: Path) -> None:
    (root / "changelog.d" / "12.added.md").touch()
    (wrong,) = problems("v1.2.3", root)
    assert wrong.startswith("changelog.d: 12.added.md not released; run")


def test_what_is_wrong_is_printed_and_the_exit_code_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["v0.0.0"]) == 1
    assert "expected the tag v" in capsys.readouterr().out
    assert main([]) == 2
