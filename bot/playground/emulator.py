"""The parts of one local Slack, held together; what an app's call or a person's hand works on."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot import slack_limits
from bot.playground.delivery.events import Events
from bot.playground.delivery.outbox import Outbox
from bot.playground.delivery.socket_mode import Sockets
from bot.playground.errors import SlackError
from bot.playground.faults import FaultScript
from bot.playground.file_server import FileServer
from bot.playground.rate_limits import RateLimits

if TYPE_CHECKING:
    from bot.playground.clock import Clock
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import SlackMessage
    from bot.playground.state.workspace import Workspace


@dataclass(slots=True, eq=False)
class Trigger:
    """Leave to open one view for one person, for three seconds. `view_id`: pressed in that view."""

    user: str
    at: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True, eq=False)
class ResponseUrl:
    """Leave to answer an interaction: five times in half an hour."""

    user: str
    channel: str
    at: float
    message: SlackMessage | None = None
    uses: int = 0


@dataclass(slots=True, eq=False)
class Emulator:
    """Everything of one local Slack. `base_url` ends in a slash and is known once it serves."""

    clock: Clock
    workspace: Workspace
    app: Installation
    base_url: str = ""
    faults: FaultScript = field(default_factory=FaultScript)
    triggers: dict[str, Trigger] = field(default_factory=dict[str, Trigger])
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict[str, ResponseUrl])
    outbox: Outbox = field(init=False)
    events: Events = field(init=False)
    rates: RateLimits = field(init=False)
    sockets: Sockets = field(init=False)
    files: FileServer = field(init=False)

    def __post_init__(self) -> None:
        notify_changed = self.workspace.notify_changed
        self.outbox = Outbox(self.clock, notify_changed)
        self.events = Events(self.workspace, self.app, self.outbox)
        self.rates = RateLimits(self.clock)
        self.sockets = Sockets(self.clock, self.app.app_id, notify_changed)
        self.outbox.transport = self.sockets
        self.files = FileServer(self)

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        """A `trigger_id` for what this person has just done."""
        trigger_id = f"{self.workspace.new_id('')}.{secrets.token_hex(12)}"
        self.triggers[trigger_id] = Trigger(user, self.clock.now(), view_id)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Take a trigger.

        Raises:
            SlackError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self.triggers.get(trigger_id)
        if not trigger:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock.now() - trigger.at > slack_limits.TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, user: str, channel: str, message: SlackMessage | None = None) -> str:
        """An address to answer this interaction at."""
        key = secrets.token_urlsafe(16)
        self.response_urls[key] = ResponseUrl(user, channel, self.clock.now(), message)
        return f"{self.base_url}response/{key}"
