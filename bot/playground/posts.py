"""What the app says, once it was found good: stored, scanned for whom it calls, and told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.playground.checks.payloads import DERIVED
from bot.playground.render.notifications import scan_notifications
from bot.playground.state.models import SlackMessage
from bot.playground.state.serializers import message_json
from bot.playground.state.workspace import NOTICER

if TYPE_CHECKING:
    from bot.playground.checks.payloads import Content
    from bot.playground.emulator import Emulator
    from bot.playground.state.models import Channel


@dataclass(frozen=True, slots=True)
class PostOptions:
    """How a message is posted. `unfurls` is False only where both kinds were switched off."""

    thread_ts: str | None = None
    username: str | None = None
    unfurls: bool = True
    link_names: bool = False
    ephemeral_for: str | None = None


def post(site: Emulator, channel: Channel, content: Content, manner: PostOptions) -> SlackMessage:
    """Post a message as the app."""
    app = site.app
    message = SlackMessage(
        ts=site.workspace.next_ts(),
        channel=channel.id,
        user=app.bot_user_id,
        bot_id=app.bot_id,
        app_id=app.app_id,
        team=app.team_id,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        metadata=content.metadata,
        thread_ts=manner.thread_ts,
        username=manner.username,
        unfurls=manner.unfurls,
        ephemeral_for=manner.ephemeral_for,
    )
    site.workspace.keep(message)
    if not message.ephemeral_for:
        note_attention(site, message, link_names=manner.link_names)
        site.events.message(channel, message)
    return message


def revise(
    site: Emulator, message: SlackMessage, content: Content, *, keep_blocks: bool = False
) -> None:
    """Put new content into a message.

    With `keep_blocks` the blocks which the app sent before stay; those made of the old text go.
    """
    channel = site.workspace.channels[message.channel]
    before = message_json(message, channel)
    kept = [b for b in message.blocks if not str(b.get("block_id")).startswith(DERIVED)]
    message.text = content.text
    message.blocks = kept if keep_blocks else content.blocks
    message.attachments = content.attachments
    if content.metadata is not None:
        message.metadata = content.metadata
    message.edited_by = message.user
    message.edited_ts = site.workspace.next_ts()
    if not message.ephemeral_for:
        note_attention(site, message)
        site.events.changed(channel, message, before)
    site.workspace.changed()


def remove(site: Emulator, message: SlackMessage) -> None:
    """Delete a message; a parent whose replies remain is left as a tombstone, as Slack does.

    Of the tombstone the app hears as of an edit, `message_changed` with a message of the subtype
    `tombstone` by USLACKBOT (42wim/matterbridge 600, openclaw/openclaw 22035); of all else as
    `message_deleted`. The tombstone goes with its last reply (slack-edge/slack-edge 10).
    """
    workspace = site.workspace
    if message.ephemeral_for:
        workspace.ephemerals.remove(message)
        workspace.changed()
        return
    channel = workspace.channels[message.channel]
    before = message_json(message, channel)
    if channel.thread(message.ts)[1:]:
        message.subtype, message.text, message.user = (
            "tombstone",
            "This message was deleted.",
            NOTICER,
        )
        message.blocks, message.attachments, message.metadata = [], [], None
        site.events.changed(channel, message, before)
    else:
        del channel.messages[message.ts]
        if message.is_reply:
            channel.threads[str(message.thread_ts)].remove(message.ts)
        site.events.deleted(channel, before)
        root = channel.messages.get(str(message.thread_ts))
        if root and root is not message and not channel.has_root(root.ts):
            _remove_tombstone(site, channel, root)
    workspace.changed()


def _remove_tombstone(site: Emulator, channel: Channel, root: SlackMessage) -> None:
    if not channel.threads[root.ts]:
        before = message_json(root, channel)
        del channel.messages[root.ts]
        site.events.deleted(channel, before)


def note_attention(site: Emulator, message: SlackMessage, *, link_names: bool = False) -> None:
    """Log whom the message calls and what it fetches, each once a message."""
    found = scan_notifications(message, link_names=link_names)
    workspace = site.workspace
    workspace.notifications += [n for n in found.notifications if n not in workspace.notifications]
    workspace.unfurls += [u for u in found.unfurls if u not in workspace.unfurls]
