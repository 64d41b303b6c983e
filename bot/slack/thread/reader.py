"""Reads a thread up to the question and turns it into the prompt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Unanswerable
from bot.ports import Question, RunStore, Thread
from bot.slack.api.channels import ChannelDirectory, ChannelInfo
from bot.slack.api.identity import BotIdentity, IdentityLookup
from bot.slack.api.metadata import asked_about, asked_by, is_notice, typed_by
from bot.slack.api.users import UserDirectory
from bot.slack.files import Attachments, SlackFiles
from bot.slack.thread.fetch import fetch_thread
from bot.slack.thread.message_text import MessagePayload, files_of, question_text
from bot.slack.thread.mrkdwn import to_text, without_mention
from bot.slack.thread.names import PromptNames, ids_in, name_people
from bot.slack.thread.own_replies import OwnReplies
from bot.slack.thread.quoted_question import parse_quoted_question
from bot.slack.thread.situation import Situation
from bot.slack.thread.transcript import Transcript, is_ours
from moa import Message, Prompt
from moa.pipeline.token_budget import MESSAGE_TOKENS, NAMED_AUTHORS, count_tokens, gap_message

LOOKUP_S = 2.0
"""Seconds for looking up all the names in a thread."""

utc_now: Callable[[], datetime] = partial(datetime.now, UTC)


@dataclass(frozen=True, slots=True)
class _Messages:
    """The messages of a thread, oldest first.

    Attributes:
        first: the message that started the thread; empty if that is the question.
        unread: messages after it that exceed every model's context window.
        latest: the other messages before the question.
        own: the question's own message; empty if it contains only the text.
    """

    first: Sequence[MessagePayload]
    unread: Sequence[MessagePayload]
    latest: Sequence[MessagePayload]
    own: MessagePayload

    @property
    def read(self) -> Sequence[MessagePayload]:
        """All messages to read."""
        return (*self.first, *self.latest, self.own)


class SlackThreadReader:
    """Reads threads from Slack; implements `bot.ports.ThreadReader`.

    Args:
        client: reads messages.
        identity: our own identity.
        people: looks up names and time zones.
        files: reads attached files.
        runs: has our earlier replies; without it, they are read from Slack.
        now: returns the current time.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        identity: IdentityLookup,
        people: UserDirectory,
        files: SlackFiles,
        runs: RunStore | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._identity = identity
        self._people = people
        self._channels = ChannelDirectory(client)
        self._files = files
        self._runs = runs
        self._now = now

    async def read(self, question: Question, room: int | None = None) -> Thread:
        """Return the thread up to the question as a prompt, with notes on unread files."""
        earlier, own = await fetch_thread(self._client, question)
        me = await self._identity.get()
        earlier = [each for each in earlier if not (is_ours(each, me) and is_notice(each))]
        messages = _split(earlier, own, room)
        transcript = await self._transcript(question, messages, me)
        text = self._question_text(question, own, transcript)
        turns = _turns(messages, transcript)
        # A mention without text refers to the message before it.
        follows_person = bool(turns) and turns[-1].role == "user"
        if not (text or follows_person or transcript.attachments.any_readable(files_of(own))):
            raise Unanswerable("unreadable" if files_of(own) else "empty")
        about = _asked_about(own, earlier) if is_ours(own, me) else None
        if last := transcript.question(question, text, own, about):
            turns.append(last)
        prompt = Prompt(tuple(transcript.located(turns)), transcript.situation.system)
        by_asker = tuple(_texts_of_asker(question, earlier, me))
        return Thread(prompt, transcript.attachments.notes, by_asker)

    def _question_text(
        self, question: Question, own: MessagePayload, transcript: Transcript
    ) -> str:
        typed = without_mention(question.text, transcript.me.user_id)
        shown = {} if is_ours(own, transcript.me) else own
        return question_text(shown, typed, transcript.names, transcript.situation.format_time)

    async def _transcript(
        self, question: Question, messages: _Messages, me: BotIdentity
    ) -> Transcript:
        ours = [message for message in messages.read if is_ours(message, me)]
        (names, situation), files, replies = await asyncio.gather(
            self._look_up(question, messages, me),
            self._read_files(messages.read, me),
            OwnReplies.load(self._runs, ours),
        )
        return Transcript(me, names, situation, files, replies)

    async def _look_up(
        self, question: Question, messages: _Messages, me: BotIdentity
    ) -> tuple[PromptNames, Situation]:
        """Look up the people and channels in these messages, all at the same time."""
        mentioned = [*_ids(messages), *ids_in(question.text), question.user, me.user_id]
        users = [each for each in mentioned if each[0] in "UWB"]
        own_channel = () if question.surface == "direct" else (question.channel,)
        channels = [*own_channel, *(each for each in mentioned if each[0] == "C")]
        people, infos = await asyncio.gather(
            self._people.people(users, LOOKUP_S), self._channels.channels(channels, LOOKUP_S)
        )
        names = name_people(people, me.user_id)
        public = {
            channel: info.name
            for channel, info in infos.items()
            if info.name and not info.is_private
        }
        names = replace(names, channels=public)
        here = infos.get(question.channel, ChannelInfo())
        situation = Situation(
            bot=names.people[me.user_id],
            now=self._now(),
            asker=people[question.user],
            channel=replace(here, topic=to_text(here.topic, names)),
            surface=question.surface,
        )
        return names, situation

    async def _read_files(self, messages: Sequence[MessagePayload], me: BotIdentity) -> Attachments:
        """Read the files of these messages, latest first, since there are limits."""
        files = [
            file
            for message in reversed(messages)
            if not is_ours(message, me)
            for file in files_of(message)
        ]
        return Attachments(await self._files.read(files), self._files.limits)


def _turns(messages: _Messages, transcript: Transcript) -> list[Message]:
    """Return the turns before the question."""
    turns: list[Message] = []
    for message in messages.first:
        turns += filter(None, [transcript.turn(message, opens=True)])
    if messages.unread:
        turns.append(gap_message([transcript.known_author(each) for each in messages.unread]))
    for message in messages.latest:
        turns += filter(None, [transcript.turn(message, opens=not turns)])
    return turns


def _asked_about(own: MessagePayload, earlier: Sequence[MessagePayload]) -> MessagePayload | None:
    """Return the message that a shortcut's question is about, if there are others too."""
    about = asked_about(own)
    found = (message for message in earlier if message["ts"] == about)
    return next(found, None) if len(earlier) > 1 else None


def _split(earlier: Sequence[MessagePayload], own: MessagePayload, room: int | None) -> _Messages:
    """Split off the messages that no model can read, by a low estimate of their size."""
    first, others = earlier[:1], earlier[1:]
    kept, left = 0, room
    for message in reversed(others):
        if left is not None:
            left -= count_tokens(str(message.get("text") or "")) + MESSAGE_TOKENS
            if left < 0:
                break
        kept += 1
    start = len(others) - kept
    return _Messages(first, others[:start], others[start:], own)


def _ids(messages: _Messages) -> Iterator[str]:
    """Yield the ids of authors and of people they mention, in order of first appearance."""
    for message in messages.read:
        if author := message.get("user"):
            yield str(author)
        if asker := asked_by(message):
            yield asker
        for key in ("text", "blocks", "attachments"):
            yield from ids_in(message.get(key))
    authors = Counter(str(message.get("user") or "") for message in messages.unread)
    yield from (author for author, _ in authors.most_common(NAMED_AUTHORS) if author)


def _texts_of_asker(
    question: Question, earlier: Sequence[MessagePayload], me: BotIdentity
) -> Iterator[str]:
    """Yield the asker's earlier messages, including questions asked with our shortcuts."""
    for message in earlier:
        if is_ours(message, me):
            if typed_by(message) == question.user:
                yield parse_quoted_question(message)
        elif message.get("user") == question.user and not message.get("bot_id"):
            yield str(message.get("text") or "")
