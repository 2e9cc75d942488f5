"""What a user may set about comments, labels and limits."""

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
    """Raises ValueError for a prefix that would claim the labels by which people tag work themselves."""
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
    """The label prefix of an instance where none is set: at most 20 characters, another one for each.

    A name that is too long is cut and ends in four digits of a hash of the whole.
    """
    if instance == DEFAULT_INSTANCE:
        return DEFAULT_PREFIX
    if len(instance) > 16:
        instance = f"{instance[:11]}-{hashlib.sha256(instance.encode()).hexdigest()[:4]}"
    return f"mp-{instance}/"


class Section(BaseModel):
    """Frozen, and refuses unknown keys."""

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
    """What stands in a comment."""

    enabled: bool = True
    open_tasks: Annotated[int, Field(ge=0, le=200)] = 10
    """Open tasks that are listed one by one; the rest is folded into a count."""


class PublishPolicy(Section):
    """What is written to the trackers."""

    instance: Annotated[str, StringConstraints(pattern=INSTANCE)] = DEFAULT_INSTANCE
    """Tells two installations of milepost apart that write to the same issue."""
    audience: Audience = Audience.ORGANISATION
    """Whom goals, key results and milestones are meant for that say nothing of it themselves."""
    comments: CommentPolicy = CommentPolicy()
    labels: LabelPolicy = LabelPolicy()
    max_set_backs: Annotated[int, Field(ge=0, le=100)] = 3
    """How often a comment or an issue's labels are set back without a change of meaning, until it is held."""

    @model_validator(mode="before")
    @classmethod
    def _own_prefix(cls, values: Any) -> Any:
        """Labels begin with the prefix of the instance unless one is set: others' labels stay others'."""
        instance = values.get("instance", DEFAULT_INSTANCE) if isinstance(values, dict) else DEFAULT_INSTANCE
        if not isinstance(instance, str) or instance == DEFAULT_INSTANCE:
            return values
        if re.fullmatch(INSTANCE, instance) is None:  # told by itself; what follows from it says nothing more
            return values
        labels = values.get("labels", {})
        if isinstance(labels, LabelPolicy) and "prefix" not in labels.model_fields_set:
            labels = labels.model_copy(update={"prefix": prefix_of(instance)})
        elif isinstance(labels, dict) and "prefix" not in labels:
            labels = {**labels, "prefix": prefix_of(instance)}
        return {**values, "labels": labels}

    @property
    def shares_prefix(self) -> bool:
        """Whether an instance of its own uses the label prefix of the default one."""
        return self.instance != DEFAULT_INSTANCE and self.labels.prefix.casefold() == DEFAULT_PREFIX


class LimitPolicy(Section):
    """A plan beyond a limit is held, explained, and released by --force."""

    max_changes: Annotated[int, Field(ge=1)] = 200
    """Writes in one run, for each milestone (key result, goal) on each tracker, and for each tracker."""
    max_first_changes: Annotated[int, Field(ge=1)] = 2000
    """The same while something is published for the first time: every task of a milestone gets its labels."""
    max_lost_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """A tracker that lost more than this share of its issues since the last pull."""
    max_removed_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """Comments and labels of ours that a run removes from a tracker, of all that stand there."""
    max_jump_points: Annotated[int, Field(ge=1, le=100)] = 25
    """Percent points that a goal moves by what nobody edited: neither a task nor the mapping."""
    never_held: Annotated[int, Field(ge=0)] = 3
    """So few issues, removals or tasks no limit in percent holds, whatever their share."""
