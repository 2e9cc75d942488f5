"""What people mean by their issues is what milepost counts; with both real clients."""

from pathlib import Path

from tests.runs import house, milestone

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
        state = here.plan().known.state.milestones
        counts = [state[f"look{number}"].counts for number in range(3)]
        assert [(each.done, each.todo) for each in counts] == [(2, 0), (1, 0), (1, 1)]
