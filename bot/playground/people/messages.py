"""Simulates what people do with messages and channels: post, edit, delete, react, join, leave."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bot.playground.errors import UnknownInWorkspaceError
from bot.playground.file_server import SharedFile
from bot.playground.people.shares import typed_blocks
from bot.playground.posts import remove
from bot.playground.state.models import Channel, SlackMessage, User
from bot.playground.state.serializers import message_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Json


class PeopleMessages:
    """The part of `LocalSlack` that lets people use messages and channels.

    Identify users and channels by their object, id or name.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_user(
        self,
        name: str,
        *,
        guest: bool = False,
        single_channel_guest: bool = False,
        admin: bool = False,
        bot: bool = False,
        workflow: bool = False,
        deleted: bool = False,
        team_id: str | None = None,
        tz: str = "Etc/UTC",
        real_name: str = "",
    ) -> User:
        """Add a user; with `team_id` they belong to another workspace (see `join_grid`).

        `name` is the display name, and the full name too unless `real_name` is given.
        `bot` adds another app, `workflow` a workflow of Workflow Builder.
        """
        workspace = self._emulator.workspace
        user = User(
            id=workspace.new_id("U"),
            name=name,
            team_id=team_id or workspace.team_id,
            is_restricted=guest or single_channel_guest,
            is_ultra_restricted=single_channel_guest,
            is_admin=admin,
            is_bot=bot or workflow,
            is_workflow=workflow,
            bot_id=workspace.new_id("B") if bot or workflow else None,
            deleted=deleted,
            tz=tz,
            real_name=real_name,
        )
        return workspace.add_user(user)

    def add_channel(
        self,
        name: str,
        *,
        members: Iterable[User | str] = (),
        bot_member: bool = True,
        private: bool = False,
        archived: bool = False,
        connected: Sequence[str] = (),
        host: str | None = None,
        org_shared: Sequence[str] = (),
        topic: str = "",
    ) -> Channel:
        """Add a channel.

        Slack Connect shares it with the `connected` team ids. `host` is the outside team that owns
        the channel; None if the app's workspace does. `org_shared` are workspaces of the app's
        Enterprise organisation that share it.
        """
        workspace = self._emulator.workspace
        listed = [workspace.user(each).id for each in members]
        if bot_member:
            listed.append(self._emulator.app.bot_user_id)
        channel = workspace.add_channel(name, "group" if private else "channel", listed)
        channel.archived, channel.topic = archived, topic
        outside = [*connected, *([host] if host and host not in connected else [])]
        channel.connected, channel.host = [*outside, *org_shared], host
        channel.ext_shared, channel.shared = bool(outside), bool(outside or org_shared)
        for team in channel.connected:
            workspace.teams.setdefault(team, f"Organisation {team}")
        return channel

    def join_grid(self, enterprise_id: str, *team_ids: str, app_team: bool = True) -> None:
        """Add workspaces to an Enterprise organisation, by default the app's workspace too."""
        workspace = self._emulator.workspace
        for team in [*team_ids, *([self._emulator.app.team_id] if app_team else [])]:
            workspace.enterprises[team] = enterprise_id

    def post_notice(self, channel: Channel | str, text: str, user: str = "USLACK") -> str:
        """Post a message as Slack itself and return its ts.

        It has neither a subtype nor a bot_id. Source: vercel/chat, the recorded "archived the
        channel" in a direct message.
        """
        workspace = self._emulator.workspace
        conversation = workspace.channel(channel)
        ts = workspace.next_ts()
        message = SlackMessage(ts, conversation.id, user, text, self._emulator.app.team_id)
        workspace.add_message(message)
        self._emulator.events.message(conversation, message)
        return ts

    def dm(self, user: User | str) -> Channel:
        """Return the direct message channel of a person and the bot."""
        workspace = self._emulator.workspace
        return workspace.im_between(workspace.user(user).id, self._emulator.app.bot_user_id)

    def upload(
        self,
        name: str,
        data: bytes,
        *,
        preview: bytes = b"",
        transcript: bytes = b"",
        id_only: bool = False,
        **overrides: Any,
    ) -> SharedFile:
        """Upload a file for use in `post`; `FileServer.add` explains the arguments."""
        return self._emulator.files.add(
            name, data, overrides, preview=preview, transcript=transcript, id_only=id_only
        )

    async def post(
        self,
        user: User | str,
        channel: Channel | str,
        text: str,
        thread_ts: str | None = None,
        *,
        subtype: str | None = None,
        files: Sequence[Json | SharedFile] = (),
        blocks: Sequence[Json] | None = None,
        attachments: Sequence[Json] = (),
    ) -> str:
        """Post a message, start delivering its events and return its ts.

        With the subtype `bot_message`, it comes from an integration without a user. Without
        `blocks`, it has the blocks that Slack's message box makes of the text. `attachments` are
        those of `bot.playground.people.shares`, or an app's own.
        """
        author, conversation = self._member(user, channel)
        if thread_ts and thread_ts not in conversation.messages:
            raise UnknownInWorkspaceError(f"no thread {thread_ts}")
        message = SlackMessage(
            ts=self._emulator.workspace.next_ts(),
            channel=conversation.id,
            user=None if subtype == "bot_message" else author.id,
            text=text,
            team=author.team_id,
            blocks=typed_blocks(text) if blocks is None else copy.deepcopy([*blocks]),
            attachments=copy.deepcopy([*attachments]),
            files=[each.file_json if isinstance(each, SharedFile) else each for each in files],
            thread_ts=thread_ts,
            subtype=subtype or ("file_share" if files else None),
            bot_id=author.bot_id,
            username=author.name if subtype == "bot_message" else None,
        )
        self._emulator.workspace.add_message(message)
        self._emulator.events.message(conversation, message)
        return message.ts

    async def unfurl(self, channel: Channel | str, ts: str, *attachments: Json) -> None:
        """Add link previews to a message, as Slack does shortly after it was posted."""
        conversation = self._emulator.workspace.channel(channel)
        message = self._message(conversation, ts)
        before = message_json(message, conversation)
        message.attachments += copy.deepcopy(attachments)
        self._emulator.events.message_changed(conversation, message, before)
        self._emulator.workspace.notify_changed()

    async def edit(self, user: User | str, channel: Channel | str, ts: str, text: str) -> None:
        """Edit a message as its author."""
        author, conversation = self._member(user, channel)
        message = self._message(conversation, ts)
        before = message_json(message, conversation)
        message.text, message.blocks = text, typed_blocks(text)
        message.edited_by, message.edited_ts = author.id, self._emulator.workspace.next_ts()
        self._emulator.events.message_changed(conversation, message, before)
        self._emulator.events.mention(conversation, message)
        self._emulator.workspace.notify_changed()

    async def delete(self, channel: Channel | str, ts: str) -> None:
        """Delete a message as its author or an admin."""
        remove(self._emulator, self._message(self._emulator.workspace.channel(channel), ts))

    async def delete_thread(self, channel: Channel | str, ts: str) -> None:
        """Delete a thread and all its replies."""
        conversation = self._emulator.workspace.channel(channel)
        for message in reversed(conversation.thread(ts)):
            remove(self._emulator, message)

    async def react(self, user: User | str, channel: Channel | str, ts: str, name: str) -> None:
        """React to a message; sends `reaction_added` if the app subscribes to it."""
        author, conversation = self._member(user, channel)
        message = self._message(conversation, ts)
        message.reactions.setdefault(name, []).append(author.id)
        item = {"type": "message", "channel": conversation.id, "ts": ts}
        event: dict[str, Any] = {"user": author.id, "reaction": name, "item": item}
        self._emulator.events.emit("reaction_added", **event, item_user=message.user)
        self._emulator.workspace.notify_changed()

    async def invite(
        self, user: User | str, channel: Channel | str, *, inviter: User | str | None = None
    ) -> None:
        """Add a user or the bot to a channel."""
        workspace = self._emulator.workspace
        invited, conversation = workspace.user(user), workspace.channel(channel)
        if invited.id not in conversation.members:
            conversation.members.append(invited.id)
            by = workspace.user(inviter) if inviter else None
            self._emulator.events.member_joined(conversation, invited, by)
            workspace.notify_changed()

    async def leave(self, user: User | str, channel: Channel | str) -> None:
        """Remove a user or the bot from a channel."""
        member, conversation = self._member(user, channel)
        conversation.members.remove(member.id)
        self._emulator.workspace.notify_changed()

    def _member(self, user: User | str, channel: Channel | str) -> tuple[User, Channel]:
        author = self._emulator.workspace.user(user)
        conversation = self._emulator.workspace.channel(channel)
        if author.id not in conversation.members:
            raise UnknownInWorkspaceError(
                f"{author.name} is not in {conversation.name or conversation.id}"
            )
        return author, conversation

    def _message(self, channel: Channel, ts: str) -> SlackMessage:
        if ts not in channel.messages:
            raise UnknownInWorkspaceError(f"no message {ts}")
        return channel.messages[ts]
