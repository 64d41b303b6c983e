"""The steps of a run as a plan with task cards, and as one line for where there are no cards.

Task JSON counts towards a message's length, so cards carry a short title and short details only.
"""

from __future__ import annotations

from typing import Any

from bot.slack import words
from bot.slack.blocks import seconds
from bot.slack.text import plain, shorten
from moa import (
    AggregatorStarted,
    Answer,
    Answered,
    Event,
    Failed,
    LayerClosed,
    LayerStarted,
    Outcome,
)

TITLE_LIMIT = 150
DETAILS_LIMIT = 200

Chunk = dict[str, Any]


class Progress:
    """What is known of a run's steps. `line` says it in one sentence."""

    def __init__(self) -> None:
        self.line = words.ASKING_ONE
        self._asked = 0
        self._read = 0

    def of(self, event: Event) -> list[Chunk]:
        """The chunks that bring a streamed message up to date after an event."""
        match event:
            case LayerStarted(layer, models):
                self._asked = len(models)
                many = words.LAYER if len(models) > 1 else words.LAYER_ONE
                tasks = [_task(layer, i, model, "in_progress") for i, model in enumerate(models, 1)]
                return [self._plan(many.format(layer=layer, count=len(models))), *tasks]
            case Answered(answer, call) | Failed(answer, call):
                return [] if call.role == "aggregator" else [_answered(answer)]
            case LayerClosed(layer, answers, waiting):
                self._read = len(answers)
                closed = words.LAYER_WENT_ON if waiting else words.LAYER_CLOSED
                missing = ", ".join(shorten(plain(name), 40) for name in waiting)
                title = closed.format(
                    layer=layer, read=len(answers), asked=self._asked, missing=missing
                )
                return [self._plan(title)]
            case AggregatorStarted():
                many = words.SYNTHESISING if self._read > 1 else words.SYNTHESISING_ONE
                title = many.format(count=self._read) if self._read else words.WRITING
                return [self._plan(title)]
            case _:
                return []

    def done(self, outcome: Outcome) -> list[Chunk]:
        """The chunks that close the plan."""
        if outcome.status == "unsynthesised":
            return [self._plan(words.DONE_NOT_SYNTHESISED)]
        if not self._read:
            return [self._plan(words.DONE_ONE)]
        many = words.DONE if self._read > 1 else words.DONE_FROM_ONE
        return [self._plan(many.format(count=self._read))]

    def _plan(self, title: str) -> Chunk:
        self.line = shorten(plain(title), TITLE_LIMIT)
        return {"type": "plan_update", "title": self.line}


def _task(layer: int, position: int, model: str, status: str, details: str = "") -> Chunk:
    title = words.TASK_TITLE.format(layer=layer, model=model)
    chunk: Chunk = {
        "type": "task_update",
        "id": f"{layer}-{position}",
        "title": shorten(plain(title), TITLE_LIMIT),
        "status": status,
    }
    if details:
        chunk["details"] = shorten(plain(details), DETAILS_LIMIT)
    return chunk


def _answered(answer: Answer) -> Chunk:
    took = seconds(answer.seconds)
    details = {
        "used": words.TASK_SECONDS.format(seconds=took),
        "truncated": words.TASK_TRUNCATED.format(seconds=took),
        "late": words.TASK_LATE.format(seconds=took),
    }.get(answer.status, answer.error or words.STATES[answer.status])
    status = "complete" if answer.status in {"used", "truncated", "late"} else "error"
    return _task(answer.layer, answer.position, answer.model, status, details)
