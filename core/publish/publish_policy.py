"""The settings of comments, labels and limits."""

import hashlib
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.audience import Audience
from core.publish.label_templates import check_template

Template = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(check_template)
]
"""A label's name after the prefix; may hold `{id}`, `{title}`, `{health}` and `{bucket}`."""


def _own_prefix(prefix: str) -> str:
    """Return the prefix; raise ValueError for one that would claim the labels with which people tag work."""
    if "milestone/".startswith(prefix.casefold()) or prefix.casefold().startswith("milestone/"):
        raise ValueError(f"{prefix!r} would claim the labels `milestone/<id>` that people set; take another")
    return prefix


Prefix = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=20, pattern=r"^[^\s,{}]+$"),
    AfterValidator(_own_prefix),
]


INSTANCE = r"^[a-z0-9][a-z0-9-]{0,30}$"
DEFAULT_INSTANCE = "default"
DEFAULT_PREFIX = "mp/"


def prefix_of(instance: str) -> str:
    """Return the label prefix of an instance where none is set: at most 20 characters, different for each.

    A name that is too long is cut and ends in four digits of a hash of the whole.
    """
    if instance == DEFAULT_INSTANCE:
        return DEFAULT_PREFIX
    if len(instance) > 16:
        instance = f"{instance[:11]}-{hashlib.sha256(instance.encode()).hexdigest()[:4]}"
    return f"mp-{instance}/"


class Section(BaseModel):
    """A section of the settings: frozen, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelTemplates(Section):
    """Names of labels after the prefix; an empty text switches that label off."""

    goal: Template = ""
    key_result: Template = ""
    milestone: Template = "milestone/{id}"
    health: Template = "health/{health}"
    progress: Template = "progress/{bucket}"


class LabelPolicy(Section):
    """Only labels that begin with `prefix` are milepost's own; no other label is ever added or removed."""

    enabled: bool = True
    prefix: Prefix = DEFAULT_PREFIX
    """Unless set, that of the instance (`prefix_of`)."""
    tasks: LabelTemplates = LabelTemplates(health="", progress="")
    """Labels of every issue that counts towards a milestone."""
    targets: LabelTemplates = LabelTemplates()
    """Labels of epics and tracking issues."""
    bucket: Annotated[int, Field(ge=1, le=100)] = 25
    """Width of a progress bucket in percent points: 25 gives 0-24, 25-49, 50-74, 75-99 and 100."""


class CommentPolicy(Section):
    """What is shown in a comment."""

    enabled: bool = True
    open_tasks: Annotated[int, Field(ge=0, le=200)] = 10
    """Number of open tasks of each milestone that are listed one by one; the rest is counted."""


class PublishPolicy(Section):
    """What is written to the trackers."""

    instance: Annotated[str, StringConstraints(pattern=INSTANCE)] = DEFAULT_INSTANCE
    """Distinguishes installations of milepost that write to the same issues."""
    audience: Audience = Audience.ORGANISATION
    """The audience of goals, key results and milestones that have none of their own."""
    comments: CommentPolicy = CommentPolicy()
    labels: LabelPolicy = LabelPolicy()
    max_set_backs: Annotated[int, Field(ge=0, le=100)] = 3
    """How often a comment or an issue's labels are set back without a change of meaning, until it is held."""

    @model_validator(mode="before")
    @classmethod
    def _own_prefix(cls, values: Any) -> Any:
        """Set the prefix of the instance where none is set, so that instances do not share labels."""
        instance = values.get("instance", DEFAULT_INSTANCE) if isinstance(values, dict) else DEFAULT_INSTANCE
        if not isinstance(instance, str) or instance == DEFAULT_INSTANCE:
            return values
        if re.fullmatch(INSTANCE, instance) is None:  # reported by the validation of `instance`
            return values
        labels = values.get("labels", {})
        if isinstance(labels, LabelPolicy) and "prefix" not in labels.model_fields_set:
            labels = labels.model_copy(update={"prefix": prefix_of(instance)})
        elif isinstance(labels, dict) and "prefix" not in labels:
            labels = {**labels, "prefix": prefix_of(instance)}
        return {**values, "labels": labels}

    @property
    def shares_prefix(self) -> bool:
        """Whether an instance that is not the default one uses its label prefix."""
        return self.instance != DEFAULT_INSTANCE and self.labels.prefix.casefold() == DEFAULT_PREFIX


class LimitPolicy(Section):
    """The limits of a run: what is beyond one is held with the reason, and released by --force."""

    max_changes: Annotated[int, Field(ge=1)] = 200
    """Writes in one run: for each milestone, key result or goal on each tracker, and for each tracker."""
    max_first_changes: Annotated[int, Field(ge=1)] = 2000
    """Writes in one run during a first publication, in which every task of a milestone gets its labels."""
    max_lost_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """Percentage of a tracker's issues that may be lost between two reconciliations."""
    max_removed_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """Percentage of our comments and labelled issues on a tracker from which a run may remove ours."""
    max_jump_points: Annotated[int, Field(ge=1, le=100)] = 25
    """Percent points by which a goal may move without an edit of a task or of the mapping."""
    never_held: Annotated[int, Field(ge=0)] = 3
    """A limit in percent never holds this many issues, removals or tasks, or fewer."""
