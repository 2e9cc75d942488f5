"""Mapping files, read whole or refused with everything that is wrong."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.interface import TrackerInfo
from mappings.load import Loaded, MappingErrors, load
from mappings.problems import Problem
from tests.builders import GITHUB, JIRA, tracker_info

EXAMPLES = Path(__file__).parent.parent / "mappings" / "examples"
PLATFORM = (tracker_info("jira", "jira", "PLAT"), tracker_info("github", "github", "acme/*"))
SOUND = """
[goals.show]
title = "Show people how our company works"

[key_results.visitors]
goal = "show"
title = "Reach 3,000 visitors"

[milestones.blog]
title = "Set up a blog"
leads_to = "visitors"
[[milestones.blog.rules]]
epic = "BLOG-1"
"""


def read(
    base: Path, *texts: str, trackers: Sequence[TrackerInfo] = (JIRA, GITHUB), pattern: str = "*.toml"
) -> Loaded:
    for name, text in zip("abc", texts, strict=False):
        (base / f"{name}.toml").write_text(text, encoding="utf-8")
    return load([pattern], base, trackers)


def problems(
    base: Path, *texts: str, trackers: Sequence[TrackerInfo] = (JIRA, GITHUB)
) -> tuple[Problem, ...]:
    with pytest.raises(MappingErrors) as caught:
        read(base, *texts, trackers=trackers)
    return caught.value.problems


def only(base: Path, *texts: str, trackers: Sequence[TrackerInfo] = (JIRA, GITHUB)) -> Problem:
    found = problems(base, *texts, trackers=trackers)
    assert len(found) == 1, [str(each) for each in found]
    return found[0]


def rule(text: str) -> str:
    return f"{SOUND}[[milestones.blog.rules]]\n{text}\n"


@pytest.mark.parametrize(
    ("name", "trackers"),
    [
        ("marketing", (JIRA, GITHUB)),
        ("engineering", PLATFORM),
        ("every-key", (JIRA, GITHUB)),
    ],
)
def test_every_example_loads(name: str, trackers: Sequence[TrackerInfo]) -> None:
    loaded = load([f"{name}.toml"], EXAMPLES, trackers)
    assert [file.name for file in loaded.files] == [f"{name}.toml"]
    assert loaded.mapping.goals
    assert loaded.mapping.milestones


def test_no_example_is_left_untested() -> None:
    assert {file.stem for file in EXAMPLES.glob("*")} == {"marketing", "engineering", "every-key"}


def test_the_marketing_example_says_what_the_company_wants() -> None:
    mapping = load(["marketing.toml"], EXAMPLES, (JIRA, GITHUB)).mapping
    goal = mapping.goals["show-how-we-work"]
    assert (goal.start, goal.due, goal.tracking) == (date(2027, 1, 1), date(2027, 3, 31), ("MKT-1",))
    assert [each.id for each in mapping.key_results_of(goal.id)] == ["visitors", "leads", "countries"]
    assert [each.metric.target for each in mapping.key_results.values() if each.metric] == [3000, 10, 3]
    assert [each.id for each in mapping.milestones_of_goal(goal.id)] == ["blog", "site", "newsletter"]
    assert mapping.milestones["blog"].rules[0].checklist


def test_several_files_make_one_mapping_in_their_order(tmp_path: Path) -> None:
    second = (
        '[key_results.leads]\ngoal = "show"\ntitle = "Leads"\n[key_results.a]\ngoal = "show"\ntitle = "A"\n'
    )
    loaded = read(tmp_path, SOUND, second)
    assert [each.id for each in loaded.mapping.key_results_of("show")] == ["visitors", "leads", "a"]
    assert [file.name for file in loaded.files] == ["a.toml", "b.toml"]
    assert (loaded.origins["leads"].file, loaded.origins["leads"].line) == ("b.toml", 1)


def test_a_file_that_two_patterns_match_is_read_once(tmp_path: Path) -> None:
    read(tmp_path, SOUND)
    loaded = load(["*.toml", "a.toml", str(tmp_path / "a.toml")], tmp_path, (JIRA, GITHUB))
    assert len(loaded.files) == 1


def test_the_digest_follows_the_meaning_of_the_files(tmp_path: Path) -> None:
    first = read(tmp_path, SOUND).digest
    assert first == read(tmp_path, "# a comment\n" + SOUND.replace("BLOG-1", "blog-1")).digest
    assert first != read(tmp_path, SOUND.replace("BLOG-1", "BLOG-2")).digest


def test_keys_come_back_in_one_spelling(tmp_path: Path) -> None:
    text = rule('keys = ["blog-4", "jira:mkt-2", "BLOG-4"]\nany = [{ parent = "mkt-3" }, { label = "x" }]')
    found = read(tmp_path, text).mapping.milestones["blog"].rules[1]
    assert found.keys == ("BLOG-4", "jira:MKT-2")
    assert found.any[0].parent == ("MKT-3",)


def test_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    text = SOUND.replace('title = "Reach', 'metric = { start = 0.1, target = 3 }\ntitle = "Reach')
    metric = read(tmp_path, text).mapping.key_results["visitors"].metric
    assert metric is not None
    assert (metric.start, metric.target) == (Decimal("0.1"), Decimal(3))


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "said", "hint"),
    [
        ("[goals.show]", "[goal.show]\n[goals.show]", 2, "goal", 'unknown table "goal"', '"goals"'),
        ('goal = "show"', 'goal = "shwo"', 6, "key_results.visitors.goal", 'no goal "shwo"', '"show"'),
        ('= "visitors"', '= "show"', 11, "milestones.blog.leads_to[1]", '"show" is a goal', "key results"),
        ('= "visitors"', '= "leads"', 11, "milestones.blog.leads_to[1]", 'no key result "leads"', "visitors"),
        ("leads_to", "leads_too", 11, "milestones.blog.leads_too", "unknown key", '"leads_to"'),
        ("leads_to", "id = 'x'\nleads_to", 11, "milestones.blog.id", 'unknown key "id"', "name of the table"),
        ("[goals.show]\n", "[goals.show]\ndue = 2027\n", 3, "goals.show.due", "expected a date", ""),
        ("[goals.show]\n", '[goals.show]\ndue = "2027-03-31"\n', 3, "goals.show.due", "without quotes", ""),
        (
            "[goals.show]\n",
            "[goals.show]\nstart = 2027-04-01\ndue = 2027-03-31\n",
            2,
            "goals.show",
            "starts on 2027-04-01, after it is due on 2027-03-31",
            "",
        ),
        (
            "[goals.show]",
            "[goals.Show_it]\ntitle = 'x'\n[goals.show]",
            2,
            "goals.Show_it",
            "is no id",
            "small",
        ),
        (
            'goal = "show"',
            'goal = "show"\nmetric = { start = 3, target = 3.0 }',
            7,
            "key_results.visitors.metric",
            "start and target are both",
            "",
        ),
        (
            'goal = "show"',
            'goal = "show"\nguardrail = { current = 3 }',
            7,
            "key_results.visitors.guardrail",
            "needs keep_below, keep_above, or both",
            "",
        ),
        (
            'goal = "show"',
            'goal = "show"\nguardrail = { keep_below = 1, keep_above = 2 }',
            7,
            "key_results.visitors.guardrail",
            "no number could meet both",
            "",
        ),
        ('goal = "show"', 'goal = "show"\nweight = "2"', 7, "key_results.visitors.weight", "a number", ""),
        ('title = "Set up a blog"\n', "", 9, "milestones.blog.title", '"title" is missing', "Add title"),
    ],
)
def test_a_slip_is_told_with_its_place_and_a_hint(
    tmp_path: Path, old: str, new: str, line: int, path: str, said: str, hint: str
) -> None:
    found = only(tmp_path, SOUND.replace(old, new))
    assert (found.file, found.line, found.path) == ("a.toml", line, path)
    assert said in found.reason
    assert hint in found.hint


@pytest.mark.parametrize(
    ("text", "path", "said", "hint"),
    [
        ("", "", "names no condition", ""),
        ("any = [{}]", ".any[1]", "names no condition", ""),
        ("epik = 'BLOG-1'", ".epik", 'unknown key "epik"', '"epic"'),
        ("epic = []", ".epic", "empty list", ""),
        ("version = '1'", ".version", 'unknown key "version"', '"fix_version"'),
        ("title = '('", ".title", "no regular expression: missing ), unterminated subpattern", ""),
        ("title = 'blog(?!ger)'", ".title", "looks ahead or behind", "none = […]"),
        ("none = [{ title = '(a)\\1' }]", ".none[1].title", r"read '(a)\\1'", "Write it out"),
        ("label = { some = ['a'] }", ".label.some", 'unknown key "some"', "any"),
        ("label = ['a', 3]", ".label[2]", "expected text in quotes, read 3", ""),
        ("checklist = 'yes'\nlabel = 'a'", ".checklist", "true or false", ""),
        ("task_list = true\nlabel = 'a'", "", "task_list = true needs", ""),
        ("tracker = 'gihub'\nlabel = 'a'", ".tracker[1]", 'no tracker "gihub"', '"github"'),
        ("project = 'BLGO'", ".project[1]", 'no tracker has the project "BLGO"', '"BLOG"'),
        ("project = 'BL*'", ".project[1]", "is a pattern", "owner/*"),
        ("repository = 'acme/sites'", ".repository[1]", "no tracker has the repository", '"acme/site"'),
        ("tracker = 'github'\njql = 'x = 1'", ".jql", "jql is for trackers of kind jira", ""),
        ("tracker = 'jira'\nsearch = 'x'", ".search", "search is for trackers of kind github", ""),
        (
            "tracker = 'github'\nfix_version = '1'",
            ".fix_version",
            "fix_version is for trackers",
            "or leave it out",
        ),
        ("epic = 'acme/site#1'", ".epic[1]", "epic is for trackers of kind jira", "sub_issues_of"),
        ("sub_issues_of = 'BLOG-1'", ".sub_issues_of[1]", "sub_issues_of is for trackers", "epic"),
        ("keys = ['BLOG-2', 'OPS-1']", ".keys[2]", "no tracker owns OPS-1", "jira: BLOG, MKT"),
        ("keys = 'BLOGG-1'", ".keys[1]", "no tracker owns BLOGG-1", '"BLOG"'),
        ("keys = 'blog'", ".keys[1]", "no issue key", "BLOG-12"),
        ("tracker = 'github'\nkeys = 'BLOG-1'", ".keys[1]", "no tracker among github owns BLOG-1", ""),
        ("project = 'BLOG'\nrepository = 'acme/site'", "", "no issue can match", "any = [...]"),
        ("tracker = 'jira'\nlabel = 'two words'", ".label", "can hold a space", ""),
        (f"label = '{'x' * 256}'", ".label", "256 long", ""),
        ("weight = 0\nlabel = 'a'", ".weight", "greater than 0", ""),
    ],
)
def test_a_slip_in_a_rule_is_told_with_its_place_and_a_hint(
    tmp_path: Path, text: str, path: str, said: str, hint: str
) -> None:
    found = only(tmp_path, rule(text))
    assert found.path == f"milestones.blog.rules[2]{path}"
    assert found.line is not None
    assert found.line >= 14
    assert said in found.reason
    assert hint in found.hint


@pytest.mark.parametrize("text", ["tracker = 'github'\njql = 'x = 1'", "tracker = 'jira'\nsearch = 'x'"])
def test_nobody_is_told_to_leave_out_the_one_condition_of_a_rule(tmp_path: Path, text: str) -> None:
    assert only(tmp_path, rule(text)).hint == "Name another tracker"


def test_every_problem_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    broken = SOUND.replace('goal = "show"', 'goal = "shwo"\nweight = 0\nstart = 2027-02-02\ndue = 2027-02-01')
    other = (
        '[milestones.b]\ntitle = 1\nleads_to = "nope"\n[[milestones.b.rules]]\nepic = "OPS-1"\nlabl = "a"\n'
    )
    found = {(each.file, each.line, each.path) for each in problems(tmp_path, broken, other)}
    assert found == {
        ("a.toml", 5, "key_results.visitors"),
        ("a.toml", 6, "key_results.visitors.goal"),
        ("a.toml", 7, "key_results.visitors.weight"),
        ("b.toml", 2, "milestones.b.title"),
        ("b.toml", 3, "milestones.b.leads_to[1]"),
        ("b.toml", 5, "milestones.b.rules[1].epic[1]"),
        ("b.toml", 6, "milestones.b.rules[1].labl"),
    }


def test_a_file_that_is_no_toml_does_not_hide_the_others(tmp_path: Path) -> None:
    found = problems(tmp_path, SOUND.replace('"show"', '"elsewhere"') + "epik = 1\n", "[goals.x]\ntitle = \n")
    assert [(each.file, each.line) for each in found] == [("a.toml", 14), ("b.toml", 2)]
    assert "no TOML" in found[1].reason
    assert "(at line" not in found[1].reason


def test_an_unfinished_text_is_told_with_its_last_line(tmp_path: Path) -> None:
    assert only(tmp_path, SOUND, "[goals.x]\ntitle = '''\nx\n").line == 3


def test_a_table_written_twice_in_one_file_is_told(tmp_path: Path) -> None:
    found = only(tmp_path, SOUND, "[goals.x]\ntitle = 'x'\n[goals.x]\ntitle = 'y'\n")
    assert (found.file, found.line) == ("b.toml", 3)
    assert "second time" in found.hint


@pytest.mark.parametrize("table", ["goals", "milestones"])
def test_an_id_is_taken_over_all_tables_and_files(tmp_path: Path, table: str) -> None:
    found = only(tmp_path, SOUND, f"\n[{table}.visitors]\ntitle = 'x'\n")
    assert (found.file, found.line, found.path) == ("b.toml", 2, f"{table}.visitors")
    assert found.reason == 'the id "visitors" is taken: key result at a.toml:5'


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in only(tmp_path, SOUND).reason


def test_a_pattern_that_matches_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MappingErrors, match=r"goals/\*\*/\*\.toml.*matches no file"):
        load(["goals/**/*.toml"], tmp_path, (JIRA, GITHUB))


def test_a_key_of_two_trackers_needs_a_word_on_which(tmp_path: Path) -> None:
    trackers = (JIRA, tracker_info("other", "jira", "*"))
    found = only(tmp_path, SOUND, trackers=trackers)
    assert found.reason == "BLOG-1 could belong to jira or other"
    assert found.hint == 'Write "jira:BLOG-1", or add tracker = "jira" to the rule'
    named = SOUND.replace("BLOG-1", "jira:BLOG-1")
    assert read(tmp_path, named, trackers=trackers).mapping.milestones["blog"].rules[0].epic == (
        "jira:BLOG-1",
    )
    other = read(tmp_path, SOUND + 'tracker = "other"\n', trackers=trackers).mapping.milestones["blog"]
    assert other.rules[0].tracker == ("other",)


@pytest.mark.parametrize("place", ["goals.show", "milestones.blog"])
def test_a_tracking_issue_belongs_to_a_tracker(tmp_path: Path, place: str) -> None:
    text = SOUND.replace(f"[{place}]\n", f'[{place}]\ntracking = ["BLOG-1", "OPS-3"]\n')
    found = only(tmp_path, text)
    assert found.path == f"{place}.tracking[2]"
    assert found.reason == "no tracker owns OPS-3"


def test_the_label_of_a_milestone_fits_into_every_tracker(tmp_path: Path) -> None:
    short = replace(GITHUB, label_limit=13)
    found = only(tmp_path, SOUND, trackers=(JIRA, short))
    assert found.reason == "the label milestone/blog is 14 long, github takes 13"


@pytest.mark.parametrize(
    ("line", "secret", "shown"),
    [
        ("# ghp_{}", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghp_…"),
        ("token = 'github_pat_{}'", "11AAAAAAA0abcdefghijkl_mnopqrstuv", "github_pat_…"),
        ("x = ['ATATT{}']", "3xFfGF0abcdefghijklmnop=1A2B3C4D", "ATATT…"),
        ("api_key = '{}'", "bm90IGEgcmVhbCBzZWNyZXQgYXQgYWxs", "api_key = '…'"),
        ("'ghs_{}' = 1", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghs_…"),
        ("title = ghp_{}", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "ghp_…"),
    ],
)
def test_a_token_in_a_file_is_told_and_never_shown(
    tmp_path: Path, line: str, secret: str, shown: str
) -> None:
    text = f"{SOUND}[goals.second]\n{line.format(secret)}\n"
    found = problems(tmp_path, text)
    told = [each for each in found if "a token is written here" in each.reason]
    assert [each.line for each in told] == [15]
    assert shown in told[0].reason
    assert "MILEPOST_TRACKERS__" in told[0].hint
    assert all(secret not in f"{each} {each!r}" for each in found)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["# nothing\n"], "a.toml: says nothing: no goal, key result or milestone stands in it"),
        (["", SOUND], "a.toml: says nothing"),
        (['[goals.a]\ntitle = "A"\n'], "a.toml: no milestone stands in any mapping file"),
        (
            ['[goals.a]\ntitle = "A"\n', '[goals.b]\ntitle = "B"\n'],
            "mappings: no milestone stands in any mapping file",
        ),
    ],
)
def test_a_mapping_that_was_emptied_is_refused(texts: Sequence[str], said: str, tmp_path: Path) -> None:
    assert str(only(tmp_path, *texts)).startswith(said)
