"""Builds the events that the app receives, in Slack's format."""

from __future__ import annotations

import copy
import secrets
from typing import TYPE_CHECKING, Any, Final

from bot.playground.state.serializers import bot_profile_json, message_json, view_json

if TYPE_CHECKING:
    from bot.playground.delivery.outbox import Delivery, Outbox
    from bot.playground.state.installation import Installation
    from bot.playground.state.models import Channel, Json, SlackMessage, User
    from bot.playground.state.workspace import Workspace

_KIND_NAMES: Final = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}

EVENT_SCOPES: Final = {
    "app_mention": "app_mentions:read",
    "member_joined_channel": "channels:read",
    **{f"message.{name}": f"{name}:history" for name in _KIND_NAMES.values()},
}
"""The scope that the app needs for each event."""


class Events:
    """Builds events, and puts those that the app subscribes to into the outbox."""

    def __init__(self, workspace: Workspace, app: Installation, outbox: Outbox) -> None:
        self._workspace = workspace
        self._app = app
        self._outbox = outbox

    def message(self, channel: Channel, message: SlackMessage) -> list[Delivery]:
        """Send `message`, and also `app_mention` if it mentions the bot in a channel."""
        event = self._message_event(channel, message)
        sent = self._send(
            f"message.{_KIND_NAMES[channel.kind]}", event, channel, outer_team=message.team
        )
        return sent + self.mention(channel, message)

    def mention(self, channel: Channel, message: SlackMessage) -> list[Delivery]:
        """Send `app_mention` if a message mentions the bot.

        Slack also sends it, with the field `edited`, each time such a message is edited
        (PostHog/posthog 59517, chenhg5/cc-connect 1579).
        """
        is_mentioned = f"<@{self._app.bot_user_id}" in message.text
        if not is_mentioned or not self._can_mention(channel, message):
            return []
        event = self._message_event(channel, message)
        mention = {key: value for key, value in event.items() if key != "channel_type"}
        mention |= {"type": "app_mention", **self._mention_teams(channel, message)}
        return self._send("app_mention", mention, channel, outer_team=mention["team"])

    def _mention_teams(self, channel: Channel, message: SlackMessage) -> Json:
        """Return the team fields of an `app_mention`.

        In a Slack Connect channel, `team` is the host's team. An author from elsewhere has their
        own team, or their Enterprise organisation, in `user_team` and `source_team`. Source: the
        recorded payloads of bolt-python, tests/slack_bolt/request/test_internals.py.
        """
        host = channel.host or self._app.team_id
        if not channel.ext_shared or message.team == host:
            return {"team": message.team, "user_team": message.team, "source_team": message.team}
        own = self._workspace.enterprises.get(message.team, message.team)
        return {
            "team": host,
            "user_team": own,
            "source_team": own,
            "user_profile": {"team": own},
        }

    def message_changed(
        self, channel: Channel, message: SlackMessage, before: Json
    ) -> list[Delivery]:
        """Send `message` with the subtype `message_changed`."""
        event = {
            "subtype": "message_changed",
            "message": message_json(message, channel),
            "previous_message": before,
            **self._common_fields(channel),
        }
        return self._send(f"message.{_KIND_NAMES[channel.kind]}", event, channel)

    def message_deleted(self, channel: Channel, before: Json) -> list[Delivery]:
        """Send `message` with the subtype `message_deleted`."""
        event = {
            "subtype": "message_deleted",
            "previous_message": before,
            "deleted_ts": before["ts"],
            "hidden": True,
            **self._common_fields(channel),
        }
        return self._send(f"message.{_KIND_NAMES[channel.kind]}", event, channel)

    def member_joined(self, channel: Channel, user: User, inviter: User | None) -> list[Delivery]:
        """Send `member_joined_channel`."""
        event: Json = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "G" if channel.private else "C",
            "team": user.team_id,
            "event_ts": self._workspace.next_ts(),
        }
        if inviter:
            event["inviter"] = inviter.id
        return self._send("member_joined_channel", event, channel)

    def home_opened(self, user: User, channel: Channel, tab: str) -> list[Delivery]:
        """Send `app_home_opened`; `tab` is `home` or `messages`."""
        event: Json = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._workspace.next_ts(),
        }
        if home := self._workspace.home_views.get(user.id):
            event["view"] = view_json(home, self._app)
        return self._send("app_home_opened", event, outer_team=user.team_id)

    def session_stopped(
        self, channel: Channel, user: User, thread_ts: str, streams: list[str]
    ) -> list[Delivery]:
        """Send `agent_session_stopped`; `streams` are the ts of the stopped streams."""
        event = {
            "type": "agent_session_stopped",
            "channel": channel.id,
            "user": user.id,
            "thread_ts": thread_ts,
            "streaming_message_ts": streams,
            "event_ts": self._workspace.next_ts(),
        }
        return self._send("agent_session_stopped", event, channel)

    def emit(self, kind: str, **fields: Any) -> list[Delivery]:
        """Send any other event, such as `app_uninstalled`."""
        event = {"type": kind, "event_ts": self._workspace.next_ts(), **fields}
        return self._send(kind, event)

    def _can_mention(self, channel: Channel, message: SlackMessage) -> bool:
        """Return whether a mention of the bot causes `app_mention`.

        It doesn't in direct messages or in the bot's own messages.
        """
        return channel.kind not in {"im", "mpim"} and message.user != self._app.bot_user_id

    def _message_event(self, channel: Channel, message: SlackMessage) -> Json:
        event = message_json(message, channel, with_metadata=True)
        event |= {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts}
        author = self._workspace.users.get(message.user or "")
        if author and channel.ext_shared:
            event |= {"user_team": author.team_id, "source_team": author.team_id}
        if author and not message.bot_id:
            event["client_msg_id"] = secrets.token_hex(16)
        if message.bot_id:
            event |= self._bot_fields(message.bot_id)
        return event

    def _bot_fields(self, bot_id: str) -> Json:
        """Return the fields about the author app; a workflow also has an id (caipe-io 1624)."""
        bots = self._workspace.users.values()
        bot = next((user for user in bots if user.bot_id == bot_id), None)
        if not bot:
            return {}
        workflow = {"workflow_id": f"Wf{bot.id[1:]}"} if bot.is_workflow else {}
        return {"bot_profile": bot_profile_json(bot), **workflow}

    def _common_fields(self, channel: Channel) -> Json:
        return {
            "type": "message",
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": (now := self._workspace.next_ts()),
            "event_ts": now,
        }

    def _send(
        self,
        name: str,
        event: Json,
        channel: Channel | None = None,
        *,
        outer_team: str | None = None,
    ) -> list[Delivery]:
        scope = EVENT_SCOPES.get(name)
        bot_is_member = channel is None or self._app.bot_user_id in channel.members
        has_scope = scope is None or scope in self._app.scopes
        if name not in self._app.events or not bot_is_member or not has_scope:
            return []
        return [self._outbox.enqueue_event(self._envelope(event, channel, outer_team))]

    def _envelope(self, event: Json, channel: Channel | None, outer_team: str | None) -> Json:
        """Return an event's envelope.

        In a Slack Connect channel, the outer `team_id` may be another organisation's, and
        `context_team_id` is the host's. Only `authorizations` always names the app's installation.
        Source: as for `_mention_teams`.
        """
        app = self._app
        shared = channel is not None and channel.ext_shared
        host = (channel.host if channel and shared else None) or app.team_id
        team = outer_team or host
        enterprises = self._workspace.enterprises
        own_enterprise = enterprises.get(app.team_id)
        return {
            "token": app.verification_token,
            "team_id": team,
            "enterprise_id": enterprises.get(team),
            "context_team_id": host,
            "context_enterprise_id": enterprises.get(host),
            "api_app_id": app.app_id,
            "event": copy.deepcopy(event),
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(6).upper()}",
            "event_time": int(self._workspace.clock.now()),
            "authorizations": [
                {
                    "enterprise_id": own_enterprise,
                    "team_id": app.team_id,
                    "user_id": app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{secrets.token_hex(8)}",
        }
