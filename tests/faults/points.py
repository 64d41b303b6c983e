"""Places in the life of a question at which a process can be made to kill itself."""

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
from typing import Any, Final

from moa import Delta

Named = Mapping[str, Any]
"""The arguments of a call that were given by name."""


@dataclass(frozen=True, slots=True)
class Point:
    """Right after a method of the bot's, or right before it.

    Attributes:
        target: "module:Class.method"; its work is done for real.
        before: whether the process dies before the call.
        nth: at which call, counted from when the test has set the trap.
        meant: which calls are counted, by their named arguments.
    """

    target: str
    before: bool = False
    nth: int = 1
    meant: Callable[[Named], bool] = lambda _: True


SLACK = "slack_sdk.web.async_client:AsyncWebClient"
RUNS = "bot.storage.runs:StoredRuns"

POINTS: Final[Mapping[str, Point]] = {
    "question stored, not acknowledged": Point(f"{RUNS}.claim"),
    "acknowledged, not handed over": Point(
        "bot.jobs.dispatcher:DurableJobs.hand_over", before=True
    ),
    "place looked up, engine does not know": Point("bot.jobs.engine:Engine.start", before=True),
    "handed over": Point("bot.jobs.engine:Engine.start"),
    "taken, not begun": Point(f"{RUNS}.begin", before=True),
    "begun": Point(f"{RUNS}.begin"),
    "sign of work shown": Point(f"{SLACK}.agents_sessions_setStatus"),
    "thread read": Point("bot.slack.thread.reader:SlackThreads.read"),
    "stream started, its ts not stored": Point(f"{SLACK}.chat_startStream"),
    "its ts stored": Point(f"{RUNS}.posted"),
    "first answer stored": Point(f"{RUNS}.record"),
    "second answer stored": Point(f"{RUNS}.record", nth=2),
    "third answer stored": Point(f"{RUNS}.record", nth=3),
    "aggregator in the middle of its stream": Point(
        "bot.slack.reply.thread_reply:ThreadReply.show",
        nth=4,
        meant=lambda named: isinstance(named["event"], Delta),
    ),
    "a piece of the reply shown": Point(
        f"{SLACK}.chat_appendStream", meant=lambda named: "markdown_text" in str(named["chunks"])
    ),
    "outcome stored, stream open": Point(f"{RUNS}.finish"),
    "last piece shown, stream open": Point(
        f"{SLACK}.chat_stopStream", before=True, meant=lambda named: bool(named["blocks"])
    ),
    "stream ended, not recorded": Point(
        f"{SLACK}.chat_stopStream", meant=lambda named: bool(named["blocks"])
    ),
    "reply complete, not recorded": Point("bot.slack.reply.thread_reply:ThreadReply.finish"),
    "recorded as answered": Point(f"{RUNS}.delivered"),
    "sign of work taken away": Point("bot.slack.reply.typing_status:TypingStatus.clear"),
    "work over, engine does not know": Point("bot.jobs.dispatcher:DurableJobs.answer"),
}
"""With Slack's streams. A question that is killed at one of them is taken up at the next start."""

WAITING: Final[Mapping[str, Point]] = {
    "put into the line": Point("bot.jobs.local_queue:Line.add"),
    "taken from the line": Point("bot.jobs.local_queue:Line.take"),
}
"""Where all places are taken."""

PASSED: Final[Mapping[str, Point]] = {
    "not passed on yet": Point("bot.storage.notifications:PostgresRelay.pass_on", before=True),
    "passed on": Point("bot.storage.notifications:PostgresRelay.pass_on"),
    "passed on, not taken": Point("bot.jobs.dispatcher:DurableJobs.take", before=True),
    "passed on and taken": Point("bot.jobs.dispatcher:DurableJobs.take"),
}
"""Where another worker has a place. The first two are of who takes a question in."""

EDITED: Final[Mapping[str, Point]] = {
    "line of progress posted, its ts not stored": Point(f"{SLACK}.chat_postMessage"),
    "line of progress edited": Point(f"{SLACK}.chat_update"),
    "whole reply edited in, not recorded": Point(
        f"{SLACK}.chat_update", meant=lambda named: "reply_actions" in str(named["blocks"])
    ),
    "reaction set": Point(f"{SLACK}.reactions_add"),
    "reaction set, recorded as answered": Point(f"{RUNS}.delivered"),
}
"""Without streams and sessions."""

RESUMED: Final[Mapping[str, Point]] = {
    "old worker's run renewed, not queued": Point(f"{RUNS}.renew"),
    "queued again": Point("bot.jobs.engine:Engine.enqueue"),
    "old stream closed, not removed": Point("bot.slack.reply.recovery:stop_stream"),
    "thread cleared": Point("bot.slack.reply.thread_reply:clean_up"),
    "leftovers of a dead worker not dropped": Point("bot.jobs.engine:Engine.drop", before=True),
}
"""While a process takes up what another has left."""

DELETED: Final[Mapping[str, Point]] = {"deletion stored": Point(f"{RUNS}.ask_to_stop")}
"""While it hears that a question was deleted."""

ALL: Final[Mapping[str, Point]] = POINTS | WAITING | PASSED | EDITED | RESUMED | DELETED


def arm(name: str, trap: Path) -> None:
    """Let this process die at a point, once a file exists."""
    point = ALL[name]
    module, _, path = point.target.partition(":")
    *owners, method = path.split(".")
    owner: Any = functools.reduce(getattr, owners, import_module(module))
    whole = getattr(owner, method)
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
        result = whole(*arguments, **named)
        reached(named_of(arguments, named))
        return result

    setattr(owner, method, watched if inspect.iscoroutinefunction(whole) else watched_at_once)
