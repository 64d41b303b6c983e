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

Keywords = Mapping[str, Any]
"""The keyword arguments of a call."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point right after, or right before, a call of the bot.

    Attributes:
        target: a method or function, which really runs.
        caller: for a function, the module whose reference is patched.
        before: die before the call instead of after it.
        nth: at which call, counted from when the test arms the point.
        matches: count only calls with these keyword arguments.
    """

    target: Callable[..., Any]
    caller: ModuleType | None = None
    before: bool = False
    nth: int = 1
    matches: Callable[[Keywords], bool] = lambda _: True


POINTS: Final[Mapping[str, Point]] = {
    "question stored, not acknowledged": Point(StoredRunStore.claim),
    "acknowledged, not queued": Point(Enqueuer.enqueue, before=True),
    "queued": Point(Enqueuer.enqueue),
    "fetched, not begun": Point(StoredRunStore.begin, before=True),
    "begun": Point(StoredRunStore.begin),
    "status shown": Point(AsyncWebClient.agents_sessions_setStatus),
    "thread read": Point(SlackThreadReader.read),
    "stream started, its ts not stored": Point(AsyncWebClient.chat_startStream),
    "its ts stored": Point(StoredRunStore.posted),
    "first answer stored": Point(StoredRunStore.record),
    "second answer stored": Point(StoredRunStore.record, nth=2),
    "third answer stored": Point(StoredRunStore.record, nth=3),
    "aggregator in the middle of its stream": Point(
        ThreadReply.show,
        nth=4,
        matches=lambda given: isinstance(given["event"], Delta),
    ),
    "part of the reply shown": Point(
        AsyncWebClient.chat_appendStream,
        matches=lambda given: "markdown_text" in str(given["chunks"]),
    ),
    "outcome stored, stream open": Point(StoredRunStore.finish),
    "last part shown, stream open": Point(
        AsyncWebClient.chat_stopStream,
        before=True,
        matches=lambda given: bool(given["blocks"]),
    ),
    "stream ended, not recorded": Point(
        AsyncWebClient.chat_stopStream, matches=lambda given: bool(given["blocks"])
    ),
    "reply complete, not recorded": Point(ThreadReply.finish),
    "recorded as answered": Point(StoredRunStore.delivered),
    "status cleared": Point(TypingStatus.clear),
    "work over, job not ended": Point(Service.answer),
}
"""With Slack's streams. A question killed at one of these points is resumed at the next start."""

WAITING: Final[Mapping[str, Point]] = {
    "queued in the process": Point(LocalPool.enqueue),
    "position read, not queued in the process": Point(LocalPool.enqueue, before=True),
}
"""While all slots are taken, on SQLite."""

QUEUED: Final[Mapping[str, Point]] = {
    "position read, not queued": Point(PostgresQueue.enqueue, before=True),
    "job queued": Point(PostgresQueue.enqueue),
    "fetched, not started": Point(PostgresQueue.answer, before=True),
    "job over, not stored": Point(PostgresQueue.answer),
    "job over and stored": Point(JobManager.finish_job),
}
"""Between one process and another, on Postgres."""

EDITED: Final[Mapping[str, Point]] = {
    "progress line posted, its ts not stored": Point(AsyncWebClient.chat_postMessage),
    "progress line edited": Point(AsyncWebClient.chat_update),
    "complete reply edited in, not recorded": Point(
        AsyncWebClient.chat_update,
        matches=lambda given: "reply_actions" in str(given["blocks"]),
    ),
    "reaction set": Point(AsyncWebClient.reactions_add),
    "reaction set, recorded as answered": Point(StoredRunStore.delivered),
}
"""Without streams and sessions."""

PLAINER: Final[Mapping[str, Point]] = {
    "plain end accepted, its buttons not posted": Point(
        AsyncWebClient.chat_stopStream, matches=is_last_message
    ),
    "buttons posted, not recorded": Point(AsyncWebClient.chat_postMessage),
}
"""If Slack refuses the buttons below a reply."""

RESUMED: Final[Mapping[str, Point]] = {
    "unfinished runs found": Point(StoredRunStore.begin, before=True),
    "next attempt begun": Point(StoredRunStore.begin),
    "old stream closed, not removed": Point(recovery.stop_stream, caller=recovery),
    "thread cleared": Point(recovery.clean_up, caller=thread_reply),
}
"""While a process resumes another one's work."""

REQUEUED: Final[Mapping[str, Point]] = {
    "dead worker removed, its jobs not": Point(JobManager.get_stalled_jobs, before=True),
    "stalled job removed, run not queued": Point(PostgresQueue.enqueue, before=True),
    "run queued again": Point(PostgresQueue.enqueue),
}
"""While a worker takes over from a dead one, on Postgres."""

DELETED: Final[Mapping[str, Point]] = {"deletion stored": Point(StoredRunStore.request_stop)}
"""While it handles the deletion of a question."""


def _posts(part: str) -> Point:
    """Right after one of a brainstorm's messages was posted."""

    def matches(given: Keywords) -> bool:
        tag = (given.get("metadata") or {}).get("event_payload") or {}
        return str(tag.get("part")).startswith(f"{part}:")

    return Point(AsyncWebClient.chat_postMessage, matches=matches)


def _stores(field: str) -> Point:
    """Right after a field of a brainstorm was stored."""
    return Point(StoredBrainstorms.change, matches=lambda given: given.get(field) is not None)


def _begins(phase: str) -> Point:
    return Point(StoredBrainstorms.advance, matches=lambda given: given["phase"] == phase)


BRAINSTORMED: Final[Mapping[str, Point]] = {
    "brainstorm stored, no worker notified": Point(StoredBrainstorms.start),
    "brainstorm begun": Point(StoredBrainstorms.begin),
    "board posting announced": _stores("posting"),
    "board posted, its ts not stored": _posts("board"),
    "board ts stored": _stores("board_ts"),
    "first ideas of a model stored": Point(StoredBrainstorms.call_ended),
    "seventh ideas of a model stored": Point(StoredBrainstorms.call_ended, nth=7),
    "silence settled": _stores("settled"),
    "a person's ideas stored, not acknowledged": Point(StoredBrainstorms.hand_in),
    "board redrawn": Point(AsyncWebClient.chat_update),
    "end of the silence stored": Point(StoredBrainstorms.end_phase),
    "themes begun": _begins("themes"),
    "ideas grouped, not stored": Point(PipelineIdeaModels.group),
    "themes stored": _stores("themes"),
    "themes posted, their ts not stored": _posts("themes"),
    "themes ts stored": _stores("themes_ts"),
    "themes end set": _stores("phase_ends_at"),
    "dots begun": _begins("dots"),
    "dots stored, not acknowledged": Point(StoredBrainstorms.vote),
    "second person's dots stored": Point(StoredBrainstorms.vote, nth=2),
    "result begun": _begins("result"),
    "result posted, its ts not stored": _posts("result"),
    "result ts stored": _stores("result_ts"),
    "result question stored": Point(StoredBrainstorms.put_question),
    "result run stored": Point(StoredRunStore.claim),
    "result run queued": Point(AboutRuns.write),
}
"""The points of a brainstorm, in order."""

GROUPS = (BRAINSTORMED, POINTS, WAITING, QUEUED, EDITED, PLAINER, RESUMED, REQUEUED, DELETED)
ALL: Final[Mapping[str, Point]] = {name: point for group in GROUPS for name, point in group.items()}
assert len(ALL) == sum(map(len, GROUPS)), "two points have the same name"


def owner_of(point: Point) -> tuple[Any, str]:
    """Return the class or module that a point patches, and the name that it patches there."""
    *owners, method = point.target.__qualname__.split(".")
    module = point.caller or import_module(point.target.__module__)
    return functools.reduce(getattr, owners, module), method


def arm(name: str, trap: Path) -> None:
    """Make this process die at a point once a file exists."""
    point = ALL[name]
    owner, method = owner_of(point)
    whole = point.target
    hits = count(1)

    def reached(given: Keywords) -> None:
        if trap.exists() and point.matches(given) and next(hits) == point.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def keywords_of(arguments: tuple[Any, ...], given: Keywords) -> Keywords:
        return inspect.signature(whole).bind(*arguments, **given).arguments | dict(given)

    @functools.wraps(whole)
    async def patched(*arguments: Any, **given: Any) -> Any:
        if point.before:
            reached(keywords_of(arguments, given))
        result = await whole(*arguments, **given)
        if not point.before:
            reached(keywords_of(arguments, given))
        return result

    @functools.wraps(whole)
    def patched_sync(*arguments: Any, **given: Any) -> Any:
        if point.before:
            reached(keywords_of(arguments, given))
        result = whole(*arguments, **given)
        if not point.before:
            reached(keywords_of(arguments, given))
        return result

    setattr(owner, method, patched if inspect.iscoroutinefunction(whole) else patched_sync)
