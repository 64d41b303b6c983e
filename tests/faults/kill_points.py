"""Named points in a question's life at which a process can kill itself."""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from procrastinate.manager import JobManager
from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.jobs.local_pool import LocalPool
from bot.jobs.postgres_queue import PostgresQueue
from bot.service import Service
from bot.slack.api.metadata import is_last_message
from bot.slack.brainstorm.about import AboutRuns
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.reply import recovery, thread_reply
from bot.slack.reply.thread_reply import ThreadReply
from bot.slack.reply.typing_status import TypingStatus
from bot.slack.thread.reader import SlackThreadReader
from bot.storage.brainstorms import StoredBrainstorms
from bot.storage.runs import StoredRunStore
from moa import Delta

Named = Mapping[str, Any]
"""The arguments of a call that were given by name."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point right after, or right before, a call of the bot.

    Attributes:
        target: a method or function; it really runs.
        caller: for a function, the module whose reference is patched.
        before: die before the call instead of after it.
        nth: at which call, counted from when the test arms the point.
        meant: count only calls with these keyword arguments.
    """

    target: Callable[..., Any]
    caller: ModuleType | None = None
    before: bool = False
    nth: int = 1
    meant: Callable[[Named], bool] = lambda _: True


POINTS: Final[Mapping[str, Point]] = {
    "question stored, not acknowledged": Point(StoredRunStore.claim),
    "acknowledged, not handed over": Point(Enqueuer.enqueue, before=True),
    "handed over": Point(Enqueuer.enqueue),
    "taken, not begun": Point(StoredRunStore.begin, before=True),
    "begun": Point(StoredRunStore.begin),
    "sign of work shown": Point(AsyncWebClient.agents_sessions_setStatus),
    "thread read": Point(SlackThreadReader.read),
    "stream started, its ts not stored": Point(AsyncWebClient.chat_startStream),
    "its ts stored": Point(StoredRunStore.posted),
    "first answer stored": Point(StoredRunStore.record),
    "second answer stored": Point(StoredRunStore.record, nth=2),
    "third answer stored": Point(StoredRunStore.record, nth=3),
    "aggregator in the middle of its stream": Point(
        ThreadReply.show,
        nth=4,
        meant=lambda named: isinstance(named["event"], Delta),
    ),
    "a piece of the reply shown": Point(
        AsyncWebClient.chat_appendStream,
        meant=lambda named: "markdown_text" in str(named["chunks"]),
    ),
    "outcome stored, stream open": Point(StoredRunStore.finish),
    "last piece shown, stream open": Point(
        AsyncWebClient.chat_stopStream, before=True, meant=lambda named: bool(named["blocks"])
    ),
    "stream ended, not recorded": Point(
        AsyncWebClient.chat_stopStream, meant=lambda named: bool(named["blocks"])
    ),
    "reply complete, not recorded": Point(ThreadReply.finish),
    "recorded as answered": Point(StoredRunStore.delivered),
    "sign of work taken away": Point(TypingStatus.clear),
    "work over, job not ended": Point(Service.answer),
}
"""With Slack's streams. A question that is killed at one of them is taken up at the next start."""

WAITING: Final[Mapping[str, Point]] = {
    "queued in the process": Point(LocalPool.enqueue),
    "position read, not queued in the process": Point(LocalPool.enqueue, before=True),
}
"""Where all slots are taken, on SQLite."""

QUEUED: Final[Mapping[str, Point]] = {
    "position read, not queued": Point(PostgresQueue.enqueue, before=True),
    "queued": Point(PostgresQueue.enqueue),
    "fetched, not started": Point(PostgresQueue.answer, before=True),
    "job over, not stored": Point(PostgresQueue.answer),
    "job over and stored": Point(JobManager.finish_job),
}
"""On the way from one process to another, on Postgres."""

EDITED: Final[Mapping[str, Point]] = {
    "line of progress posted, its ts not stored": Point(AsyncWebClient.chat_postMessage),
    "line of progress edited": Point(AsyncWebClient.chat_update),
    "whole reply edited in, not recorded": Point(
        AsyncWebClient.chat_update, meant=lambda named: "reply_actions" in str(named["blocks"])
    ),
    "reaction set": Point(AsyncWebClient.reactions_add),
    "reaction set, recorded as answered": Point(StoredRunStore.delivered),
}
"""Without streams and sessions."""

PLAINER: Final[Mapping[str, Point]] = {
    "plain end accepted, its buttons not posted": Point(
        AsyncWebClient.chat_stopStream, meant=is_last_message
    ),
    "buttons posted, not recorded": Point(AsyncWebClient.chat_postMessage),
}
"""Where Slack refuses the buttons below a reply."""

RESUMED: Final[Mapping[str, Point]] = {
    "unfinished runs found": Point(StoredRunStore.begin, before=True),
    "next attempt begun": Point(StoredRunStore.begin),
    "old stream closed, not removed": Point(recovery.stop_stream, caller=recovery),
    "thread cleared": Point(recovery.clean_up, caller=thread_reply),
}
"""While a process resumes what another has left."""

REQUEUED: Final[Mapping[str, Point]] = {
    "dead worker forgotten, its jobs not": Point(JobManager.get_stalled_jobs, before=True),
    "stalled job removed, run not queued": Point(PostgresQueue.enqueue, before=True),
    "run queued again": Point(PostgresQueue.enqueue),
}
"""While a worker takes over from a dead one, on Postgres."""

DELETED: Final[Mapping[str, Point]] = {"deletion stored": Point(StoredRunStore.request_stop)}
"""While it hears that a question was deleted."""


def _posts(part: str) -> Point:
    """Right after one of a brainstorm's messages was posted."""

    def meant(named: Named) -> bool:
        tag = (named.get("metadata") or {}).get("event_payload") or {}
        return str(tag.get("part")).startswith(f"{part}:")

    return Point(AsyncWebClient.chat_postMessage, meant=meant)


def _stores(field: str) -> Point:
    """Right after something was stored about a brainstorm."""
    return Point(StoredBrainstorms.change, meant=lambda named: named.get(field) is not None)


def _begins(phase: str) -> Point:
    return Point(StoredBrainstorms.advance, meant=lambda named: named["phase"] == phase)


BRAINSTORMED: Final[Mapping[str, Point]] = {
    "brainstorm stored, nobody told": Point(StoredBrainstorms.start),
    "brainstorm begun": Point(StoredBrainstorms.begin),
    "posting of its board announced": _stores("posting"),
    "board posted, its ts not stored": _posts("board"),
    "ts of the board stored": _stores("board_ts"),
    "first ideas of a model stored": Point(StoredBrainstorms.call_ended),
    "seventh ideas of a model stored": Point(StoredBrainstorms.call_ended, nth=7),
    "silence settled": _stores("settled"),
    "a person's ideas stored, not acknowledged": Point(StoredBrainstorms.hand_in),
    "board drawn again": Point(AsyncWebClient.chat_update),
    "end of the silence stored": Point(StoredBrainstorms.end_phase),
    "themes begun": _begins("themes"),
    "ideas grouped, not stored": Point(PipelineIdeaModels.group),
    "themes stored": _stores("themes"),
    "themes posted, their ts not stored": _posts("themes"),
    "ts of the themes stored": _stores("themes_ts"),
    "end of the themes set": _stores("phase_ends_at"),
    "dots begun": _begins("dots"),
    "dots stored, not acknowledged": Point(StoredBrainstorms.vote),
    "dots of the second person stored": Point(StoredBrainstorms.vote, nth=2),
    "result begun": _begins("result"),
    "result posted, its ts not stored": _posts("result"),
    "ts of the result stored": _stores("result_ts"),
    "question about the result stored": Point(StoredBrainstorms.put_question),
    "run of the result stored": Point(StoredRunStore.claim),
    "run of the result handed over": Point(AboutRuns.write),
}
"""Of a brainstorm, in the order in which they come."""

ALL: Final[Mapping[str, Point]] = (
    BRAINSTORMED | POINTS | WAITING | QUEUED | EDITED | PLAINER | RESUMED | REQUEUED | DELETED
)


def owner_of(point: Point) -> tuple[Any, str]:
    """Return the class or module that a point patches, and the name that it patches there."""
    *owners, method = point.target.__qualname__.split(".")
    module = point.caller or import_module(point.target.__module__)
    return functools.reduce(getattr, owners, module), method


def arm(name: str, trap: Path) -> None:
    """Let this process die at a point once a file exists."""
    point = ALL[name]
    owner, method = owner_of(point)
    whole = point.target
    hits = count(1)

    def reached(named: Named) -> None:
        if trap.exists() and point.meant(named) and next(hits) == point.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def named_of(arguments: tuple[Any, ...], named: Named) -> Named:
        return inspect.signature(whole).bind(*arguments, **named).arguments | dict(named)

    @functools.wraps(whole)
    async def watched(*arguments: Any, **named: Any) -> Any:
        if point.before:
            reached(named_of(arguments, named))
        result = await whole(*arguments, **named)
        if not point.before:
            reached(named_of(arguments, named))
        return result

    @functools.wraps(whole)
    def watched_at_once(*arguments: Any, **named: Any) -> Any:
        if point.before:
            reached(named_of(arguments, named))
        result = whole(*arguments, **named)
        if not point.before:
            reached(named_of(arguments, named))
        return result

    setattr(owner, method, watched if inspect.iscoroutinefunction(whole) else watched_at_once)
