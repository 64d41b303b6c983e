"""`/moa brainstorm TOPIC`, and `status`, `results`, `close` and `reopen`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.brainstorm.session import BrainstormSession
from bot.brainstorm.tally import tally
from bot.slack.api.origin import Actor
from bot.slack.api.permalinks import fetch_permalink
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.start_view import StartPlace
from bot.slack.brainstorm.starts import BrainstormStarts
from bot.slack.brainstorm.text import phase_text, safe_topic
from bot.slack.brainstorm.thread_posts import result_lines
from bot.slack.brainstorm.view_data import IdeasHidden
from bot.slack.ui.clicks import RefusedError
from bot.slack.ui.strings import brainstorm as strings

LISTED = 10
"""Brainstorms to list in `status`."""

SEARCHED = 50
"""The latest brainstorms to search for the one that is meant."""


@dataclass(frozen=True, slots=True)
class BrainstormCommandInput:
    """One use of the command.

    Attributes:
        text: the text after `brainstorm`.
        command: the command as typed, such as `/moa`.
        team, channel: where it was used.
        actor: the person who used it.
        trigger_id: opens a modal within 3 s.
    """

    text: str
    command: str
    team: str
    channel: str
    actor: Actor
    trigger_id: str


class BrainstormCommand:
    """Runs the command. Each method returns the response to the actor as mrkdwn."""

    def __init__(self, support: ClickSupport, starts: BrainstormStarts) -> None:
        self._support = support
        self._starts = starts
        self._words: Mapping[str, Callable[[BrainstormCommandInput], Awaitable[str]]] = {
            "status": self._status,
            "results": self._results,
            "close": self._close,
            "reopen": self._reopen,
        }

    async def run(self, call: BrainstormCommandInput) -> str:
        """Run the command and return the response, or "" if a form opened."""
        text = call.text.strip()
        if not text:
            return strings.COMMAND_EMPTY.format(command=call.command)
        try:
            verdict = await self._support.access.check_channel(call.team, call.channel, call.actor)
            if verdict != "yes":
                return strings.REFUSED[verdict]
            if word := self._words.get(text.lower()):
                return await word(call)
        except RefusedError as refused:
            return str(refused)
        except IdeasHidden:
            return strings.IDEAS_HIDDEN
        body = {"trigger_id": call.trigger_id}
        place = StartPlace(call.channel)
        opened = await self._starts.open_form(body, call.actor, place, text)
        return "" if opened else strings.TOO_LATE

    async def _status(self, call: BrainstormCommandInput) -> str:
        found = await self._support.brainstorms.store.latest(call.team, call.channel, LISTED)
        if not found:
            return strings.COMMAND_NONE.format(command=call.command)
        lines = [await self._status_line(session) for session in found]
        return "\n".join([strings.STATUS_TITLE, *lines])

    async def _status_line(self, session: BrainstormSession) -> str:
        link = ""
        if session.board_ts is not None:
            address = await fetch_permalink(self._support.client, session.channel, session.board_ts)
            link = strings.STATUS_LINK.format(link=address) if address else ""
        phase = phase_text(session, self._support.brainstorms.now())
        return strings.STATUS_LINE.format(topic=safe_topic(session), phase=phase, link=link)

    async def _results(self, call: BrainstormCommandInput) -> str:
        session = await self._first(call, lambda each: each.result_ts is not None)
        if session is None:
            return strings.NO_RESULT_YET
        opened = await self._support.views.open_ideas(session)
        counted = tally(opened.grouping, await self._support.views.store.ballots(session.id))
        return "\n".join(result_lines(session, counted, opened.shown))

    async def _close(self, call: BrainstormCommandInput) -> str:
        session = await self._own_or_latest(call, lambda each: each.phase != "closed")
        if session is None:
            return strings.NOTHING_OPEN
        await self._support.require_starter(session, call.actor)
        if not await self._support.brainstorms.close(session):
            return strings.PHASE_OVER
        return strings.CLOSED_NOW.format(topic=safe_topic(session), command=call.command)

    async def _reopen(self, call: BrainstormCommandInput) -> str:
        session = await self._own_or_latest(call, lambda each: each.phase in {"closed", "result"})
        if session is None:
            return strings.NOTHING_CLOSED
        await self._support.require_starter(session, call.actor)
        if not await self._support.brainstorms.reopen(session):
            return strings.PHASE_OVER
        return strings.REOPENED_NOW.format(topic=safe_topic(session))

    async def _own_or_latest(
        self, call: BrainstormCommandInput, wanted: Callable[[BrainstormSession], bool]
    ) -> BrainstormSession | None:
        """Return the latest brainstorm that the actor started, else the latest of anyone."""
        own = await self._first(call, lambda each: wanted(each) and each.user == call.actor.user)
        return own or await self._first(call, wanted)

    async def _first(
        self, call: BrainstormCommandInput, wanted: Callable[[BrainstormSession], bool]
    ) -> BrainstormSession | None:
        found: Sequence[BrainstormSession] = await self._support.brainstorms.store.latest(
            call.team, call.channel, SEARCHED
        )
        return next((session for session in found if wanted(session)), None)
