"""The state and services of one local Slack, shared by API methods and simulated people."""

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
    """Lets the app open one view for one person within three seconds.

    `view_id` is the view in which the person acted, if any.
    """

    user: str
    created_at: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True, eq=False)
class ResponseUrl:
    """Lets the app respond to an interaction five times within half an hour."""

    user: str
    channel: str
    created_at: float
    message: SlackMessage | None = None
    uses: int = 0


@dataclass(slots=True, eq=False)
class Emulator:
    """All parts of one local Slack.

    `base_url` ends in a slash; it is empty until the server has started.
    """

    clock: Clock
    workspace: Workspace
    app: Installation
    base_url: str = ""
    faults: FaultScript = field(default_factory=FaultScript)
    triggers: dict[str, Trigger] = field(default_factory=dict[str, Trigger])
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict[str, ResponseUrl])
    outbox: Outbox = field(init=False)
    events: Events = field(init=False)
    rate_limits: RateLimits = field(init=False)
    sockets: Sockets = field(init=False)
    files: FileServer = field(init=False)

    def __post_init__(self) -> None:
        notify_changed = self.workspace.notify_changed
        self.outbox = Outbox(self.clock, notify_changed)
        self.events = Events(self.workspace, self.app, self.outbox)
        self.rate_limits = RateLimits(self.clock)
        self.sockets = Sockets(self.clock, self.app.app_id, notify_changed)
        self.outbox.transport = self.sockets
        self.files = FileServer(self)

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        """Return a `trigger_id` for an action of this person."""
        trigger_id = f"{self.workspace.new_id('')}.{secrets.token_hex(12)}"
        self.triggers[trigger_id] = Trigger(user, self.clock.now(), view_id)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Use up a trigger and return it.

        Raises:
            SlackError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        trigger = self.triggers.get(trigger_id)
        if not trigger:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock.now() - trigger.created_at > slack_limits.TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, user: str, channel: str, message: SlackMessage | None = None) -> str:
        """Return a new `response_url` for an interaction."""
        key = secrets.token_urlsafe(16)
        self.response_urls[key] = ResponseUrl(user, channel, self.clock.now(), message)
        return f"{self.base_url}response/{key}"
