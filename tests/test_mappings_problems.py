"""What people are told about their files."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.redaction import redact, tokens
from mappings.problems import MappingErrors, Problem, from_validation, shown_path


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")
    max_changes: Annotated[int, Field(ge=1)] = 200
    mode: Literal["hold", "go"] = "hold"


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limits: Limits = Limits()
    names: tuple[str, ...] | int = ()


TEXT = """
names = [1]

[limits]
max_chnages = 3
max_changes = "many"
mode = "stop"
"""


def test_errors_of_any_model_are_told_with_line_path_and_hint() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"limits": {"max_chnages": 3, "max_changes": "many", "mode": "stop"}})
    found = from_validation("config.toml", TEXT, caught.value, model=Config)
    assert [str(each) for each in sorted(found, key=lambda each: each.line or 0)] == [
        'config.toml:5: limits.max_chnages: unknown key "max_chnages". Did you mean "max_changes"?',
        "config.toml:6: limits.max_changes: expected a whole number, read 'many'",
        "config.toml:7: limits.mode: input should be 'hold' or 'go', read 'stop'",
    ]


def test_members_of_a_union_are_one_problem() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"names": [1]})
    found = from_validation("config.toml", TEXT, caught.value, model=Config)
    assert {each.line for each in found} == {2}
    assert "tuple" not in " ".join(each.path for each in found)


def test_a_table_inside_a_file_is_told_by_its_prefix() -> None:
    with pytest.raises(ValidationError) as caught:
        Limits.model_validate({"max_chnages": 3})
    (found,) = from_validation("config.toml", TEXT, caught.value, ("limits",), Limits)
    assert (found.line, found.path) == (5, "limits.max_chnages")


def test_what_stands_in_no_file_has_a_path_but_no_line() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"limits": {"max_changes": 0}})
    (found,) = from_validation("environment", "", caught.value, model=Config)
    assert (found.line, found.path) == (None, "limits.max_changes")


def test_a_value_under_a_secret_name_is_never_shown() -> None:
    class Secretive(BaseModel):
        token: int

    with pytest.raises(ValidationError) as caught:
        Secretive.model_validate({"token": "hunter2"})
    (found,) = from_validation("config.toml", "token = 'hunter2'", caught.value)
    assert "hunter2" not in repr(found)


def test_problems_come_in_the_order_of_files_and_lines() -> None:
    found = [Problem("b", 1, "", "x"), Problem("a", 9, "", "x"), Problem("a", 2, "", "x", "Do y")]
    assert str(MappingErrors(found)) == "a:2: x. Do y\na:9: x\nb:1: x"


def test_a_path_is_shown_as_people_write_it() -> None:
    path = ("milestones", "blog", "rules", 1, "field", "Story points")
    assert shown_path(path) == 'milestones.blog.rules[2].field."Story points"'


@pytest.mark.parametrize(
    "text",
    [
        "epic = 'BLOG-1'",
        "title = 'Rotate the token of the site'",
        "token = ''",
        "description = 'password reset, secret santa'",
        "ghp_short",
        "# set MILEPOST_TRACKERS__JIRA__TOKEN",
    ],
)
def test_ordinary_text_is_no_token(text: str) -> None:
    assert list(tokens(text)) == []
    assert redact(text) == text


def test_a_private_key_is_a_token() -> None:
    text = "x = '''\n-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----\n'''"
    assert list(tokens(text)) == [(2, "-----BEGIN RSA PRIVATE KEY-----…")]
    assert "MIIE" not in redact(text)
