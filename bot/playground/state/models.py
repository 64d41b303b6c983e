"""The objects of the local Slack: users, channels, messages, views and recorded calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bot.playground.clock import ClockTimer

Json = dict[str, Any]
"""A JSON object."""

ChannelKind = Literal["channel", "group", "im", "mpim"]
StreamState = Literal["live", "finished", "stopped", "expired"]
"""`stopped`: a person pressed Stop. `expired`: Slack's five minutes have passed."""
NotificationKind = Literal["user", "subteam", "channel", "here", "everyone"]
SessionStatus = Literal["active", "processing", "suspended", "closed"]


@dataclass(slots=True, eq=False)
class User:
    """A person or bot. Users from outside organisations have another `team_id`.

    `name` is the display name; `real_name` defaults to it.
    """

    id: str
    name: str
    team_id: str
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    is_workflow: bool = False
    bot_id: str | None = None
    deleted: bool = False
    tz: str = "Etc/UTC"
    real_name: str = ""


@dataclass(slots=True, eq=False)
class Stream:
    """The stream of a message. `expiry` is the timer that ends it."""

    recipient_user_id: str | None
    recipient_team_id: str | None
    display: str = "timeline"
    title: str = ""
    tasks: dict[str, Json] = field(default_factory=dict[str, Json])
    blocks: list[Json] = field(default_factory=list[Json])
    state: StreamState = "live"
    expiry: ClockTimer | None = None

    def end(self, state: StreamState) -> None:
        """End the stream with this state."""
        self.state = state
        if self.expiry:
            self.expiry.cancel()


@dataclass(slots=True, eq=False)
class SlackMessage:
    """One message. `user` is None for an integration without a user (subtype `bot_message`).

    `unfurls` is whether Slack may show link previews. `ephemeral_for` is the only person who sees
    an ephemeral message. `state` holds the values chosen in its menus.
    """

    ts: str
    channel: str
    user: str | None
    text: str
    team: str
    blocks: list[Json] = field(default_factory=list[Json])
    attachments: list[Json] = field(default_factory=list[Json])
    files: list[Json] = field(default_factory=list[Json])
    thread_ts: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    metadata: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    edited_by: str | None = None
    edited_ts: str | None = None
    stream: Stream | None = None
    unfurls: bool = True
    ephemeral_for: str | None = None
    state: dict[str, Json] = field(default_factory=dict[str, Json])

    @property
    def streaming(self) -> bool:
        """Whether the message is still being streamed."""
        return self.stream is not None and self.stream.state == "live"

    @property
    def is_reply(self) -> bool:
        """Whether this is a reply in a thread, not its parent."""
        return self.thread_ts not in {None, self.ts}


@dataclass(slots=True, eq=False)
class Channel:
    """A conversation. `messages` is ordered by time; `threads` maps a parent to its replies.

    `connected` lists the other team ids that share it, through Slack Connect (`ext_shared`) or
    within an Enterprise organisation. `host` is the team id of the outside organisation that owns
    the channel; None if the app's workspace does.
    """

    id: str
    name: str
    kind: ChannelKind
    creator: str
    created: int
    members: list[str] = field(default_factory=list[str])
    private: bool = False
    archived: bool = False
    shared: bool = False
    ext_shared: bool = False
    connected: list[str] = field(default_factory=list[str])
    host: str | None = None
    topic: str = ""
    messages: dict[str, SlackMessage] = field(default_factory=dict[str, SlackMessage])
    threads: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def has_root(self, ts: str) -> bool:
        """Return whether a thread's first message exists and was not deleted."""
        root = self.messages.get(ts)
        return root is not None and root.subtype != "tombstone"

    def thread(self, ts: str) -> list[SlackMessage]:
        """Return the parent and its replies, oldest first; empty if there is no such thread."""
        listed = [ts, *self.threads.get(ts, ())]
        return [self.messages[each] for each in listed if each in self.messages]


@dataclass(slots=True, eq=False)
class SlackView:
    """A modal or Home tab. `content` holds the app's validated fields."""

    id: str
    kind: Literal["modal", "home"]
    user: str
    team: str
    content: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    state: dict[str, Json] = field(default_factory=dict[str, Json])

    @property
    def blocks(self) -> list[Json]:
        """The blocks, each with a `block_id`."""
        return self.content["blocks"]

    @property
    def title(self) -> str:
        """The modal's title; empty for a Home tab."""
        return self.content.get("title", {}).get("text", "")

    @property
    def callback_id(self) -> str:
        """The app's id for this kind of view."""
        return self.content.get("callback_id", "")

    @property
    def private_metadata(self) -> str:
        """The app's own data, invisible to people."""
        return self.content.get("private_metadata", "")


@dataclass(slots=True, eq=False)
class Session:
    """An agent session. `initiator` is the person who started it, if known."""

    channel: str
    thread_ts: str
    status: SessionStatus
    title: str = ""
    initiator: str | None = None


@dataclass(frozen=True, slots=True)
class AssistantStatus:
    """The "is thinking…" line of a thread; `since` is in clock seconds."""

    text: str
    loading_messages: tuple[str, ...]
    since: float


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification by an app message. `target` is a user, a group, or a word such as `here`."""

    kind: NotificationKind
    target: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Unfurl:
    """A URL in an app message that Slack would have fetched for a preview."""

    url: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One Web API call and its response; `at` is in clock seconds."""

    method: str
    args: Json
    at: float
    status: int
    response: Json

    @property
    def ok(self) -> bool:
        """Whether the response was a success."""
        return bool(self.response.get("ok"))

    @property
    def error(self) -> str | None:
        """The response's error code, if any."""
        return self.response.get("error")
