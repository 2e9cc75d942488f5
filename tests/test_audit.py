"""An audit that could not be made is no clean bill of health."""

from tests.tools.audit import Looked, read_report, verdict

REPORT = {
    "dependencies": [
        {"name": "sound", "version": "1", "vulns": []},
        {"name": "flawed", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]},
        {"name": "unseen", "skip_reason": "not found"},
    ]
}


def test_what_is_vulnerable_is_named_with_the_version_that_mends_it() -> None:
    looked = read_report(REPORT)
    assert looked == Looked(3, ("flawed 2: PYSEC-1, mended in 2.1",), ("unseen",))
    code, said = verdict([looked])
    assert code == 1
    assert "flawed 2: PYSEC-1" in said


def test_packages_that_no_database_knows_make_the_audit_fail_and_say_what_to_do() -> None:
    code, said = verdict([Looked(2, (), ("a", "b")), Looked(2, (), ("b",))])
    assert code == 2
    assert "about these 1:\nb" in said
    assert "could be reached" in said
    assert "Run `make audit` again" in said


def test_all_is_well_once_some_database_knows_every_package() -> None:
    code, said = verdict([Looked(2, (), ("a",)), Looked(2, (), ())])
    assert (code, said) == (0, "No known vulnerability in 2 pinned packages.")
