"""Fields that an organisation has for its issues, in rules and as weights."""

from pathlib import Path

from tests.runs import MARKETING, House, house, milestone, percents

DAY = 86_400
EFFORT = milestone(
    "effort",
    'tracker = "github"\nfield = { Priority = ["High", "Urgent"] }',
    'tracking = "acme/site#8"\nweigh_by = "Effort"',
)
MAPPING = MARKETING + EFFORT


def furnished(here: House) -> House:
    """Three issues with a priority, of which one is done, and one without."""
    here.github.add_issue_field("Priority", "single_select", ["Low", "High", "Urgent"])
    here.github.add_issue_field("Effort", "number")
    here.github.add_issue_field("Teams", "multi_select", ["Web", "Mail"])
    for number, priority, effort in ((4, "High", 3), (5, "Urgent", 1), (7, "Low", 100)):
        here.github.set_issue_field(f"acme/site#{number}", "Priority", priority)
        here.github.set_issue_field(f"acme/site#{number}", "Effort", effort)
        here.github.set_issue_field(f"acme/site#{number}", "Teams", ["Web", "Mail"])
    here.github.close("acme/site#4")
    return here


def test_rules_and_weights_go_by_the_fields_of_issues(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        furnished(here)
        here.agreed()
        assert percents(here.ours()["acme/site#8"])[0] == 75
        here.github.set_issue_field("acme/site#7", "Priority", "High")
        here.github.set_issue_field("acme/site#7", "Effort", 2)
        here.agreed()
        assert percents(here.ours()["acme/site#8"])[0] == 50


def test_a_value_that_moves_no_time_of_change_counts_within_a_day(tmp_path: Path) -> None:
    with house(tmp_path, mapping=MAPPING) as here:
        furnished(here)
        here.agreed()
        here.github.set_issue_field("acme/site#5", "Effort", 9, touch=False)
        here.world.clock.advance(DAY + 60)
        here.agreed()
        assert percents(here.ours()["acme/site#8"])[0] == 25


def test_a_field_of_many_values_matches_by_any_of_them(tmp_path: Path) -> None:
    teams = EFFORT.replace('Priority = ["High", "Urgent"]', 'Teams = "Mail"')
    with house(tmp_path, mapping=MARKETING + teams) as here:
        furnished(here)
        here.agreed()
        assert percents(here.ours()["acme/site#8"])[0] == 2  # 3 of 104
