"""A stop at any point of a run, from its first record to its last message."""

from __future__ import annotations

import functools
import inspect
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.slack.ui import strings
from tests.faults.kill_points import EDITED, POINTS, Point, owner_of
from tests.models.replies import Reply
from tests.slack.user_actions import ALL_EVENTS, idle
from tests.stage import Stage, on_stage

LONG = " ".join(["word-" * 30] * 300)
"""Several messages of text."""

TOO_LATE = {
    "outcome stored, stream open",
    "last piece shown, stream open",
    "stream ended, not recorded",
    "reply complete, not recorded",
    "recorded as answered",
    "sign of work taken away",
    "work over, job not ended",
    "whole reply edited in, not recorded",
    "reaction set, recorded as answered",
}
"""Points after a run's end is decided: the reply may be whole, or stopped."""


class StopAt:
    """Has Ana stop what runs when the bot reaches a point for the first time."""

    def __init__(self, stage: Stage, point: Point, patch: pytest.MonkeyPatch) -> None:
        self.reached = False
        self._stage = stage
        self._point = point
        self._hits = count(1)
        owner, name = owner_of(point)
        patch.setattr(owner, name, self._watched(point.target))

    def _watched(self, whole: Any) -> Any:
        @functools.wraps(whole)
        async def watched(*arguments: Any, **named: Any) -> Any:
            bound = inspect.signature(whole).bind(*arguments, **named).arguments | named
            is_it = self._point.meant(bound) and next(self._hits) == self._point.nth
            if is_it and self._point.before:
                await self._stop()
            result = await whole(*arguments, **named)
            if is_it and not self._point.before:
                await self._stop()
            return result

        return watched

    async def _stop(self) -> None:
        self.reached = True
        await self._stage.slack.command(self._stage.ana, self._stage.general, "/moa", "stop")


def posted(stage: Stage, ts: str) -> list[str]:
    found = stage.slack.messages(stage.general, ts)
    return [stage.slack.render(m) for m in found if m.user == stage.slack.bot_user_id]


ASYNC = {
    name: point
    for name, point in (POINTS | EDITED).items()
    if inspect.iscoroutinefunction(point.target)
}


@pytest.mark.parametrize("text", ["A short answer of some words.", LONG], ids=["short", "long"])
@pytest.mark.parametrize("name", ASYNC)
async def test_a_stop_at_any_point_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Once it is stopped nothing more appears, no model is called, and the thread says so once.

    When the end is already decided, the reply may be whole instead.
    """
    models = {"writer-1": Reply(text, pace_s=0.001)}
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        if name in EDITED:
            stage.slack.app.features.discard("streaming")
            stage.slack.app.features.discard("agent_sessions")
        stop = StopAt(stage, ASYNC[name], monkeypatch)
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: stop.reached and stage.replies(ts), timeout=60)
        await idle(stage)
        shown = posted(stage, ts)
        stopped = [message for message in shown if strings.STOPPED in message]
        whole = [message for message in shown if f"[{strings.REGENERATE}]" in message]
        assert len(stopped) + len(whole) == 1
        assert stopped or name in TOO_LATE
        assert not [m for m in stage.slack.messages(stage.general, ts) if m.streaming]
        asked = len(stage.models.questions)
        await stage.slack.wait_for_deliveries()
        assert (posted(stage, ts), len(stage.models.questions)) == (shown, asked)
