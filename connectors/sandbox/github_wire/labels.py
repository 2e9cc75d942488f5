"""Labels on the wire: a repository's definitions, and those that an issue bears."""

import re
from typing import Any

from connectors.sandbox.github_truth.truth import Impossible
from connectors.sandbox.github_wire.answers import ApiError, Reply, invalid, refused
from connectors.sandbox.github_wire.call import Call
from connectors.sandbox.github_wire.issues import label_names

_COLOUR = re.compile(r"[0-9a-fA-F]{6}")


def list_definitions(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/labels`, by name."""
    labels = sorted(call.repo.labels.values(), key=lambda label: label.name.casefold())
    return call.listed(labels, lambda label: call.render.label(call.repo, label))


def get_definition(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/labels/{name}`."""
    return Reply(call.render.label(call.repo, call.label))


def create_definition(call: Call) -> Reply:
    """`POST /repos/{owner}/{repo}/labels`; needs push access."""
    repo = call.repo
    call.require(repo, "push")
    name, color = call.text("Label", "name"), _colour(call, "ededed")
    try:
        label = call.site.define_label(repo, name, color, call.fields().get("description"))
    except Impossible as impossible:
        raise refused("Label", impossible) from None
    shown = call.render.label(repo, label)
    return Reply(shown, 201, {"Location": shown["url"]})


def change_definition(call: Call) -> Reply:
    """`PATCH /repos/{owner}/{repo}/labels/{name}`; needs push access."""
    repo = call.repo
    call.require(repo, "push")
    label, fields = call.label, call.fields()
    name = fields.get("new_name") or fields.get("name") or label.name
    description = fields.get("description", label.description)
    try:
        call.site.change_label(repo, label, name, _colour(call, label.color), description)
    except Impossible as impossible:
        raise refused("Label", impossible) from None
    return Reply(call.render.label(repo, label))


def delete_definition(call: Call) -> Reply:
    """`DELETE /repos/{owner}/{repo}/labels/{name}`; needs push access."""
    call.require(call.repo, "push")
    call.site.drop_label(call.repo, call.label)
    return Reply(None, 204)


def list_of_issue(call: Call) -> Reply:
    """`GET /repos/{owner}/{repo}/issues/{issue_number}/labels`."""
    labels = [call.repo.labels[item] for item in call.issue.labels]
    return call.listed(labels, lambda label: call.render.label(call.repo, label))


def add_to_issue(call: Call) -> Reply:
    """`POST …/labels`: adds; what the repository does not define yet is defined, given push access."""
    issue, names = call.issue, _names(call)
    _may_label(call, names)
    try:
        call.site.add_labels(call.site.key(issue), *names)
    except Impossible as impossible:
        raise refused("Label", impossible) from None
    return _standing(call)


def replace_on_issue(call: Call) -> Reply:
    """`PUT …/labels`: replaces the whole set."""
    issue, names = call.issue, _names(call)
    _may_label(call, names)
    try:
        call.site.edit(call.site.key(issue), labels=names)
    except Impossible as impossible:
        raise refused("Label", impossible) from None
    return _standing(call)


def clear_issue(call: Call) -> Reply:
    """`DELETE …/labels`: takes all off."""
    call.require(call.repo, "triage")
    call.site.edit(call.key, labels=())
    return Reply(None, 204)


def remove_from_issue(call: Call) -> Reply:
    """`DELETE …/labels/{name}`: takes one off; 404 if the issue does not bear it."""
    issue = call.issue
    call.require(call.repo, "triage")
    try:
        call.site.remove_labels(call.site.key(issue), call.args["name"])
    except KeyError:
        raise ApiError(404, "Label does not exist") from None
    return _standing(call)


def _standing(call: Call) -> Reply:
    labels = call.repo.labels
    return Reply([call.render.label(call.repo, labels[label]) for label in call.issue.labels])


def _may_label(call: Call, names: list[str]) -> None:
    unknown = any(call.site.label(call.repo, name) is None for name in names)
    call.require(call.repo, "push" if unknown else "triage")


def _names(call: Call) -> list[str]:
    given: Any = call.body.get("labels") if isinstance(call.body, dict) else call.body
    return label_names([given] if isinstance(given, str) else given)


def _colour(call: Call, default: str) -> str:
    colour = call.fields().get("color", default)
    if not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise invalid("Label", "invalid", "color")
    return colour
