"""The only way from the page to the local Slack: what one person sees and can do."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from bot.playground.people.inputs import element_value, find_element, initial_value, input_elements
from bot.playground.render.dates import ReaderClock, is_zone, zone_of
from bot.playground.render.text import Names, unescape_text
from bot.playground.state.models import Channel, SlackMessage, SlackView
from bot.trial.form_values import REQUIRED, element_problem, typed_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.playground.file_server import SharedFile
    from bot.playground.people.actions import ActionResult
    from bot.playground.server import LocalSlack
    from bot.playground.state.models import CallRecord, User
    from bot.trial.stage_set import AppFeatures

_TOKEN: Final = re.compile(r"<(?P<kind>[@#!])(?P<target>\w+)(?:\|[^>]*)?>")
_WORDS: Final = ("here", "channel", "everyone")
NOT_RESPONDING: Final = "MoA didn't respond. Is it running? Slack would ask you to try again."
HIDDEN_NAME: Final = "private-channel"
"""The name of a channel for people who can't see it."""

FieldValues = dict[tuple[str, str], Any]
"""The values of a form's fields by block id and action id."""


class NotVisibleError(LookupError):
    """The person can't see this conversation, message or view."""


class Window:
    """One person's view of the local Slack, and their actions in it. Stateless."""

    def __init__(self, slack: LocalSlack, user: User, app: AppFeatures) -> None:
        self._slack = slack
        self.user = user
        self.app = app

    # Reading

    @property
    def bot_id(self) -> str:
        """The bot's user id."""
        return self._slack.bot_user_id

    @property
    def clock(self) -> ReaderClock:
        """The person's time."""
        return ReaderClock(zone_of(self.user.tz), self._slack.clock.now())

    @property
    def names(self) -> Names:
        """The names of people and conversations by id. Hidden ones share one name."""
        hidden = {
            channel.id: HIDDEN_NAME
            for channel in self._slack.conversations
            if channel.private and self.user.id not in channel.members
        }
        return Names(self._slack.names | hidden, self.clock)

    @property
    def team_id(self) -> str:
        """The workspace in which the bot is installed."""
        return self._slack.team_id

    def team_name(self, team_id: str) -> str:
        """Return the name of an organisation."""
        return self._slack.team_name(team_id)

    def author(self, user_id: str | None) -> User | None:
        """Return the author of a message."""
        return self._slack.user(user_id or "")

    def conversations(self) -> list[Channel]:
        """Return the conversations that the person is in."""
        return [each for each in self._slack.conversations if self.user.id in each.members]

    def conversation(self, channel_id: str) -> Channel:
        """Return one of the person's conversations. Raise NotVisibleError for any other."""
        found = [each for each in self.conversations() if each.id == channel_id]
        if not found:
            raise NotVisibleError(channel_id)
        return found[0]

    def conversations_by_use(self) -> list[Channel]:
        """Return the conversations, channels first."""
        return sorted(self.conversations(), key=lambda channel: channel.kind == "im")

    def direct_message(self) -> Channel | None:
        """Return the direct message with the bot, or None for people from elsewhere."""
        direct = [each for each in self.conversations() if each.kind == "im"]
        return direct[0] if direct else None

    def messages(self, channel: Channel) -> list[SlackMessage]:
        """Return the top-level messages, including those that only this person sees."""
        private = [m for m in self._slack.ephemerals(self.user, channel) if not m.thread_ts]
        return sorted([*self._slack.messages(channel), *private], key=lambda message: message.ts)

    def thread(self, channel: Channel, ts: str) -> list[SlackMessage]:
        """Return a thread, first message first. Raise NotVisibleError if there is none."""
        found = self._slack.messages(channel, ts)
        if not found:
            raise NotVisibleError(ts)
        private = [m for m in self._slack.ephemerals(self.user, channel) if m.thread_ts == ts]
        return [found[0], *sorted([*found[1:], *private], key=lambda message: message.ts)]

    def replies(self, channel: Channel, ts: str) -> int:
        """Return the number of replies in a thread."""
        return len(channel.threads.get(ts, ()))

    def message(self, channel: Channel, ts: str) -> SlackMessage:
        """Return a message by its ts. Raise NotVisibleError if the person can't see it."""
        own = [m for m in self._slack.ephemerals(self.user, channel) if m.ts == ts]
        found = channel.messages.get(ts) or (own[0] if own else None)
        if not found:
            raise NotVisibleError(ts)
        return found

    def status(self, channel: Channel, thread_ts: str) -> str:
        """Return the bot's status in a thread, or ""."""
        return self._slack.status(channel, thread_ts)

    def can_stop(self, channel: Channel, thread_ts: str) -> bool:
        """Return whether Slack would offer Stop: the agent is working or a stream is growing."""
        session = self._slack.session(channel, thread_ts)
        working = session is not None and session.status == "processing"
        return working or any(m.streaming for m in self._slack.messages(channel, thread_ts))

    def prompts(self, channel: Channel) -> list[dict[str, str]]:
        """Return the questions that the bot suggests in an empty conversation."""
        return self._slack.prompts(channel) if channel.kind == "im" else []

    def modals(self) -> list[SlackView]:
        """Return the person's open modals, topmost last."""
        return self._slack.modals(self.user)

    def home(self) -> SlackView | None:
        """Return the bot's Home tab for this person."""
        return self._slack.home_tab(self.user)

    def view(self, view_id: str) -> SlackView:
        """Return an open view by its id. Raise NotVisibleError if it isn't open."""
        home = self.home()
        found = [each for each in [*self.modals(), *([home] if home else [])] if each.id == view_id]
        if not found:
            raise NotVisibleError(view_id)
        return found[0]

    def file(self, file_id: str) -> SharedFile:
        """Return a file shared where the person is. Otherwise raise NotVisibleError."""
        found = self._slack.shared_file(file_id)
        for channel in self.conversations():
            for message in channel.messages.values():
                if found and any(each.get("id") == file_id for each in message.files):
                    return found
        raise NotVisibleError(file_id)

    def calls(self, newest: int) -> list[tuple[int, CallRecord]]:
        """Return the newest calls with their numbers, newest first."""
        calls = self._slack.calls()
        first = max(0, len(calls) - newest)
        return [(number, calls[number]) for number in range(len(calls) - 1, first - 1, -1)]

    def call(self, number: int) -> CallRecord:
        """Return a call by its number. Raise NotVisibleError if there is none."""
        calls = self._slack.calls()
        if not 0 <= number < len(calls):
            raise NotVisibleError(str(number))
        return calls[number]

    # Acting

    async def post(
        self,
        channel: Channel,
        text: str,
        thread_ts: str | None,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> tuple[str, str]:
        """Post typed text with files. Return the reason why Slack refuses it, and its ts.

        Either may be "".

        Text that starts with "/" is a command, as in Slack.
        """
        if text.startswith("/") and not files:
            return await self._command(channel, text, thread_ts), ""
        shared = [self._slack.upload(name, data) for name, data in files]
        if not text.strip() and not shared:
            return "", ""
        ts = await self._slack.post(
            self.user, channel, self.to_slack(text), thread_ts=thread_ts, files=shared
        )
        return "", ts

    async def _command(self, channel: Channel, text: str, thread_ts: str | None) -> str:
        command, _, rest = text.partition(" ")
        if command not in self.app.commands:
            return f"{command} is not a valid command. This workspace has only MoA's."
        if thread_ts:
            return f"{command} is not supported in threads. Sorry!"
        result = await self._slack.command(self.user, channel, command, self.to_slack(rest.strip()))
        return f"{command} failed with the error “{result.error}”." if result.error else ""

    async def click(self, target: SlackMessage | SlackView, press: Mapping[str, Any]) -> str:
        """Press a button or choose from a menu. Return "" or a warning."""
        block, action = str(press.get("block")), str(press.get("action"))
        _, element = find_element(target.blocks, action, block)
        value = typed_value(element, press.get("value"))
        result = await self._slack.click(self.user, target, action, value, block_id=block)
        return NOT_RESPONDING if result.error else ""

    async def submit(self, view: SlackView, values: FieldValues) -> tuple[str, dict[str, str]]:
        """Submit a modal. Return a warning and errors by block id, both empty on success."""
        errors = self._fill_in(view, values)
        if errors:
            return "", errors
        result: ActionResult = await self._slack.submit(self.user, view)
        return (NOT_RESPONDING if result.error else ""), dict(result.errors or {})

    async def close(self, view: SlackView, *, every: bool) -> None:
        """Close the topmost modal, or all modals."""
        await self._slack.close(self.user, view, clear=every)

    async def shortcut(self, callback_id: str, message: SlackMessage | None) -> str:
        """Use a shortcut. Return "" or a warning."""
        if callback_id not in {each.callback_id for each in self.app.shortcuts}:
            raise NotVisibleError(callback_id)
        result = await self._slack.shortcut(self.user, callback_id, message)
        return NOT_RESPONDING if result.error else ""

    async def stop(self, channel: Channel, thread_ts: str) -> None:
        """Press Stop in a thread."""
        await self._slack.press_stop(self.user, channel, thread_ts)

    async def edit(self, channel: Channel, message: SlackMessage, text: str) -> None:
        """Edit the person's own message. Raise NotVisibleError for other people's."""
        if message.user != self.user.id:
            raise NotVisibleError(message.ts)
        await self._slack.edit(self.user, channel, message.ts, self.to_slack(text))

    async def delete(self, channel: Channel, message: SlackMessage) -> None:
        """Delete the person's own message. Raise NotVisibleError for other people's."""
        if message.user != self.user.id:
            raise NotVisibleError(message.ts)
        await self._slack.delete(channel, message.ts)

    async def open_app(self, tab: str) -> None:
        """Open the bot's Home or Messages tab."""
        await self._slack.open_home(self.user, tab)

    def set_zone(self, name: str) -> None:
        """Use a time zone for everyone: one computer shows all people's windows.

        Slack's apps report the zone of their computer, too. An unknown name changes nothing.
        """
        if is_zone(name) and name != self.user.tz:
            for user in self._slack.everybody:
                user.tz = name
            self._slack.announce_change()

    def to_slack(self, text: str) -> str:
        """Return typed text as Slack sends it: escaped, with mentions as tokens."""
        escaped = escape(text, quote=False)
        users = {f"@{user.name}": f"<@{user.id}>" for user in self._slack.everybody}
        rooms = {f"#{each.name}": f"<#{each.id}>" for each in self.conversations() if each.name}
        words = {f"@{word}": f"<!{word}>" for word in _WORDS}
        tokens = {name.lower(): token for name, token in (users | rooms | words).items()}
        names = "|".join(re.escape(name) for name in sorted(tokens, key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w@#])(?:{names})(?![\w-])", re.IGNORECASE)
        return pattern.sub(lambda match: tokens[match[0].lower()], escaped)

    def as_typed(self, text: str) -> str:
        """Return Slack text as a person would type it, for editing."""
        plain = _TOKEN.sub(lambda match: self._typed_token(match["kind"], match["target"]), text)
        return unescape_text(plain)

    def _typed_token(self, kind: str, target: str) -> str:
        return f"{'#' if kind == '#' else '@'}{self.names.resolve(target)}"

    def _fill_in(self, view: SlackView, values: FieldValues) -> dict[str, str]:
        """Put values into the view's state. Return the errors that Slack's form would show."""
        errors: dict[str, str] = {}
        for block_id, element, optional in input_elements(view.blocks):
            name = str(element["action_id"])
            if (block_id, name) in values:
                value = self._entered(element, values[block_id, name])
                fields = element_value(element, value)
                if problem := element_problem(element, value, optional=optional):
                    errors[block_id] = problem
            else:
                fields = initial_value(element)
                if not optional and not any(fields.values()):
                    errors[block_id] = REQUIRED
            view.state.setdefault(block_id, {})[name] = {"type": element["type"], **fields}
        return errors

    def _entered(self, element: dict[str, Any], value: Any) -> Any:
        """Return a form's value in the format that Slack sends."""
        if element["type"] == "file_input":
            return [self._slack.upload(name, data).file_json for name, data in value or ()]
        return typed_value(element, value)
