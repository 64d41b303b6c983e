"""Renders the messages of a thread for the prompt, each under its author's name and time.

Messages and files are data: each is quoted line by line, so that no text can pose as another
person's message. Only the question itself isn't quoted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.ports import Question
from bot.slack.api.identity import BotIdentity
from bot.slack.api.metadata import asked_by
from bot.slack.files import Attachments
from bot.slack.files.as_prompt import quote_lines
from bot.slack.markdown.names import prompt_name
from bot.slack.markdown.unicode_filter import unescape
from bot.slack.thread.message_text import (
    TOMBSTONE,
    MessagePayload,
    files_of,
    message_text,
    reply_text,
)
from bot.slack.thread.mrkdwn import to_text
from bot.slack.thread.names import PromptNames
from bot.slack.thread.own_replies import OwnReplies
from bot.slack.thread.quoted_question import parse_quoted_question
from bot.slack.thread.situation import Situation
from moa import Message

PERSON_SUBTYPES = frozenset(
    {None, "bot_message", "file_share", "me_message", "reply_broadcast", "thread_broadcast"}
)
"""Subtypes of messages that people wrote. Slack wrote the others, such as "has joined"."""

DELETED_MESSAGE = "[a message that was deleted]"


def is_ours(message: MessagePayload, me: BotIdentity) -> bool:
    """Return whether we posted a message."""
    return message.get("bot_id") == me.bot_id or message.get("user") == me.user_id


@dataclass(frozen=True, slots=True)
class Transcript:
    """Renders messages, oldest first.

    Attributes:
        me: our identity.
        names: the names of all people and channels in the messages.
        situation: formats times.
        attachments: the files of the messages.
        replies: our stored replies.
    """

    me: BotIdentity
    names: PromptNames
    situation: Situation
    attachments: Attachments
    replies: OwnReplies

    @property
    def bot(self) -> str:
        """Our own name."""
        return self.situation.bot

    def turn(self, message: MessagePayload, *, opens: bool = False) -> Message | None:
        """Return a message as a turn, or None if it is empty.

        Args:
            message: the message.
            opens: whether it is the first. If that one is ours, such as a shared reply, it is
                quoted, since a conversation with a model starts with the user's turn.
        """
        if message.get("subtype") == TOMBSTONE:
            text = f"{self._time(message.get('ts'))}{DELETED_MESSAGE}"
            return Message("user", text, author="somebody")
        if not is_ours(message, self.me):
            return self._others(message)
        asker = asked_by(message)
        if asker:
            name = self.names.with_note(asker)
            asked = to_text(parse_quoted_question(message), self.names).strip()
            return Message("user", self._said(message, f"{name} asked", asked), author=name)
        stored = self.replies.text(message)
        text = reply_text(message, self.names) if stored is None else stored
        if not text:
            return None
        if opens:
            return Message("user", self._said(message, "You wrote", text), author=self.bot)
        return Message("assistant", text, author=self.bot)

    def question(
        self,
        question: Question,
        text: str,
        own: MessagePayload,
        about: MessagePayload | None = None,
    ) -> Message | None:
        """Return the question, after its files, as a turn, or None if it is empty.

        Args:
            question: the question.
            text: its text, including the text of its blocks and attachments.
            own: its message; empty if it contains only the text.
            about: the message that it is about, if the thread has several.
        """
        asker = self.names.with_note(question.user)
        parts = self.attachments.describe(files_of(own), asker)
        if text:
            asked_at = self._time(question.ts) or self._time(self.situation.now.timestamp())
            parts.append(f"{asked_at}{asker} asks{self._about(about)}:\n{text}")
        images = self.attachments.pop_images()
        return Message("user", "\n\n".join(parts), images, asker) if parts else None

    def located(self, turns: Sequence[Message]) -> Sequence[Message]:
        """Return the turns with the channel's name and topic before the first one."""
        first, *others = turns
        where = self.situation.channel_text
        content = f"{where}\n\n{first.content}" if where else first.content
        return (replace(first, content=content), *others)

    def author(self, message: MessagePayload) -> str:
        """Return the name of a message's author, with a note on a bot, guest or outsider."""
        if user := message.get("user"):
            return self.names.with_note(str(user))
        name = message.get("username") or (message.get("bot_profile") or {}).get("name") or "An app"
        return f"{prompt_name(unescape(str(name)))} (bot)"

    def known_author(self, message: MessagePayload) -> str:
        """Return the name of a message's author, or "" if we didn't look it up."""
        user = str(message.get("user") or "")
        return "" if user and user not in self.names.people else self.author(message)

    def _others(self, message: MessagePayload) -> Message | None:
        author, files = self.author(message), files_of(message)
        text = message_text(message, self.names, self.situation.format_time)
        wrote = "Slack noted" if self._is_by_slack(message) else f"{author} wrote"
        parts = [self._said(message, wrote, text)] if text else []
        parts += self.attachments.describe(files, author)
        if not parts:
            return None
        if not text:
            parts[0] = f"{self._time(message.get('ts'))}{parts[0]}"
        return Message("user", "\n\n".join(parts), self.attachments.pop_images(), author)

    def _about(self, message: MessagePayload | None) -> str:
        if message is None:
            return ""
        author = "you" if is_ours(message, self.me) else self.author(message)
        return f" about the message by {author} of {self.situation.format_time(message.get('ts'))}"

    def _said(self, message: MessagePayload, who: str, text: str) -> str:
        return f"{self._time(message.get('ts'))}{who}:\n{quote_lines(text)}"

    def _is_by_slack(self, message: MessagePayload) -> bool:
        return message.get("subtype") not in PERSON_SUBTYPES

    def _time(self, ts: object) -> str:
        time = self.situation.format_time(ts)
        return f"[{time}] " if time else ""
