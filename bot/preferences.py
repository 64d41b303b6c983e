"""What a workspace, a channel or a person has chosen in Slack, and which rules then hold.

Beneath every choice stands `[slack]` of `moa.toml`, the operator's word: in what concerns privacy
a workspace can only be stricter than it, and a channel only stricter than its workspace.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moa.pipeline.strict_model import StrictModel

Who = Literal["members", "requester", "nobody"]
"""Who may open the individual answers."""

Names = Literal["shown", "anonymous"]
"""Whether the individual answers stand under their models' names."""

Cost = Literal["shown", "hidden"]
"""Whether people are shown what a reply cost."""

Scope = Literal["workspace", "channel", "person"]

STRICTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "reveal": ("members", "requester", "nobody"),
        "names": ("shown", "anonymous"),
        "cost": ("shown", "hidden"),
    }
)
"""What concerns privacy, each from the most open choice to the strictest."""


class Defaults(StrictModel):
    """What holds where nothing was chosen in Slack.

    Attributes:
        reveal: who may open the individual answers: the members of the channel, only the person
            who asked, or nobody.
        names: whether these stand under their models' names or are anonymous.
        cost: whether people are shown what a reply cost.
        follow_ups: whether a thread in which a question was asked goes on without a new mention.
        settings: who may change a channel's settings in Slack: its members (guests and people of
            other organisations excepted), or only admins of the workspace.
    """

    reveal: Who = "members"
    names: Names = "shown"
    cost: Cost = "shown"
    follow_ups: bool = False
    settings: Literal["members", "admins"] = "members"


class Choice(BaseModel):
    """What was chosen in one place; None is "as it is otherwise".

    Keys of a newer release are kept and have no effect.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    pipeline: str | None = None


class PersonChoice(Choice):
    """What a person has chosen for themselves: the pipeline that they ask with."""


class SharedChoice(Choice):
    """What can be chosen for all people of a place."""

    reveal: Who | None = None
    names: Names | None = None
    cost: Cost | None = None
    follow_ups: bool | None = None


class ChannelChoice(SharedChoice):
    """What a channel has chosen. `brainstorm`: every new message of a person is a question."""

    brainstorm: bool | None = None


class WorkspaceChoice(SharedChoice):
    """What the admins of a workspace have chosen, budgets in US dollars included."""

    per_person_day_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per_workspace_month_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that has a say in one question."""

    workspace: WorkspaceChoice = field(default_factory=WorkspaceChoice)
    channel: ChannelChoice = field(default_factory=ChannelChoice)
    person: PersonChoice = field(default_factory=PersonChoice)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one person's question in one channel. `pipeline` is one that exists."""

    pipeline: str
    reveal: Who
    names: Names
    cost: Cost
    follow_ups: bool
    brainstorm: bool


class StoredChoices(Protocol):
    """Keeps choices, for all processes of the bot: none is behind by more than a moment."""

    async def read(self, team: str, channel: str | None, user: str | None) -> Choices:
        """What has a say there: as it is stored now, or was a second ago.

        What this very process has written holds at once.
        """
        ...

    async def write(self, team: str, scope: Scope, id: str, choice: Choice, by: str) -> None:  # noqa: A002 - the column's name
        """Put a choice in the place of the former one, but for keys of a newer release."""
        ...


class Preferences:
    """The stored choices on top of the operator's defaults."""

    def __init__(
        self,
        stored: StoredChoices,
        defaults: Defaults,
        pipelines: Collection[str],
        default_pipeline: str,
    ) -> None:
        self._stored = stored
        self.defaults = defaults
        self.pipelines = pipelines
        self.default_pipeline = default_pipeline

    async def choices(
        self, team: str, channel: str | None = None, user: str | None = None
    ) -> Choices:
        """What was chosen for a workspace, and there for a channel and by a person."""
        return await self._stored.read(team, channel, user)

    async def rules(self, team: str, channel: str | None = None, user: str | None = None) -> Rules:
        """What holds now, read from the database, so that no worker is behind."""
        return self.settled(await self.choices(team, channel, user))

    def settled(self, choices: Choices) -> Rules:
        """The rules that come of these choices."""
        workspace, channel = choices.workspace, choices.channel
        flags = (channel.follow_ups, workspace.follow_ups, self.defaults.follow_ups)
        return Rules(
            pipeline=self._pipeline(channel.pipeline, choices.person.pipeline, workspace.pipeline),
            reveal=self.strictest("reveal", channel.reveal, workspace.reveal),
            names=self.strictest("names", channel.names, workspace.names),
            cost=self.strictest("cost", channel.cost, workspace.cost),
            follow_ups=next(flag for flag in flags if flag is not None),
            brainstorm=bool(channel.brainstorm),
        )

    def strictest(self, key: str, *chosen: str | None) -> Any:
        """The strictest of the choices and of the operator's word, for a key of `STRICTER`."""
        order = STRICTER[key]
        said = [getattr(self.defaults, key), *(value for value in chosen if value)]
        return max(said, key=order.index)

    async def choose(self, team: str, scope: Scope, id: str, choice: Choice, by: str) -> None:  # noqa: A002 - the column's name
        """Store what somebody has chosen. That they may is the caller's to know."""
        await self._stored.write(team, scope, id, choice, by)

    def _pipeline(self, *chosen: str | None) -> str:
        """The first one that exists: a pipeline may be gone from `moa.toml` since it was chosen."""
        known = (name for name in chosen if name and name in self.pipelines)
        return next(known, self.default_pipeline)


C = TypeVar("C", bound=Choice)


def read_choice(kind: type[C], stored: str | None) -> C:
    """A choice from its JSON.

    What cannot be read counts as not chosen. Where it concerns privacy it counts as the strictest
    choice: a newer release may know a stricter one than we do.
    """
    if stored is None:
        return kind()
    strict = {key: order[-1] for key, order in STRICTER.items() if key in kind.model_fields}
    try:
        found = json.loads(stored)
    except ValueError:
        return kind.model_validate(strict)
    if not isinstance(found, dict):
        return kind.model_validate(strict)
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        wrong = {str(detail["loc"][0]): None for detail in error.errors()}
        return kind.model_validate(found | {key: strict.get(key) for key in wrong})


def written_choice(choice: Choice, stored: str | None) -> str:
    """A choice as JSON, with what a newer release has stored beside it."""
    try:
        before = json.loads(stored or "{}")
    except ValueError:
        before = {}
    known = type(choice).model_fields
    kept = {k: v for k, v in before.items() if k not in known} if isinstance(before, dict) else {}
    chosen = choice.model_dump(include={*known}, exclude_none=True)
    return json.dumps(kept | chosen, sort_keys=True)
