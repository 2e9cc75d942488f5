"""The first runs: what stands after them, that the next finds nothing, and that one change costs one edit."""

from pathlib import Path

import pytest

from tests.runs import CLOUD, DATACENTER, change_of, house, milestone, percents, points_of, sentences

FACES = pytest.mark.parametrize("face", [CLOUD, DATACENTER])


@FACES
def test_the_first_run_writes_one_comment_on_each_tracking_issue_and_labels_on_what_counts(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        foreign = here.foreign()
        report = here.sync()
        assert not report.failed, report.conclusion.problems
        comments = here.ours()
        assert {key: percents(body) for key, body in comments.items()} == {
            "BLOG-1": [65],
            "MKT-2": [25],
            "MKT-1": [46, 39],
            "acme/site#1": [50],
        }
        labels = here.labels()
        assert set(labels) == {
            *(f"BLOG-{number}" for number in range(1, 7)),
            *(f"MKT-{number}" for number in range(2, 6)),
            "MKT-1",
            *(f"acme/site#{number}" for number in range(1, 8)),
        }
        assert labels["BLOG-2"] == {"mp/milestone/blog"}
        assert labels["BLOG-1"] == {"mp/milestone/blog", "mp/health/at-risk", "mp/progress/50-74"}
        assert labels["acme/site#7"] == {"mp/milestone/newsletter"}
        assert here.foreign() == foreign


@FACES
def test_a_second_run_finds_nothing_to_do_and_sends_no_write(face: str, tmp_path: Path) -> None:
    with house(tmp_path, face) as here:
        here.sync()
        before, watch, changes = here.standing(), here.watch(), here.world.changes
        report = here.sync()
        assert (sentences(report), report.failed, watch.writes) == ([], False, [])
        assert here.world.changes == changes
        assert here.standing() == before


@FACES
def test_one_finished_task_edits_each_comment_that_tells_of_it_once_and_no_other(
    face: str, tmp_path: Path
) -> None:
    with house(tmp_path, face) as here:
        here.agreed()
        before, watch = here.standing(), here.watch()
        here.jira.transition("BLOG-4", "Done")
        here.agreed()
        assert watch.edited == ["BLOG-1", "MKT-1", "MKT-2", "acme/site#1"]
        after = here.standing()
        assert {key for key in after if after[key].labels != before[key].labels} == {"BLOG-1", "MKT-1"}
        assert after["BLOG-1"].labels - before["BLOG-1"].labels == {"mp/health/on-track", "mp/progress/75-99"}
        assert percents(here.ours()["BLOG-1"]) == [90]
        assert len(watch.writes) == 6  # four comments, the labels of two issues


def test_the_reason_of_each_edit_says_what_moved(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        goal = "goal show-how-we-work: delivered 46% → 55%, achieved 39%"
        assert [said for said in sentences(here.agreed()) if said.startswith("Edit")] == [
            f"Edit the progress comment on acme/site#1: {goal}",
            "Edit the progress comment on BLOG-1: 3 of 4 tasks done, 65% → 90%",
            "Edit the progress comment on MKT-1: delivered 46% → 55%, achieved 39%",
            f"Edit the progress comment on MKT-2: {goal}",
        ]
        here.mapping = here.mapping.replace("current = 1350", "current = 1500")
        edits = [said for said in sentences(here.agreed()) if said.startswith("Edit")]
        assert all("achieved 39% → 41%" in said for said in edits)


def test_work_that_no_milestone_counts_changes_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        watch = here.watch()
        here.jira.transition("BLOG-7", "Done")
        here.github.close("acme/site#8")
        here.agreed()
        assert watch.writes == []


def test_a_change_of_the_clock_alone_writes_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        watch = here.watch()
        here.world.clock.advance(3 * 3600)
        here.agreed()
        assert watch.writes == []


def test_a_plan_writes_to_no_tracker_and_tells_what_the_run_then_does(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        watch, changes, before = here.watch(), here.world.changes, here.standing()
        planned = here.plan()
        assert (watch.writes, here.world.changes, here.standing()) == ([], changes, before)
        report = here.sync()
        assert sentences(report) == sentences(planned)
        assert [each.action for each in report.written] == list(planned.plan.actions)
        assert not here.plan().plan.actions


def test_the_order_of_the_trackers_does_not_matter(tmp_path: Path) -> None:
    standings = []
    for names in (["jira", "github"], ["github", "jira"]):
        folder = tmp_path / names[0]
        folder.mkdir()
        with house(folder) as here:
            here.tracker_names = names
            here.agreed()
            here.jira.transition("BLOG-4", "Done")
            here.github.close("acme/site#4")
            here.agreed()
            standings.append(here.standing())
    assert standings[0] == standings[1]


def test_the_comment_on_the_epic_tells_progress_counts_tasks_and_what_they_lead_to(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        body = here.ours()["BLOG-1"]
        assert body.startswith("h3. Set up an attractive blog: 65%, at risk")
        assert "2 of 4 tasks done · 1 in progress · 1 to do · 1 cancelled" in body
        assert "[BLOG-5|https://jira.example/browse/BLOG-5] Write 5 initial posts" in body
        assert "Reach 3,000 visitors on the site: 45%" in body
        assert 'Goal "Show people how our company works": delivered 46%, achieved 39%' in body
        assert "milepost:" not in body


def test_the_goals_own_issue_tells_of_all_its_key_results_and_milestones(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        body = here.ours()["MKT-1"]
        for title in (
            "Reach 3,000 visitors on the site",
            "Convert 10% of visitors to leads",
            "Obtain leads from at least 3 countries",
            "Set up an attractive blog",
            "Make the site easy to find",
            "Launch a monthly newsletter",
        ):
            assert title in body
        assert "delivered 46%, achieved 39%" in body.splitlines()[0]


def test_an_open_tasks_checklist_counts_box_by_box(tmp_path: Path) -> None:
    # Two of four tasks are done, and "Write 5 initial posts" has 3 of its 5 boxes: (2 + 0.6) / 4.
    with house(tmp_path) as here:
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [65]
        text = here.jira.issue("BLOG-5").description or ""
        here.jira.edit("BLOG-5", description=text.replace("[ ]", "[x]", 1))
        here.agreed()
        assert percents(here.ours()["BLOG-1"]) == [70]
        assert "+5 points · partial credit changed: BLOG-5" in here.ours()["BLOG-1"]


def test_the_boxes_of_a_tracking_issue_are_tasks_where_a_rule_says_so(tmp_path: Path) -> None:
    boxes = "- [x] Logo\n- [x] Colours\n- [ ] Letter paper\n- [ ] Cards"
    with house(tmp_path) as here:
        key = here.github.key(here.github.create_issue("acme/site", "Look of the company", body=boxes))
        here.mapping += milestone("look", f'keys = "{key}"\ntask_list = true', f'tracking = "{key}"')
        here.agreed()
        assert percents(here.ours()[key]) == [50]
        here.github.edit(key, body=boxes.replace("[ ] Cards", "[x] Cards"))
        here.agreed()
        assert percents(here.ours()[key]) == [75]


def test_a_piece_of_work_that_stands_in_both_trackers_counts_once(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.jira.add_field("Mirror")
        here.settings["jira"] = {"mirror_field": "Mirror"}
        twin = here.github.create_issue("acme/site", "Homepage: markup", labels=["blog"])
        other = here.github.create_issue("acme/site", "Only on GitHub", labels=["blog"])
        page = f"https://github.example/acme/site/issues/{twin.number}"
        here.jira.edit("BLOG-4", custom={"Mirror": page})
        here.mapping += '\n[[milestones.blog.rules]]\nrepository = "acme/site"\nlabel = "blog"\n'
        here.agreed()
        assert other.number != twin.number
        assert "2 of 5 tasks done" in here.ours()["BLOG-1"]


def test_every_part_of_a_change_adds_up_to_the_difference_that_the_comment_states(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        here.agreed()
        here.jira.transition("BLOG-4", "Done")
        here.jira.transition("BLOG-2", "To Do")
        here.jira.create_issue("BLOG", "Add a feed", parent="BLOG-1")
        here.jira.transition("BLOG-5", "Done", "Won't Do")
        here.agreed()
        body = here.ours()["BLOG-1"]
        assert change_of(body) == (65, 50)
        assert sum(points_of(body)) == 50 - 65
        for said in ("scope added: BLOG-8", "finished: BLOG-4", "re-opened: BLOG-2", "cancelled: BLOG-5"):
            assert said in body
