"""A stop at any point of a run, from its first record to its last message."""

from __future__ import annotations

import functools
import inspect
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.slack.ui.strings.footer import REGENERATE
from tests.faults.kill_points import EDITED, POINTS, Point, owner_of
from tests.models.replies import Reply
from tests.slack.test_stop import STOPPED
from tests.slack.user_actions import ALL_EVENTS, wait_until_idle
from tests.stage import Stage, everywhere, on_stage

SHORT = " ".join(["word"] * 40)
LONG = " ".join(["word-" * 80] * 100)
"""Several messages of text."""

PACE_S = 0.01
LAST_RESORT = {"streaming", "agent_sessions", "assistant_status"}
"""Without these, progress is shown by edits and a reaction."""

TOO_LATE = {
    "outcome stored, stream open",
    "last part shown, stream open",
    "stream ended, not recorded",
    "reply complete, not recorded",
    "recorded as answered",
    "status cleared",
    "work over, job not ended",
    "progress line edited",
    "complete reply edited in, not recorded",
    "reaction set, recorded as answered",
}
"""Points at which a run's end may be decided: the reply may be complete, or stopped."""


class StopAt:
    """Makes Ana stop the run when the bot first reaches a point."""

    def __init__(self, point: Point, patch: pytest.MonkeyPatch) -> None:
        self.stage: Stage | None = None
        self.reached = False
        self._point = point
        self._hits = count(1)
        owner, name = owner_of(point)
        patch.setattr(owner, name, self._watched(point.target))

    def _watched(self, whole: Any) -> Any:
        @functools.wraps(whole)
        async def watched(*arguments: Any, **named: Any) -> Any:
            bound = inspect.signature(whole).bind(*arguments, **named).arguments | named
            is_it = self.stage is not None and self._point.matches(bound)
            is_it = is_it and next(self._hits) == self._point.nth
            if is_it and self._point.before:
                await self._stop()
            result = await whole(*arguments, **named)
            if is_it and not self._point.before:
                await self._stop()
            return result

        return watched

    async def _stop(self) -> None:
        assert self.stage is not None
        self.reached = True
        await self.stage.slack.command(self.stage.ana, self.stage.general, "/moa", "stop")


def posted(stage: Stage, ts: str) -> list[str]:
    found = stage.slack.messages(stage.general, ts)
    return [stage.slack.render(m) for m in found if m.user == stage.slack.bot_user_id]


def ends(stage: Stage, ts: str) -> list[str]:
    """Return the messages that end a run: with the note about the stop, or with buttons."""
    return [m for m in posted(stage, ts) if STOPPED in m or f"[{REGENERATE}]" in m]


ASYNC = {
    name: point
    for name, point in {**POINTS, **EDITED}.items()
    if inspect.iscoroutinefunction(point.target)
}


PIECE = "part of the reply shown"
"""The first piece of a short reply may be its last, so this point needs a long one."""

LATE = [PIECE, *sorted(TOO_LATE - {*EDITED})]
CASES = [
    *((name, SHORT) for name in ASYNC if name != PIECE),
    *((name, LONG) for name in LATE if name in ASYNC),
]


@pytest.mark.parametrize(
    ("name", "text"), CASES, ids=[f"{name}-{len(text)}" for name, text in CASES]
)
@pytest.mark.slow
async def test_a_stop_at_any_point_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """After the stop nothing more appears, no model is called, and the thread says so once.

    If the end is already decided, the reply may be complete instead.
    """
    stop = StopAt(ASYNC[name], monkeypatch)
    models = everywhere(Reply(text, first_token_s=0.1, pace_s=PACE_S))
    async with on_stage(tmp_path, models=models, events=ALL_EVENTS) as stage:
        if name in EDITED:
            stage.slack.app.features -= LAST_RESORT
        stop.stage = stage
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: stop.reached and ends(stage, ts), timeout=60)
        await wait_until_idle(stage)
        shown = posted(stage, ts)
        assert len(ends(stage, ts)) == 1
        assert STOPPED in ends(stage, ts)[0] or name in TOO_LATE
        assert not [m for m in stage.slack.messages(stage.general, ts) if m.streaming]
        asked = len(stage.models.questions)
        await stage.slack.wait_for_deliveries()
        assert (posted(stage, ts), len(stage.models.questions)) == (shown, asked)
