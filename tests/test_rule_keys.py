"""What each connector says that it can answer, the page that shows it, and rules that ask for more."""

import re
from pathlib import Path

import pytest

from connectors.github.settings import GitHubSettings
from connectors.jira.settings import JiraSettings
from connectors.registry import connector, kinds
from connectors.rule_key_table import NO, RuleKeys
from mappings.load import MappingErrors, load
from mappings.rule import Rule
from mappings.rules.issue_references import ONLY_IN, speaks, written

PAGE = (Path(__file__).parent.parent / "docs" / "mapping.md").read_text(encoding="utf-8")
OUR_OWN = {"tracker", "all", "any", "none", "name", "weight"}
"""Keys that no tracker has to answer."""
JIRA = JiraSettings.model_validate({"url": "https://jira.example", "projects": ["BLOG"]}).info("jira")
GITHUB = GitHubSettings.model_validate({"repositories": ["acme/site"]}).info("github")


def declared() -> list[RuleKeys]:
    found = (connector(kind) for kind in ("jira", "github"))
    return [one.rule_keys for one in found if one is not None and one.rule_keys is not None]


def table() -> str:
    """The page's table, from what the connectors declare."""
    servers = declared()
    editions = [edition for server in servers for edition in server.editions]
    lines = [f"| key | {' | '.join(editions)} |", f"|---|{'---|' * len(editions)}"]
    for key in servers[0].answers:
        cells = [cell for server in servers for cell in server.answers[key]]
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_page_shows_what_the_connectors_declare() -> None:
    assert table() in PAGE, f"let docs/mapping.md have this table:\n{table()}"


def test_every_connector_declares_every_key_for_each_of_its_editions() -> None:
    keys = {written(name) for name in Rule.model_fields} - OUR_OWN
    assert {"jira", "github"} <= set(kinds())
    for server in declared():
        assert set(server.answers) == keys
        assert all(len(said) == len(server.editions) for said in server.answers.values())


def test_what_is_declared_agrees_with_what_rules_are_compiled_to() -> None:
    for info, server in zip((JIRA, GITHUB), declared(), strict=True):
        for name in ONLY_IN:
            assert speaks(name, info) == (written(name) not in server.lacking)
        assert all(NO not in said for key, said in server.answers.items() if key not in info.lacks)


VALUES = {"keys": "BLOG-1", "field": '{ Channel = "Mail" }', "pull_requests": 'true\nlabel = "x"'}


@pytest.mark.parametrize("kind", ["jira", "github"])
def test_a_key_that_no_tracker_of_the_rule_can_answer_is_refused(kind: str, tmp_path: Path) -> None:
    info = {"jira": JIRA, "github": GITHUB}[kind]
    roots = {"epic", "sub_issues_of"}  # whose issue belongs to no tracker then
    for key in sorted(info.lacks - roots):
        value = VALUES.get(key, '"x"')
        text = f'[milestones.blog]\ntitle = "Blog"\n[[milestones.blog.rules]]\n{key} = {value}\n'
        (tmp_path / "a.toml").write_text(text, encoding="utf-8")
        with pytest.raises(MappingErrors) as raised:
            load(["a.toml"], tmp_path, (info,))
        [problem] = raised.value.problems
        assert (problem.line, problem.path) == (4, f"milestones.blog.rules[1].{key}")
        assert re.search(rf"{key} is for .*, but this rule is about {kind} \({kind}\)", problem.reason)


def test_a_key_that_one_of_the_trackers_can_answer_is_taken(tmp_path: Path) -> None:
    text = '[milestones.blog]\ntitle = "Blog"\n[[milestones.blog.rules]]\ncomponent = "Web"\n'
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    [rule] = load(["a.toml"], tmp_path, (JIRA, GITHUB)).mapping.milestones["blog"].rules
    assert rule.component == ("Web",)


def test_a_field_of_a_project_is_refused_in_a_rule_about_another_tracker(tmp_path: Path) -> None:
    hub = GitHubSettings.model_validate({"repositories": ["acme/site"], "projects": {"roadmap": "acme/1"}})
    text = '[milestones.blog]\ntitle = "Blog"\n[[milestones.blog.rules]]\n'
    for where, refused in (('tracker = "jira"\n', True), ("", False), ('tracker = "github"\n', False)):
        rule = where + 'field = { "Roadmap/Status" = "Done" }\n'
        (tmp_path / "a.toml").write_text(text + rule, encoding="utf-8")
        trackers = (JIRA, hub.info("github"))
        if not refused:
            assert load(["a.toml"], tmp_path, trackers).mapping.milestones["blog"].rules
            continue
        with pytest.raises(MappingErrors) as raised:
            load(["a.toml"], tmp_path, trackers)
        [problem] = raised.value.problems
        assert (problem.line, problem.path) == (5, 'milestones.blog.rules[1].field."Roadmap/Status"')
        assert problem.reason == (
            'the project "Roadmap" is one of github, but this rule is about jira (jira)'
        )
