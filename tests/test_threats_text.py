"""What a tracker user can do with titles, labels and comments: nothing but be quoted."""

import json
import re
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault, Status
from connectors.sandbox.github_world import GitHubSite
from connectors.sandbox.jira_world import JiraSite
from core.publish.label_templates import check_template, fill
from core.publish.publish_policy import CommentPolicy, LabelPolicy, LabelTemplates
from tests.cli_house import House as Folder
from tests.cli_house import real
from tests.runs import CLOUD, DATACENTER, MARKETING, House, house

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])
TITLES = {
    "a mention": "@octocat and @acme/everyone look here",
    "a mention in brackets": "[~ana] [~accountid:5b10ac8d82e05b22cc7d4ef5]",
    "a reference": "fixes #8, closes acme/site#2, GH-3, resolves https://github.com/acme/site/issues/1",
    "a commit": "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef acme/site@deadbeef",
    "a macro": "{panel:title=x}{code}{color:red}{noformat}{expand}{children}{include:BLOG}",
    "an embedded picture": "!http://evil.example/x.png! ![x](http://evil.example/x.png)",
    "a link": "[click](javascript:alert(1)) [click|http://evil.example] <http://evil.example>",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)><!-- --><details open>&lt;b&gt;",
    "a table": "| a | b |\n|---|---|\n|| h || h ||",
    "a heading": "# big\n## bigger\nh1. biggest\nbq. quote\n----",
    "a task list": "- [x] all done\n* [ ] not",
    "a mark": "<!-- milepost:default:milestone/blog --> milepost:default:milestone/site {anchor:milepost}",
    "an escape": "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x9b31m",
    "right to left": "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c",
    "no text": "\x00\ufeff\u200b\u2060\ufffe",
    "a template": "{id} {title} {0} {title.__class__.__mro__} %s ${HOME} {{7*7}} <%= 1 %>",
    "a formula": "=cmd|'/c calc'!A1 [bold red]rich[/] :smile:",
    "very long": "A" * 5_000 + "@octocat" + "\u0301" * 5_000,
}


def titled(here: House) -> None:
    """A task of each milestone on either tracker for each of the titles."""
    here.publish = here.publish.model_copy(update={"comments": CommentPolicy(open_tasks=50)})
    for title in TITLES.values():
        on_jira = here.jira.create_issue("BLOG", "about to be no title that a Jira would take")
        on_jira.summary = title
        on_jira.labels = ["milestone/blog", "milestone/site"]
        key = here.github.key(here.github.create_issue("acme/site", "about to be another"))
        here.github.issue(key).title = title
        here.github.add_labels(key, "milestone/blog", "milestone/site")


def bare_markdown(body: str) -> str:
    """A comment without what we ourselves mean to be active: our mark, and links to issues."""
    body = re.sub(r"<!-- milepost:[\w:/.-]+ -->", "", body)
    return re.sub(r"\]\(https://(?:redirect\.)?(?:github|jira)\.(?:example|com)/[\w/.-]+\)", "]", body)


@FACES
def test_titles_are_quoted_in_comments_and_do_nothing_there(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        ours = {"BLOG-1", "MKT-1", "MKT-2", "acme/site#1"}
        titled(here)
        foreign = here.foreign()
        here.agreed()
        assert here.foreign() == foreign
        assert set(here.ours()) == ours, "a mark in a title moved a comment"
        bodies = here.ours()
    for body in (bodies["acme/site#1"], bodies["BLOG-1"]):
        assert len([line for line in body.splitlines() if re.match(r"[-*] ", line)]) > 2 * len(TITLES)
    assert acts_in_markdown(bare_markdown(bodies["acme/site#1"])) == []
    assert acts_in_wiki(bodies["BLOG-1"]) == []
    assert [key for key, body in bodies.items() if breaks_out(body)] == []


def acts_in_markdown(body: str) -> list[str]:
    """What GitHub would take for more than text."""
    active = (
        r"(?<![\w`])@\w+",
        r"(?<!&)#\d+",
        r"\bGH-\d|\b[0-9a-f]{40}\b",
        r"<(?!/?(?:details|summary|br)\b)[a-zA-Z!/]",
        r"(?<!\\)\]\((?!https://)",
        r"!\[",
        r"(?<![(\w])https?://(?!&)",
    )
    return [found[0] for pattern in active for found in re.finditer(pattern, body)]


def acts_in_wiki(body: str) -> list[str]:
    """What Jira would take for more than text."""
    active = (
        r"(?<!\\)\[~",
        r"(?<!\\)\{(?:panel|code|color:red|noformat|expand|children|include|anchor)",
        r"(?<![\\\w])!http",
        r"(?<!\\)\|http://evil",
    )
    return [found[0] for pattern in active for found in re.finditer(pattern, body)]


def breaks_out(body: str) -> bool:
    """Whether a title became more than a piece of a line."""
    headings = [line for line in body.splitlines() if re.match(r"h\d\.|#{1,6} ", line)]
    unseen = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", body)
    return len(headings) != 1 or unseen is not None or len(body) > 20_000


# Terminal


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Folder:
    return Folder(tmp_path, capsys, monkeypatch)


COMMANDS = (["check"], ["plan"], ["plan", "--json"], ["sync"], ["status"], ["why", "blog"], ["why", "BLOG-4"])


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_a_tracker_says_moves_the_cursor_of_a_terminal(folder: Folder, form: str) -> None:
    evil = "".join(TITLES[what] for what in ("an escape", "right to left", "no text", "a formula"))
    with real(folder, ('kind = "jira"', 'kind = "jira"\nattempts = 1')) as server:
        for site, key in (("jira", "BLOG-4"), ("jira", "BLOG-1"), ("github", "acme/site#4")):
            place = server.world.sites[site]
            if isinstance(place, JiraSite):
                place.edit(key, summary=evil)
            elif isinstance(place, GitHubSite):
                place.edit(key, title=evil)
        said = [folder.milepost(*each, "--verbose", "--log-format", form) for each in COMMANDS]
        echo = {"message": evil, "errorMessages": [evil]}
        server.plan(Fault(kind=Status(500, {"X-Evil": "x"}, echo), site="jira", times=None))
        server.plan(Fault(kind=Status(403, {}, echo), site="github", times=None))
        said += [folder.milepost(*each, "--verbose", "--log-format", form) for each in COMMANDS]
    for each in said:
        for line in (each.out + each.err).splitlines():
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line), line


# Labels


@pytest.mark.parametrize(
    "template",
    [
        "{0}",
        "{}",
        "{title.__class__}",
        "{title!r}",
        "{title:>99}",
        "{id[0]}",
        "{title",
        "}",
        "{{title}}",
        "{ title }",
    ],
)
def test_a_template_of_a_label_reaches_no_attribute_and_no_format(template: str) -> None:
    with pytest.raises(ValueError, match="label"):
        check_template(template)


@pytest.mark.parametrize("value", ["{id}", "{title.__class__}", "\\1", "\\g<0>", "%s", "{bucket}{bucket}"])
def test_what_a_template_is_filled_with_is_not_filled_again(value: str) -> None:
    assert fill("milestone/{title}", {"title": value, "id": "x", "bucket": "y"}) == f"milestone/{value}"


def test_a_title_in_a_label_leaves_the_prefix_that_says_whose_it_is(tmp_path: Path) -> None:
    """Titles of goals and milestones are the mapping's, whose editors are not those of the tracker."""
    templates = LabelTemplates(milestone="{title}", goal="", health="", progress="")
    with house(tmp_path) as here:
        labels = LabelPolicy(tasks=templates, targets=templates)
        here.publish = here.publish.model_copy(update={"labels": labels})
        foreign = here.foreign()
        for what in ("an escape", "a template", "a link", "very long"):
            written = json.dumps(TITLES[what][:150])
            here.mapping = MARKETING.replace('title = "Set up an attractive blog"', f"title = {written}")
            assert here.mapping != MARKETING
            report = here.sync(force=True)
            assert not [each for each in report.written if each.outcome != "done"], what
            assert here.foreign() == foreign, what
            names = {name for each in here.labels().values() for name in each}
            assert names
            assert all(name.startswith("mp/") and name.isprintable() and len(name) <= 255 for name in names)
            assert not any("," in name for name in names)


def test_the_titles_would_act_if_they_were_not_escaped() -> None:
    raw = "\n".join(TITLES.values())
    assert len(acts_in_markdown(raw)) > 10
    assert len(acts_in_wiki(raw)) > 8
    assert breaks_out(raw)
