"""One call to a model, and everything it has returned so far."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from moa.errors import ModelError
from moa.pipeline.usage_estimates import complete_usage, plausible_usage
from moa.ports import Model, current_question, in_queue
from moa.redaction import loggable
from moa.thoughts.answer_filter import AnswerFilter
from moa.types import Answer, Call, Prompt, Role, Sampling, Status, Stop, Usage

log = logging.getLogger(__name__)

MAX_ANSWER_CHARS = 400_000
"""Longer answers are cut off here; a book chapter has about 40,000 characters. Otherwise a server
that ignores its output limit could fill the memory, the database and the next model's prompt."""


class OnText(Protocol):
    """A callback for each piece of an answer."""

    def __call__(self, text: str, *, retract: bool = False) -> None:
        """Handle a piece. `retract`: all earlier pieces were a thought and no longer count."""
        ...


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
        started, first_token, ended: event loop times in seconds; None until they happen.
        question: the same object for all calls of a run.
        texts: the pieces of the answer, without thoughts.
        answer_filter: filters the answer out of the text received.
        has_thoughts: whether the model reported that it was thinking.
        sent_prompt: the prompt, once the call has ended; None if it never left a queue.
        usage, stop: as the model reported them, or None.
        cancel_kind: the error kind with which the run cancelled the call, or None.
        error: the exception the model raised, or None.
        cancelled: whether the task was cancelled.
        char_count: the length of `texts`, in characters.
        is_overlong: whether the answer was cut off at MAX_ANSWER_CHARS.
        task: the running task; None before and after.
    """

    slot: CallSlot
    model: Model
    started: float
    question: object = None
    texts: list[str] = field(default_factory=list[str])
    answer_filter: AnswerFilter = field(default_factory=AnswerFilter)
    has_thoughts: bool = False
    sent_prompt: Prompt | None = None
    usage: Usage | None = None
    stop: Stop | None = None
    first_token: float | None = None
    ended: float | None = None
    cancel_kind: str | None = None
    error: BaseException | None = None
    cancelled: bool = False
    char_count: int = 0
    is_overlong: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def has_words(self) -> bool:
        """Whether the answer has any text that is not blank."""
        return any(text.strip() for text in self.texts)

    @property
    def ended_empty(self) -> bool:
        """Whether the call ended without an error and without words, so a retry may help."""
        failed = self.error or self.cancelled or self.cancel_kind
        return not failed and self.stop in {None, "end"} and not self.has_words

    async def run(self, prompt: Prompt, sampling: Sampling, on_text: OnText) -> None:
        """Read the model's stream to its end, and pass each piece of the answer to `on_text`.

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
                    self.has_thoughts = self.has_thoughts or chunk.thought
                    if chunk.text:
                        self._add_text(self.answer_filter.filter(chunk.text), on_text, clock)
                    if self.is_overlong:
                        self.stop = "length"
                        break
            self._add_text(self.answer_filter.flush(), on_text, clock)
        finally:
            self.ended = clock()
            self.sent_prompt = None if in_queue.get() else prompt

    def _add_text(self, text: str, on_text: OnText, clock: Callable[[], float]) -> None:
        if self.answer_filter.retracted:
            self.texts.clear()
            self.char_count, self.first_token = 0, None
            on_text("", retract=True)
        max_chars = MAX_ANSWER_CHARS - self.char_count
        self.is_overlong = self.is_overlong or len(text) > max_chars
        if text := text[:max_chars]:
            self.char_count += len(text)
            if self.first_token is None:
                self.first_token = clock()
            self.texts.append(text)
            on_text(text)

    def record_end(self, task: asyncio.Task[None]) -> None:
        """Store how the task ended, and drop the task.

        A traceback's first frame refers to this call. It is dropped, so no cycle is left to the
        garbage collector. For a bug in a Model, the Model's own frames are kept.
        """
        self.task, self.cancelled = None, task.cancelled()
        if not self.cancelled and (error := task.exception()):
            self.error, traceback = error, error.__traceback__
            if self.bug:
                self._log_bug(error)
            error.__traceback__ = traceback.tb_next if self.bug and traceback else None

    @property
    def bug(self) -> BaseException | None:
        """The exception the Model raised, if it isn't a ModelError."""
        return None if isinstance(self.error, ModelError) else self.error

    def _log_bug(self, error: BaseException) -> None:
        name, kind = self.model.profile.name, type(error).__name__
        log.error("model %s raised %s, not a ModelError", name, kind, exc_info=loggable(error))

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
        usage, cost = self._usage_and_cost()
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
            usage=usage,
            cost_usd=cost,
            reason=self._provider_reason(),
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
            usage=usage,
            cost_usd=cost,
            reason=answer.reason,
        )
        return answer, call

    def _usage_and_cost(self) -> tuple[Usage | None, float | None]:
        """Return the tokens and US dollars of the call, estimated if its server did not count them.

        A call that failed before any text, or was stopped in a queue, cost nothing.
        """
        usage, received = plausible_usage(self.usage), self.answer_filter.received
        failed_at_once = self.error is not None and not received and usage is None
        if self.sent_prompt is None or failed_at_once:
            return usage, None
        is_complete = self.stop is not None and not self.cancelled
        usage = complete_usage(usage, self.sent_prompt, received, is_complete=is_complete)
        cost = self.model.profile.cost(usage) if usage.cost_usd is None else usage.cost_usd
        return usage, cost

    def _provider_reason(self) -> str | None:
        """Return the provider's own reason for a failure, and log it for operators."""
        error = self.error
        if not isinstance(error, ModelError) or not error.reason:
            return None
        name, role = self.model.profile.name, self.slot.role
        log.info("model %s failed as %s: %s", name, role, error.reason)
        return error.reason

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
            # A bug in one Model must not end the run of the others.
            return "internal", "The model's connection failed in an unexpected way."
        if self.stop == "refusal":
            return "refused", "The model declined to answer."
        if not text.strip():
            no_text = no_text_error(
                self.stop, has_thoughts=self.has_thoughts or self.answer_filter.has_thoughts
            )
            return no_text.error_kind, str(no_text)
        return None, None


OUTPUT_LIMIT_MESSAGE = (
    "The model reached its output limit before it wrote any text. Thinking counts towards that "
    "limit: raise reasoning_tokens or max_output_tokens, or lower reasoning_effort."
)


def no_text_error(stop: Stop | None, *, has_thoughts: bool = False) -> ModelError:
    """Return the error for an answer without text: output limit, only thoughts, or just empty."""
    if stop == "length":
        return ModelError(OUTPUT_LIMIT_MESSAGE, kind="output_limit")
    if has_thoughts:
        return ModelError("The model wrote its thoughts but no answer.", kind="only_thoughts")
    return ModelError("The model's answer was empty.", kind="empty")


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
