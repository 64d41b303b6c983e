"""Moves brainstorms forward: posts, asks models, and changes the phase when its time is up.

Every step can be repeated. Its result is stored before the next step, so another worker can
continue a brainstorm after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta

import structlog

from bot.brainstorm.ports import (
    Board,
    BoardDeleted,
    BrainstormClosed,
    BrainstormStore,
    IdeaModels,
    Part,
    ResultWriter,
)
from bot.brainstorm.session import (
    NEXT,
    BrainstormSession,
    Closing,
    EndedCall,
    to_be_repeated,
)
from bot.errors import Postponed

log = structlog.get_logger(__name__)

WATCH_S = 1.0
"""Seconds between two checks of a brainstorm while its models are working."""

PAY_S = 5.0
"""Seconds to store what calls cost that were stopped."""

COUNTDOWN = timedelta(minutes=20)
"""In this time before the end of a phase, the board is redrawn every minute."""

MINUTE = timedelta(minutes=1)

MAX_BOARDS = 2
"""A deleted board is posted again once. A second deletion means that it isn't wanted."""

GROUPING = 10_000
"""Added to the number of ended calls to get the position of the first grouping call."""

Clock = Callable[[], datetime]


class Outdated(Exception):
    """The brainstorm has changed, or another worker has taken over: read it again."""


class BrainstormWorker:
    """Does the work that is due in a brainstorm."""

    def __init__(
        self,
        store: BrainstormStore,
        board: Board,
        models: IdeaModels,
        results: ResultWriter,
        now: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._models = models
        self._results = results
        self._now = now

    async def due(self) -> list[str]:
        """Return the brainstorms with something to do."""
        return [*await self._store.due(self._now())]

    async def work(self, session_id: str) -> None:
        """Do everything that is due in a brainstorm.

        Raises:
            Postponed: Slack or the database is unavailable; a later attempt continues.
        """
        with structlog.contextvars.bound_contextvars(brainstorm=session_id):
            begun = await self._store.begin(session_id)
            session = begun
            while begun and session and session.attempt == begun.attempt:
                if not await self._try_step(session):
                    return
                session = await self._store.get(session_id)

    async def _try_step(self, session: BrainstormSession) -> bool:
        """Do the next step. Return False if nothing is left to do now."""
        try:
            return await self._step(session)
        except Outdated:
            return True
        except BoardDeleted:
            await self._repost(session)
        except BrainstormClosed as closed:
            await self._close(session, closed.closing)
        return True

    async def _step(self, session: BrainstormSession) -> bool:
        """Do the next step. Return False if nothing is left to do now."""
        now = self._now()
        if session.is_due(now):
            await self._advance(session)
        elif session.phase != "closed" and session.board_ts is None:
            await self._post(session, "board")
        elif not session.settled:
            await self._settle(session)
        elif session.refresh_at is not None and session.refresh_at <= now:
            await self._draw(session)
        else:
            return False
        return True

    async def _settle(self, session: BrainstormSession) -> None:
        """Do the work of a phase."""
        match session.phase:
            case "silence":
                await self._ask_models(session)
            case "themes":
                await self._group(session)
            case "result":
                await self._conclude(session)
            case "closed":
                with suppress(BoardDeleted, BrainstormClosed):
                    await self._draw(session)
                await self._change(session, settled=True)
                return
            case "dots":
                pass
        await self._draw(session)
        await self._change(session, settled=True)

    async def _advance(self, session: BrainstormSession) -> None:
        """Move to the next phase, unless it has changed meanwhile."""
        ideas = (await self._store.count_ideas(session.id)).ideas
        if session.phase == "silence" and not ideas:
            await self._close(session, "no_ideas")
            return
        phase = NEXT[session.phase]
        length = None if phase == "themes" else session.length_of(phase)
        ends_at = None if length is None else self._now() + length
        changes = {"closed_in": session.phase} if phase == "closed" else {}
        if await self._store.advance(session, phase, ends_at, **changes):
            log.info("brainstorm_phase", phase=phase, ideas=ideas)

    async def _close(self, session: BrainstormSession, closing: Closing) -> None:
        if await self._store.advance(
            session, "closed", None, closing=closing, closed_in=session.phase, reserved_usd=0.0
        ):
            log.info("brainstorm_closed", reason=closing)
            await self._board.closed(session, closing)

    async def _ask_models(self, session: BrainstormSession) -> None:
        """Ask the models independently, until they finish or the phase ends."""
        stopped: list[EndedCall] = []
        asking = asyncio.create_task(self._store_calls(session, stopped.append))
        try:
            while not asking.done():
                await asyncio.wait([asking], timeout=WATCH_S)
                with suppress(Postponed):  # stopped now, the calls would be made again later
                    await self._watch(session)
            asking.result()
        finally:
            await _cancel(asking)
            await self._pay(session, stopped)

    async def _pay(self, session: BrainstormSession, stopped: Sequence[EndedCall]) -> None:
        """Store what stopped calls cost. In the same phase, they will be made again."""
        if not stopped:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PAY_S):
                current = await self._store.get(session.id)
                if current is None:
                    return
                is_over = current.step != session.step
                for call in stopped:
                    ended = call if is_over else to_be_repeated(call)
                    await self._store.call_ended(session, ended, late=is_over)

    async def _watch(self, session: BrainstormSession) -> None:
        """Keep the board up to date while models are working.

        Raises:
            Outdated: the phase has ended, or its time is up.
        """
        current = await self._store.get(session.id)
        if current is None or (current.step, current.attempt) != (session.step, session.attempt):
            raise Outdated
        if current.is_due(self._now()):
            await self._advance(current)
            raise Outdated
        if current.refresh_at is not None and current.refresh_at <= self._now():
            await self._draw(current)

    async def _store_calls(
        self, session: BrainstormSession, on_stopped: Callable[[EndedCall], object]
    ) -> None:
        done = await self._store.ended_calls(session.id)
        async with aclosing(self._models.calls(session, done.keys(), on_stopped)) as calls:
            async for call in calls:
                await self._store.call_ended(session, call, late=False)
                await self._store.refresh(session.id, self._now())

    async def _group(self, session: BrainstormSession) -> None:
        if session.themes is None:
            await self._draw(session)  # models may take a minute or two
            ideas = await self._store.ideas(session.id)
            first = len(await self._store.ended_calls(session.id)) + GROUPING
            calls: list[EndedCall] = []
            try:
                themes = await self._models.group(session, ideas, first, calls.append)
            except BaseException:
                await self._pay(session, calls)
                raise
            for call in calls:
                await self._store.call_ended(session, call, late=False)
            await self._change(session, themes=themes, reserved_usd=0.0)
            raise Outdated
        if session.themes_ts is None:
            await self._post(session, "themes")
        length = session.length_of("themes")
        if session.phase_ends_at is None and length is not None:
            await self._change(session, phase_ends_at=self._now() + length)
            raise Outdated

    async def _conclude(self, session: BrainstormSession) -> None:
        if session.result_ts is None:
            await self._post(session, "result")
            raise Outdated
        await self._results.write(session)

    async def _post(self, session: BrainstormSession, part: Part) -> None:
        """Post a message once: search first if an earlier attempt may have posted it."""
        begun = f"{part}:{session.boards}:{session.step}"
        search = session.posting == begun
        if not search:
            await self._change(session, posting=begun)
        ts = await self._board.post(session, part, search=search)
        more = {"boards": session.boards + 1} if part == "board" else {}
        await self._change(session, **{f"{part}_ts": ts, "posting": None, **more})

    async def _draw(self, session: BrainstormSession) -> None:
        """Redraw the board and schedule the next redraw.

        The next time is stored first, so a change during the redraw causes another one.
        """
        await self._change(session, refresh_at=self._next_drawing(session))
        current = await self._store.get(session.id)
        if current is not None and current.board_ts is not None:
            await self._board.update(current)

    def _next_drawing(self, session: BrainstormSession) -> datetime | None:
        ends_at, now = session.phase_ends_at, self._now()
        if ends_at is None or session.phase in {"result", "closed"}:
            return None
        return max(ends_at - COUNTDOWN, now + MINUTE)

    async def _repost(self, session: BrainstormSession) -> None:
        """Post a deleted board again, once."""
        if session.boards >= MAX_BOARDS:
            await self._close(session, "deleted")
            return
        await self._store.change(
            session, board_ts=None, themes_ts=None, result_ts=None, posting=None, settled=False
        )

    async def _change(self, session: BrainstormSession, **changes: object) -> None:
        if not await self._store.change(session, **changes):
            raise Outdated


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
