"""A sandbox GitHub as plain JSON data and back."""

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.sandbox.github_truth.model import (
    Account,
    Comment,
    Credential,
    Installation,
    Issue,
    IssueField,
    IssueType,
    Label,
    Milestone,
    Project,
    ProjectField,
    ProjectItem,
    Repo,
    Settings,
)
from connectors.sandbox.github_truth.order import Order
from connectors.sandbox.github_truth.truth import Truth


def dump_truth(truth: Truth) -> dict[str, Any]:
    """Everything that a site holds, as JSON knows it."""
    held: dict[str, Any] = orjson.loads(
        orjson.dumps(
            {
                "name": truth.name,
                "enterprise": truth.enterprise,
                "web": truth.web,
                "settings": truth.settings,
                "last_id": truth.last_id,
                "accounts": list(truth.accounts.values()),
                "names": truth.names,
                "types": truth.types,
                "issue_fields": list(truth.issue_fields.values()),
                "projects": list(truth.projects.values()),
                "tokens": truth.tokens,
                "installations": list(truth.installations.values()),
                "repos": list(truth.repos.values()),
                "issues": list(truth.issues.values()),
            },
            option=orjson.OPT_NON_STR_KEYS,
        )
    )
    return held


def load_truth(truth: Truth, held: Mapping[str, Any]) -> None:
    """Fill an empty site with what `dump_truth` gave."""
    truth.settings = Settings(**held["settings"])
    truth.last_id = held["last_id"]
    truth.accounts = {hold["login"].casefold(): Account(**hold) for hold in held["accounts"]}
    truth.names = dict(held["names"])
    truth.types = {owner: [IssueType(**item) for item in types] for owner, types in held["types"].items()}
    truth.issue_fields = {hold["name"]: IssueField(**hold) for hold in held["issue_fields"]}
    truth.projects = {item["id"]: _project(item) for item in held.get("projects", ())}
    truth.tokens = {token: Credential(**hold) for token, hold in held["tokens"].items()}
    truth.installations = {hold["id"]: Installation(**hold) for hold in held["installations"]}
    truth.repos = {hold["id"]: _repo(hold) for hold in held["repos"]}
    truth.orders = {number: Order() for number in truth.repos}
    for hold in held["issues"]:
        comments = [Comment(**comment) for comment in hold["comments"]]
        truth.enter(Issue(**{**hold, "comments": comments}))


def _repo(held: dict[str, Any]) -> Repo:
    labels = {hold["id"]: Label(**hold) for hold in held["labels"].values()}
    milestones = {hold["number"]: Milestone(**hold) for hold in held["milestones"].values()}
    moved = {int(number): target for number, target in held["moved"].items()}
    return Repo(**{**held, "labels": labels, "milestones": milestones, "moved": moved})


def _project(held: dict[str, Any]) -> Project:
    fields = [ProjectField(**hold) for hold in held["fields"]]
    items = [
        ProjectItem(**{**hold, "values": {int(id_): value for id_, value in hold["values"].items()}})
        for hold in held["items"]
    ]
    return Project(**{**held, "fields": fields, "items": items})
