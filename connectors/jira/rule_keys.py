"""Which keys of rules Jira can answer."""

from connectors.rule_key_table import NO, YES, RuleKeys, both

_IF_FOUND = "if it has the field"

RULE_KEYS = RuleKeys(
    ("Jira Cloud", "Jira Data Center"),
    {
        "project": both(YES),
        "repository": both(NO),
        "keys": both(YES),
        "epic": both(YES),
        "parent": both(YES),
        "sub_issues_of": both(NO),
        "label": both(YES),
        "component": both(YES),
        "fix_version": both(YES),
        "github_milestone": both(NO),
        "type": both(YES),
        "sprint": both(_IF_FOUND),
        "assignee": both(YES),
        "team": (_IF_FOUND, "with Advanced Roadmaps"),
        "title": both(YES),
        "field": both("custom fields"),
        "jql": both(YES),
        "search": both(NO),
        "checklist": both("in the description"),
        "task_list": both("in the description"),
        "pull_requests": both(NO),
    },
)
