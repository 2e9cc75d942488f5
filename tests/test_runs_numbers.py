"""What people mean by their issues is what milepost counts; with both real clients."""

from fractions import Fraction
from pathlib import Path

from core.engine.model import Unmeasured
from core.engine.policy import ProgressPolicy, ProjectPolicy
from tests.runs import house, milestone, percents, plain

GOAL = '[goals.show]\ntitle = "Show"\n[key_results.visitors]\ngoal = "show"\ntitle = "Visitors"\n'
HIDDEN = "<!--\n- [ ] Do this\n- [ ] Do that\n-->\n- [x] Logo\n- [x] Colours"
INDENTED = "As an example:\n\n    - [ ] Example\n    - [ ] Another\n\n- [x] Logo"
ACTIONS = (
    '{adf:display=block}\n{"type":"taskList","content":[{"type":"taskItem","attrs":{"state":"DONE"},'
    '"content":[{"type":"text","text":"Logo"}]},{"type":"taskItem","attrs":{"state":"TODO"},'
    '"content":[{"type":"text","text":"Colours"}]}]}\n{adf}'
)


def test_hidden_advice_and_code_are_no_tasks_and_action_items_are(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        keys = [
            here.github.key(here.github.create_issue("acme/site", f"Look {number}", body=body))
            for number, body in enumerate((HIDDEN, INDENTED))
        ]
        for number, key in enumerate((*keys, "BLOG-5")):
            rule = f'keys = "{key}"\ntask_list = true'
            here.mapping += milestone(f"look{number}", rule, f'tracking = "{keys[0]}"')
        here.jira.edit("BLOG-5", description=ACTIONS)
        state = here.plan().evaluation.state.milestones
        counts = [state[f"look{number}"].counts for number in range(3)]
        assert [(each.done, each.todo) for each in counts] == [(2, 0), (1, 0), (1, 1)]


def test_what_was_given_up_does_not_count_though_its_resolution_is_done(tmp_path: Path) -> None:
    rule = 'keys = ["BLOG-2", "BLOG-3", "BLOG-4", "BLOG-5"]'
    with house(tmp_path, mapping=GOAL + milestone("words", rule)) as here:
        dropped = here.jira.add_status("Won\u2019t do", "done")
        for key in ("BLOG-2", "BLOG-3"):
            here.jira.transition(key, "Done")
        here.jira.transition("BLOG-4", dropped.name)
        words = here.plan().evaluation.state.milestones["words"]
        assert (words.counts.done, words.counts.todo + words.counts.in_progress) == (2, 1)
        assert words.measure == Fraction(2, 3)
        # In a language of which nobody told us anything: by its id, and in one project alone.
        here.jira.rename_status(dropped.name, "Wird verworfen")
        here.sync(full=True)
        assert here.plan().evaluation.state.milestones["words"].measure == Fraction(3, 4)
        there = ProjectPolicy(cancelled_statuses=(dropped.id,))
        here.progress = ProgressPolicy(projects={"blog": there})
        assert here.plan().evaluation.state.milestones["words"].measure == Fraction(2, 3)
        here.progress = ProgressPolicy(projects={"jira:MKT": there})
        assert here.plan().evaluation.state.milestones["words"].measure == Fraction(3, 4)


def test_a_project_goes_on_by_the_name_that_its_settings_have_for_it(tmp_path: Path) -> None:
    rule = 'tracker = "jira"\nkeys = ["BLOG-2", "BLOG-3"]'
    with house(tmp_path, mapping=GOAL + milestone("words", rule)) as here:
        here.progress = ProgressPolicy(projects={"BLOG": ProjectPolicy(cancelled_statuses=("Done",))})
        here.jira.transition("BLOG-2", "Done")
        here.jira.transition("BLOG-3", "Done")
        here.sync()
        here.jira.rename_project("BLOG", "NEWS")
        here.world.clock.advance(25 * 3600)
        here.sync()
        assert here.plan().evaluation.state.milestones["words"].counts.cancelled == 2


def test_labels_of_github_are_emoji_however_they_are_spelt(tmp_path: Path) -> None:
    with house(tmp_path, mapping=GOAL + milestone("words", 'tracker = "github"\nlabel = "✨ New"')) as here:
        here.settings["github"] = {"in_progress_labels": ["🚧"]}
        here.github.create_issue("acme/site", "A", labels=[":sparkles: new"])
        here.github.create_issue("acme/site", "B", labels=["✨\ufe0f NEW", ":construction:"])
        here.github.create_issue("acme/site", "C", labels=["new"])
        counts = here.plan().evaluation.state.milestones["words"].counts
        assert (counts.todo, counts.in_progress) == (1, 1)


def test_stories_that_are_cut_up_stay_where_they_stood(tmp_path: Path) -> None:
    """Case N4: 14 of 18 points are done; then two stories are cut into sub-tasks without points."""
    rule = 'weigh_by = "story_points"\n'
    with house(tmp_path, mapping=GOAL + milestone("words", 'label = "words"', rule)) as here:
        keys = []
        for points, done in ((13, True), (1, True), (2, False), (2, False)):
            key = here.jira.create_issue("BLOG", f"Story of {points}", type="Story", labels=["words"]).key
            here.jira.edit(key, points=points)
            keys.append(key)
            if done:
                here.jira.transition(key, "Done")
        here.sync()
        assert here.plan().evaluation.state.milestones["words"].measure == Fraction(14, 18)
        for parent, status in ((keys[0], "Done"), (keys[2], "To Do")):
            for number in range(3):
                here.jira.create_issue(
                    "BLOG", f"Part {number}", type="Sub-task", parent=parent, labels=["words"], status=status
                )
        words = here.plan().evaluation.state.milestones["words"]
        assert (words.measure, words.counts.unestimated) == (Fraction(14, 18), 0)
        assert words.counts.done + words.counts.todo == 8


def test_the_field_of_story_points_is_that_of_the_project_and_a_left_over_is_none(tmp_path: Path) -> None:
    """Both fields exist on this site; a hidden value of the other one stands on every issue."""
    rule = 'weigh_by = "story_points"\n'
    with house(tmp_path, mapping=GOAL + milestone("words", 'label = "words"', rule)) as here:
        company = here.jira.add_field("Story Points", "number")
        here.jira.add_project("MKT").team_managed = True
        values = (("BLOG", 3, 50), ("BLOG", None, 70), ("MKT", 90, 5), ("MKT", 80, None))
        for project, points, estimate in values:
            key = here.jira.create_issue(project, "Task", labels=["words"]).key
            here.jira.edit(key, points=estimate, custom={company.id: points})
        words = here.plan().evaluation.state.milestones["words"]
        assert words.total == 3 + 5 + 4 + 4
        assert words.counts.unestimated == 2
        # One project keeps its points in the other field all the same.
        here.settings["jira"] = {"story_points": {"blog": "Story point estimate"}}
        here.sync()
        assert here.plan().evaluation.state.milestones["words"].total == 50 + 70 + 5 + 50
        here.jira.rename_project("BLOG", "NEWS")
        here.world.clock.advance(25 * 3600)
        here.sync()
        here.sync(full=True)
        assert here.plan().evaluation.state.milestones["words"].total == 50 + 70 + 5 + 50
        here.settings["jira"] = {"story_points": {"MKT": "Pints"}}
        measure = here.plan().evaluation.state.milestones["words"].measure
        assert isinstance(measure, Unmeasured)
        assert "story_points = { MKT = 'Pints' }, and this Jira has no such field" in measure.reason


def test_a_done_task_that_gets_a_subtask_is_told_as_replaced_on_the_epic(tmp_path: Path) -> None:
    """Case N9, and what a setting makes of it."""
    more = 'tracking = "BLOG-1"\n'
    with house(tmp_path, mapping=GOAL + milestone("words", 'label = "words"', more)) as here:
        keys = [here.jira.create_issue("BLOG", f"T{n}", labels=["words"]).key for n in range(4)]
        for key in keys[:2]:
            here.jira.transition(key, "Done")
        here.sync()
        assert percents(here.ours()["BLOG-1"]) == [50]
        here.world.clock.advance(3600)
        here.jira.create_issue("BLOG", "More", type="Sub-task", parent=keys[0], labels=["words"])
        here.sync()
        body = here.ours()["BLOG-1"]
        assert percents(body) == [25]
        assert f"replaced by its sub-tasks: {keys[0]}" in plain(body)
        here.mapping = here.mapping.replace(more, f'{more}subtasks = "part of their parent"\n')
        here.sync(force=True)
        assert percents(here.ours()["BLOG-1"]) == [50]
