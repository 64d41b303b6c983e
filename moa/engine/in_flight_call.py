"""One call to a model, and everything it has returned so far."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from moa.errors import ModelError
from moa.ports import Model, current_question
from moa.types import Answer, Call, Prompt, Role, Sampling, Status, Stop, Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallSlot:
    """Where a call belongs in a run. Layers, positions and attempts count from 1."""

    role: Role
    layer: int
    position: int
    attempt: int = 1


@dataclass(slots=True, eq=False)
class InFlightCall:
    """A running or ended call. It outlives its task, so a cancelled call keeps its text.

    Attributes:
        slot: where the call belongs.
        model: the model called.
        started, deadline, first_token, ended: event loop times in seconds; None until they happen.
        question: the same object for all calls of a run.
        texts: the pieces of text received.
        usage, stop: as the model reported them, or None.
        cancel_kind: the error kind with which the run cancelled the call, or None.
        error: the exception the model raised, or None.
        cancelled: whether the task was cancelled.
        task: the running task; None before and after.
    """

    slot: CallSlot
    model: Model
    started: float
    deadline: float
    question: object = None
    texts: list[str] = field(default_factory=list[str])
    usage: Usage | None = None
    stop: Stop | None = None
    first_token: float | None = None
    ended: float | None = None
    cancel_kind: str | None = None
    error: BaseException | None = None
    cancelled: bool = False
    task: asyncio.Task[None] | None = None

    async def run(self, prompt: Prompt, sampling: Sampling, on_text: Callable[[str], None]) -> None:
        """Read the model's stream to its end, and pass each piece of text to `on_text`.

        Raises:
            ModelError: as the model raised it.
        """
        clock = asyncio.get_running_loop().time
        current_question.set(self.question)
        try:
            async with aclosing(self.model.stream(prompt, sampling)) as stream:
                async for chunk in stream:
                    self.usage = chunk.usage or self.usage
                    self.stop = chunk.stop or self.stop
                    if chunk.text:
                        if self.first_token is None:
                            self.first_token = clock()
                        self.texts.append(chunk.text)
                        on_text(chunk.text)
        finally:
            self.ended = clock()

    def record_end(self, task: asyncio.Task[None]) -> None:
        """Store how the task ended, and drop the task.

        The traceback is dropped too: its frames refer back to this call.
        """
        self.task, self.cancelled = None, task.cancelled()
        if not self.cancelled and (error := task.exception()):
            error.__traceback__ = None
            self.error = error

    def lose(self) -> None:
        """Cancel the call because another one's text is used. Ignore it even if it is complete."""
        self.cancel("hedged")
        self.cancel_kind = self.cancel_kind or "hedged"

    def cancel(self, kind: str) -> None:
        """Cancel the call and close its connection. `kind` is the error kind to record."""
        if self.task and not self.task.done():
            self.cancel_kind = self.cancel_kind or kind
            self.task.cancel()

    def result(self, *, run_started: float, late: bool) -> tuple[Answer, Call]:
        """Return the ended call as an answer and as an entry of the call log.

        Args:
            run_started: the loop time at which the run started.
            late: whether its layer closed before the call ended.
        """
        text = "".join(self.texts)
        kind, message = self._failure(text)
        status = _status(kind, self.stop, text, late=late)
        ended = self.started if self.ended is None else self.ended
        cost = self.model.profile.cost(self.usage) if self.usage else None
        first = self.first_token
        answer = Answer(
            model=self.model.profile.name,
            layer=self.slot.layer,
            position=self.slot.position,
            status=status,
            text=text,
            error=message,
            error_kind=kind,
            seconds=ended - self.started,
            first_token_seconds=None if first is None else first - self.started,
            usage=self.usage,
            cost_usd=cost,
        )
        call = Call(
            model=answer.model,
            role=self.slot.role,
            layer=self.slot.layer,
            position=self.slot.position,
            attempt=self.slot.attempt,
            state=status,
            started=self.started - run_started,
            ended=ended - run_started,
            first_token=None if first is None else first - run_started,
            error_kind=kind,
            usage=self.usage,
            cost_usd=cost,
        )
        return answer, call

    def _failure(self, text: str) -> tuple[str | None, str | None]:
        """Return the error kind and a message that is safe to show, or (None, None)."""
        error = self.error
        lost = self.cancel_kind == "hedged" and error is None
        if self.cancelled or lost:
            kind = self.cancel_kind or "cancelled"
            return kind, CANCEL_MESSAGES[kind]
        if isinstance(error, ModelError):
            return error.error_kind, str(error)
        if error is not None:
            # A bug in a model adapter must not end the whole run. Keep the exception's text out of
            # the log: it may hold an API key.
            name = self.model.profile.name
            log.error("model %s raised %s instead of a ModelError", name, type(error).__name__)
            return "internal", "The model's connection failed in an unexpected way."
        if self.stop == "refusal":
            return "refused", "The model declined to answer."
        if not text.strip():
            return "empty", "The model's answer was empty."
        return None, None


CANCEL_MESSAGES = {
    "timeout": "The model did not answer in time.",
    "cancelled": "The call was stopped because its answer was no longer needed.",
    "hedged": "Another model began to answer the same call first.",
}
"""Messages for the error kinds with which a run cancels calls."""


def _status(kind: str | None, stop: Stop | None, text: str, *, late: bool) -> Status:
    if kind in CANCEL_MESSAGES or (kind and text.strip()):
        return "cut" if text.strip() or kind != "timeout" else "failed"
    if kind:
        return "failed"
    if late:
        return "late"
    return "truncated" if stop == "length" else "used"
