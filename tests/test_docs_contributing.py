"""What CONTRIBUTING.md names is there: files, names in them and make targets; links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE))
PATHS = sorted(
    {
        text
        for text in QUOTED
        if re.fullmatch(r"[\w.*/-]+", text)
        and ("/" in text or text.endswith((".md", ".py", ".toml", ".txt")))
    }
)
LINKS = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What a link to a headline of the page is called, as GitHub has it."""
    headlines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in headlines}


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_there(path: str) -> None:
    assert list(ROOT.glob(path.rstrip("/")))


def test_every_name_stands_in_the_file_that_is_said() -> None:
    said = re.findall(r"`([\w.]+)` in `([\w/]+\.py)`", PAGE)
    assert len(said) >= 3
    for name, file in said:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert all(re.search(rf"\b{part}\b", text) for part in name.split(".")), f"{name} in {file}"


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"\bmake ([a-z-]+)\b(?=`|\s+#)", PAGE))
    assert {"setup", "demo", "test", "lint", "coverage", "changelog", "bench"} <= targets
    assert [
        target for target in sorted(targets) if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    for link in LINKS.findall((ROOT / name).read_text(encoding="utf-8")):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        page = ROOT / (target or name)
        assert page.exists(), link
        assert not anchor or anchor in anchors(page), link


def test_the_glossary_is_sorted_and_has_each_term_once() -> None:
    lines = PAGE.partition("## Glossary")[2].strip().splitlines()
    entries = [line for line in lines if line.startswith("- ")]
    terms = [re.match(r"- \*\*([a-z -]+)\*\*: \S", line) for line in entries]
    assert all(terms), "an entry is `- **term**: what it means`"
    names = [term[1] for term in terms if term]
    assert names == sorted(set(names))
    assert {"goal", "issue", "task", "tracker", "reconcile", "hold", "ledger"} <= set(names)
