"""The mapping reference: its snippets load, and it leaves no key out."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from mappings.goal_tree import Goal, Guardrail, HealthOverride, KeyResult, Metric, Milestone, Target
from mappings.lint import lint
from mappings.load import Loaded, load
from mappings.rule import LabelMatch, Rule
from tests.builders import GITHUB, JIRA

REFERENCE = (Path(__file__).parent.parent / "docs" / "mapping.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```toml\n(.*?)^```$", REFERENCE, re.DOTALL | re.MULTILINE)
MODELS = (Goal, Guardrail, HealthOverride, KeyResult, LabelMatch, Metric, Milestone, Rule, Target)
KEYS = sorted(
    {field.alias or name for model in MODELS for name, field in model.model_fields.items()} - {"id"}
)


def loaded(tmp_path: Path) -> Loaded:
    (tmp_path / "reference.toml").write_text("\n".join(SNIPPETS), encoding="utf-8")
    return load(["*.toml"], tmp_path, (JIRA, GITHUB))


def test_the_snippets_make_one_mapping(tmp_path: Path) -> None:
    mapping = loaded(tmp_path).mapping
    assert len(SNIPPETS) >= 8
    assert set(mapping.milestones) == {"blog", "launch"}
    assert set(mapping.key_results) == {"visitors", "leads", "complaints", "stories"}


def test_the_first_snippet_is_a_mapping_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(SNIPPETS[0], encoding="utf-8")
    found = load(["*.toml"], tmp_path, (JIRA, GITHUB))
    assert lint(found.mapping, date(2027, 2, 15), found.origins) == ()


def test_every_toml_block_is_toml() -> None:
    blocks = re.findall(r"^```toml[^\n]*\n(.*?)^```$", REFERENCE, re.DOTALL | re.MULTILINE)
    assert all(tomllib.loads(block) for block in blocks)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_its_place_in_the_reference(key: str) -> None:
    assert re.search(rf"`{key}`|`{{[^`]*\b{key}\b[^`]*}}`", REFERENCE)


@pytest.mark.parametrize("key", sorted(field.alias or name for name, field in Rule.model_fields.items()))
def test_every_key_of_a_rule_stands_in_a_snippet(key: str) -> None:
    assert re.search(rf"\b{key} = ", "\n".join(SNIPPETS))
