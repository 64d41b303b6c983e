"""Posts, updates and deletes the app's messages, after their content was validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.playground.checks.payloads import GENERATED_PREFIX
from bot.playground.render.notifications import scan_notifications
from bot.playground.state.models import SlackMessage
from bot.playground.state.serializers import message_json
from bot.playground.state.workspace import SLACKBOT_ID

if TYPE_CHECKING:
    from bot.playground.checks.payloads import Content
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Channel


@dataclass(frozen=True, slots=True)
class PostOptions:
    """How to post a message.

    `unfurls` is False only if the app disabled both link and media previews. `ephemeral_for` is
    the only person who sees an ephemeral message.
    """

    thread_ts: str | None = None
    username: str | None = None
    unfurls: bool = True
    link_names: bool = False
    ephemeral_for: str | None = None


def post(
    emulator: Emulator, channel: Channel, content: Content, options: PostOptions
) -> SlackMessage:
    """Post a message as the app."""
    app = emulator.app
    message = SlackMessage(
        ts=emulator.workspace.next_ts(),
        channel=channel.id,
        user=app.bot_user_id,
        bot_id=app.bot_id,
        app_id=app.app_id,
        team=app.team_id,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        metadata=content.metadata,
        thread_ts=options.thread_ts,
        username=options.username,
        unfurls=options.unfurls,
        ephemeral_for=options.ephemeral_for,
    )
    emulator.workspace.add_message(message)
    if not message.ephemeral_for:
        record_notifications(emulator, message, link_names=options.link_names)
        emulator.events.message(channel, message)
    return message


def revise(
    emulator: Emulator, message: SlackMessage, content: Content, *, keep_blocks: bool = False
) -> None:
    """Replace the content of a message.

    With `keep_blocks`, keep blocks that the app sent; blocks generated from the old text are
    dropped.
    """
    channel = emulator.workspace.channels[message.channel]
    before = message_json(message, channel)
    kept = [b for b in message.blocks if not str(b.get("block_id")).startswith(GENERATED_PREFIX)]
    message.text = content.text
    message.blocks = kept if keep_blocks else content.blocks
    message.attachments = content.attachments
    if content.metadata is not None:
        message.metadata = content.metadata
    message.edited_by = message.user
    message.edited_ts = emulator.workspace.next_ts()
    if not message.ephemeral_for:
        record_notifications(emulator, message)
        emulator.events.message_changed(channel, message, before)
    emulator.workspace.notify_changed()


def remove(emulator: Emulator, message: SlackMessage) -> None:
    """Delete a message; a parent with replies becomes a tombstone, as in Slack.

    For a tombstone Slack sends `message_changed`, whose message by USLACKBOT has the subtype
    `tombstone` (42wim/matterbridge 600, openclaw/openclaw 22035). For any other deletion it sends
    `message_deleted`. Deleting the last reply deletes the tombstone (slack-edge/slack-edge 10).
    """
    workspace = emulator.workspace
    if message.ephemeral_for:
        workspace.ephemerals.remove(message)
        workspace.notify_changed()
        return
    channel = workspace.channels[message.channel]
    before = message_json(message, channel)
    if channel.thread(message.ts)[1:]:
        message.subtype, message.text, message.user = (
            "tombstone",
            "This message was deleted.",
            SLACKBOT_ID,
        )
        message.blocks, message.attachments, message.metadata = [], [], None
        emulator.events.message_changed(channel, message, before)
    else:
        del channel.messages[message.ts]
        if message.is_reply:
            channel.threads[str(message.thread_ts)].remove(message.ts)
        emulator.events.message_deleted(channel, before)
        root = channel.messages.get(str(message.thread_ts))
        if root and root is not message and not channel.has_root(root.ts):
            _remove_tombstone(emulator, channel, root)
    workspace.notify_changed()


def _remove_tombstone(emulator: Emulator, channel: Channel, root: SlackMessage) -> None:
    """Delete the tombstone of a thread that has no replies left."""
    if not channel.threads[root.ts]:
        before = message_json(root, channel)
        del channel.messages[root.ts]
        emulator.events.message_deleted(channel, before)


def record_notifications(
    emulator: Emulator, message: SlackMessage, *, link_names: bool = False
) -> None:
    """Record which notifications and link previews the message causes, each once."""
    found = scan_notifications(message, link_names=link_names)
    workspace = emulator.workspace
    workspace.notifications += [n for n in found.notifications if n not in workspace.notifications]
    workspace.unfurls += [u for u in found.unfurls if u not in workspace.unfurls]
