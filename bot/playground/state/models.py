"""What the local Slack keeps: people, conversations, messages, views, and what it has seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bot.playground.clock import ClockTimer

Json = dict[str, Any]
"""A JSON object as it goes over the wire."""

ChannelKind = Literal["channel", "group", "im", "mpim"]
StreamState = Literal["live", "finished", "stopped", "expired"]
"""`stopped`: a person pressed Stop. `expired`: the stream outlived Slack's five minutes."""
NotificationKind = Literal["user", "subteam", "channel", "here", "everyone"]
SessionStatus = Literal["active", "processing", "suspended", "closed"]


@dataclass(slots=True, eq=False)
class User:
    """A person or a bot. `team_id` differs from the workspace's for an outside organisation."""

    id: str
    name: str
    team_id: str
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    bot_id: str | None = None
    deleted: bool = False
    tz: str = "Etc/UTC"


@dataclass(slots=True, eq=False)
class Stream:
    """The streamed side of a message. `expiry` is the timer that ends it."""

    recipient_user_id: str | None
    recipient_team_id: str | None
    display: str = "timeline"
    title: str = ""
    tasks: dict[str, Json] = field(default_factory=dict[str, Json])
    blocks: list[Json] = field(default_factory=list[Json])
    state: StreamState = "live"
    expiry: ClockTimer | None = None

    def end(self, state: StreamState) -> None:
        """Let it be over, in one of the three ways."""
        self.state = state
        if self.expiry:
            self.expiry.cancel()


@dataclass(slots=True, eq=False)
class SlackMessage:
    """One message; `user` is None for an integration that has none (subtype `bot_message`).

    `unfurls` tells whether Slack may show previews of its links; `ephemeral_for` is the only
    person who sees an ephemeral one; `state` holds what people chose in its menus.
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
        """Whether pieces of it are still to come."""
        return self.stream is not None and self.stream.state == "live"

    @property
    def is_reply(self) -> bool:
        """Whether it stands inside a thread and did not begin it."""
        return self.thread_ts not in {None, self.ts}


@dataclass(slots=True, eq=False)
class Channel:
    """A conversation. `messages` is in the order of time; `threads` maps a parent to its replies.

    `connected` are team ids outside the workspace that share it by Slack Connect.
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
    messages: dict[str, SlackMessage] = field(default_factory=dict[str, SlackMessage])
    threads: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def thread(self, ts: str) -> list[SlackMessage]:
        """The parent and its replies, the oldest first; empty where there is no such thread."""
        listed = [ts, *self.threads.get(ts, ())]
        return [self.messages[each] for each in listed if each in self.messages]


@dataclass(slots=True, eq=False)
class SlackView:
    """A modal or a Home tab. `content` holds the fields as the app gave them, checked."""

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
        """Its blocks, each with a `block_id`."""
        return self.content["blocks"]

    @property
    def title(self) -> str:
        """The modal's title; empty for a Home tab."""
        return self.content.get("title", {}).get("text", "")

    @property
    def callback_id(self) -> str:
        """What the app named it."""
        return self.content.get("callback_id", "")

    @property
    def private_metadata(self) -> str:
        """What the app keeps in it, unseen by people."""
        return self.content.get("private_metadata", "")


@dataclass(slots=True, eq=False)
class Session:
    """An agent session. `initiator` is the person for whom it was begun, where that is known."""

    channel: str
    thread_ts: str
    status: SessionStatus
    title: str = ""
    initiator: str | None = None


@dataclass(frozen=True, slots=True)
class AssistantStatus:
    """The "is thinking…" line of a thread; `since` is the clock's epoch second."""

    text: str
    loading_messages: tuple[str, ...]
    since: float


@dataclass(frozen=True, slots=True)
class Notification:
    """Somebody whom a message of the app called: `target` is a user, a group, or the word."""

    kind: NotificationKind
    target: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Unfurl:
    """An address in a message of the app that Slack would have fetched to show a preview."""

    url: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of the Web API as it was received and answered; `at` is in clock seconds."""

    method: str
    args: Json
    at: float
    status: int
    answer: Json

    @property
    def ok(self) -> bool:
        """Whether the app was told that it worked."""
        return bool(self.answer.get("ok"))

    @property
    def error(self) -> str | None:
        """The code the app was given, if any."""
        return self.answer.get("error")
