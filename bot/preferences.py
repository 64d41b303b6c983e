"""Combines the choices of workspaces, channels and people in Slack with the operator's defaults.

`[slack]` in `moa.toml` sets the defaults. For privacy settings, a workspace can only be stricter
than the operator, and a channel can only be stricter than its workspace.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moa.pipeline.strict_model import StrictModel

Audience = Literal["members", "requester", "nobody"]
"""Who may open the individual answers."""

Names = Literal["shown", "anonymous"]
"""Whether individual answers show their models' names."""

Cost = Literal["shown", "hidden"]
"""Whether people see a reply's cost."""

Participants = Literal["full_members", "workspace", "everyone"]
"""Who takes part in a channel's brainstorms: members except guests, members including guests, or
also people from other organizations."""

Scope = Literal["workspace", "channel", "person"]

STRICTER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "reveal": ("members", "requester", "nobody"),
        "names": ("shown", "anonymous"),
        "cost": ("shown", "hidden"),
    }
)
"""The privacy settings, each with its values from least to most strict."""


class Defaults(StrictModel):
    """The operator's defaults.

    Attributes:
        reveal: who may open the individual answers: the channel's members, only the asker, or
            nobody.
        names: whether answers show their models' names or are anonymous.
        cost: whether people see a reply's cost.
        follow_ups: whether follow-ups in a thread need no new mention.
        settings: who may change a channel's settings in Slack: its members (except guests and
            people from other organizations), or only workspace admins.
    """

    reveal: Audience = "members"
    names: Names = "shown"
    cost: Cost = "shown"
    follow_ups: bool = False
    settings: Literal["members", "admins"] = "members"


class Choice(BaseModel):
    """The choices of one place; None means "inherit".

    Keys from a newer release are kept but have no effect.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    pipeline: str | None = None


class PersonChoice(Choice):
    """A person's own choices: the default pipeline of their questions."""


class SharedChoice(Choice):
    """Choices that apply to everyone in a workspace or a channel."""

    reveal: Audience | None = None
    names: Names | None = None
    cost: Cost | None = None
    follow_ups: bool | None = None


class ChannelChoice(SharedChoice):
    """A channel's choices.

    Attributes:
        offer_brainstorms: whether to offer a brainstorm to the author of a message that reads like
            a topic.
        brainstorm_with: who may take part in brainstorms.
    """

    offer_brainstorms: bool | None = None
    brainstorm_with: Participants | None = None


class WorkspaceChoice(SharedChoice):
    """A workspace's choices, made by its admins, with budgets in US dollars."""

    per_person_day_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    per_workspace_month_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """All the choices that apply to one question."""

    workspace: WorkspaceChoice = field(default_factory=WorkspaceChoice)
    channel: ChannelChoice = field(default_factory=ChannelChoice)
    person: PersonChoice = field(default_factory=PersonChoice)


@dataclass(frozen=True, slots=True)
class Rules:
    """The effective rules for a person's question in a channel. `pipeline` always exists."""

    pipeline: str
    reveal: Audience
    names: Names
    cost: Cost
    follow_ups: bool
    offer_brainstorms: bool
    brainstorm_with: Participants = "workspace"


class StoredChoices(Protocol):
    """Stores choices for all processes of the bot."""

    async def read(self, team: str, channel: str | None, user: str | None) -> Choices:
        """Return the choices that apply, at most one second old.

        Writes by this process are visible at once.
        """
        ...

    async def write(self, team: str, scope: Scope, id: str, choice: Choice, by: str) -> None:  # noqa: A002 - the column's name
        """Replace a stored choice, but keep keys from a newer release."""
        ...


class Preferences:
    """Combines stored choices with the operator's defaults."""

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
        """Return the choices of a workspace, and those for a channel and a person in it."""
        return await self._stored.read(team, channel, user)

    async def rules(self, team: str, channel: str | None = None, user: str | None = None) -> Rules:
        """Return the effective rules, read from the database so that all workers agree."""
        return self.resolve(await self.choices(team, channel, user))

    def resolve(self, choices: Choices) -> Rules:
        """Return the rules that result from these choices."""
        workspace, channel = choices.workspace, choices.channel
        flags = (channel.follow_ups, workspace.follow_ups, self.defaults.follow_ups)
        return Rules(
            pipeline=self._pipeline(channel.pipeline, choices.person.pipeline, workspace.pipeline),
            reveal=self.strictest("reveal", channel.reveal, workspace.reveal),
            names=self.strictest("names", channel.names, workspace.names),
            cost=self.strictest("cost", channel.cost, workspace.cost),
            follow_ups=next(flag for flag in flags if flag is not None),
            offer_brainstorms=bool(channel.offer_brainstorms),
            brainstorm_with=channel.brainstorm_with or "workspace",
        )

    def strictest(self, key: str, *chosen: str | None) -> Any:
        """Return the strictest of the choices and the default, for a key of `STRICTER`."""
        order = STRICTER[key]
        values = [getattr(self.defaults, key), *(value for value in chosen if value)]
        return max(values, key=order.index)

    async def store_choice(self, team: str, scope: Scope, id: str, choice: Choice, by: str) -> None:  # noqa: A002 - the column's name
        """Store a choice. The caller checks that the person may make it."""
        await self._stored.write(team, scope, id, choice, by)

    def _pipeline(self, *chosen: str | None) -> str:
        """Return the first that exists: a chosen pipeline may have been removed from `moa.toml`."""
        known = (name for name in chosen if name and name in self.pipelines)
        return next(known, self.default_pipeline)


C = TypeVar("C", bound=Choice)


def read_choice(kind: type[C], stored: str | None) -> C:
    """Parse a choice from JSON.

    Unreadable values count as not chosen. Unreadable privacy settings count as the strictest value:
    a newer release may know a stricter one.
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
    """Serialize a choice to JSON, keeping keys that a newer release stored."""
    try:
        before = json.loads(stored or "{}")
    except ValueError:
        before = {}
    known = type(choice).model_fields
    kept = {k: v for k, v in before.items() if k not in known} if isinstance(before, dict) else {}
    chosen = choice.model_dump(include={*known}, exclude_none=True)
    return json.dumps(kept | chosen, sort_keys=True)
