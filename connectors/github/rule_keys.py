"""Which keys of rules GitHub can answer."""

from connectors.rule_key_table import NO, YES, RuleKeys, both

RULE_KEYS = RuleKeys(
    ("GitHub.com", "GitHub Enterprise Server"),
    {
        "project": both(NO),
        "repository": both(YES),
        "keys": both(YES),
        "epic": both(NO),
        "parent": (YES, "if it has sub-issues"),
        "sub_issues_of": (YES, "if it has sub-issues"),
        "label": both(YES),
        "component": both(NO),
        "fix_version": both(NO),
        "github_milestone": both(YES),
        "type": ("types of the organisation", "if it has issue types"),
        "sprint": both(NO),
        "assignee": both(YES),
        "team": both(NO),
        "title": both(YES),
        "field": ("fields of issues and of projects", "if it has such fields"),
        "jql": both(NO),
        "search": both(YES),
        "checklist": both("in the body"),
        "task_list": both("in the body"),
        "pull_requests": both(YES),
    },
)
