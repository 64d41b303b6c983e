"""One call: ask a model and keep what it brought, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from moa.errors import ModelError
from moa.pipeline.usage_estimates import completed, plausible
from moa.ports import Model, asked_for, in_queue
from moa.redaction import loggable
from moa.thoughts.answer_text import AnswerText
from moa.types import Answer, Call, Prompt, Role, Sampling, Status, Stop, Usage

log = logging.getLogger(__name__)

MAX_ANSWER_CHARS = 400_000
"""The longest answer that is read; a book's chapter has 40,000. Servers that ignore the limit they
were asked to keep would otherwise fill the memory, the database and the next model's prompt."""


class OnText(Protocol):
    """Takes a piece of an answer; `anew` where all pieces before it were a thought."""

    def __call__(self, text: str, *, anew: bool = False) -> None:
        """Take it."""
        ...


@dataclass(frozen=True, slots=True)
class CallSlot:
    """Where a call stands in a run: layers count from 1, positions and attempts too."""

    role: Role
    layer: int
    position: int
    attempt: int = 1


@dataclass(slots=True, eq=False)
class InFlightCall:
    """A call under way. It outlives its task, so that a cancelled call loses nothing.

    Times are the event loop's. `question` is the same object for all calls of a run. `stopped` says
    why the run cancelled it, as an error kind. Once it has ended, `error` is what the model raised,
    None when it did not or was cancelled, which `cut` tells.
    """

    place: CallSlot
    model: Model
    started: float
    deadline: float
    question: object = None
    pieces: list[str] = field(default_factory=list[str])
    text: AnswerText = field(default_factory=AnswerText)
    thought: bool = False
    sent: Prompt | None = None
    usage: Usage | None = None
    stop: Stop | None = None
    first_token: float | None = None
    ended: float | None = None
    stopped: str | None = None
    error: BaseException | None = None
    cut: bool = False
    chars: int = 0
    is_overlong: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def wrote(self) -> bool:
        """Whether it has brought any words."""
        return any(piece.strip() for piece in self.pieces)

    @property
    def came_empty(self) -> bool:
        """Whether it has ended well and brought no words, which another try may."""
        ended_well = not (self.error or self.cut or self.stopped) and self.stop in {None, "end"}
        return ended_well and not self.wrote

    async def ask(self, prompt: Prompt, sampling: Sampling, on_text: OnText) -> None:
        """Read the model's stream to its end, handing each piece of its answer on.

        Raises:
            ModelError: as the model raised it.
        """
        clock = asyncio.get_running_loop().time
        asked_for.set(self.question)
        try:
            async with aclosing(self.model.stream(prompt, sampling)) as stream:
                async for chunk in stream:
                    self.usage = chunk.usage or self.usage
                    self.stop = chunk.stop or self.stop
                    self.thought = self.thought or chunk.thought
                    if chunk.text:
                        self._take(self.text.feed(chunk.text), on_text, clock)
                    if self.is_overlong:
                        self.stop = "length"
                        break
            self._take(self.text.close(), on_text, clock)
        finally:
            self.ended = clock()
            self.sent = None if in_queue.get() else prompt

    def _take(self, text: str, on_text: OnText, clock: Callable[[], float]) -> None:
        if self.text.began_anew:
            self.pieces.clear()
            self.chars, self.first_token = 0, None
            on_text("", anew=True)
        room = MAX_ANSWER_CHARS - self.chars
        self.is_overlong = self.is_overlong or len(text) > room
        if text := text[:room]:
            self.chars += len(text)
            if self.first_token is None:
                self.first_token = clock()
            self.pieces.append(text)
            on_text(text)

    def end(self, task: asyncio.Task[None]) -> None:
        """Take in how the task has ended, and let go of it.

        A traceback's first frame refers to this call. It is dropped, so no cycle is left to the
        garbage collector; only of a bug in a Model are the Model's own frames kept.
        """
        self.task, self.cut = None, task.cancelled()
        if not self.cut and (error := task.exception()):
            self.error, trace = error, error.__traceback__
            if self.bug:
                self._log_bug(error)
            error.__traceback__ = trace.tb_next if self.bug and trace else None

    @property
    def bug(self) -> BaseException | None:
        """The exception the Model raised, if it isn't a ModelError."""
        return None if isinstance(self.error, ModelError) else self.error

    def _log_bug(self, error: BaseException) -> None:
        name, kind = self.model.profile.name, type(error).__name__
        log.error("model %s raised %s, not a ModelError", name, kind, exc_info=loggable(error))

    def lose(self) -> None:
        """Stop the call, since another one's text counts; it is not used even if it is whole."""
        self.cancel("hedged")
        self.stopped = self.stopped or "hedged"

    def cancel(self, why: str) -> None:
        """Stop the call; its connection is closed. `why` is an error kind."""
        if self.task and not self.task.done():
            self.stopped = self.stopped or why
            self.task.cancel()

    def closed(self, *, began: float, late: bool) -> tuple[Answer, Call]:
        """What became of the call, as an answer and as a line of the ledger.

        Args:
            began: the loop's time at which the run began.
            late: whether its layer had closed before it ended.
        """
        text = "".join(self.pieces)
        kind, words = self._failure(text)
        status = _status(kind, self.stop, text, late=late)
        ended = self.started if self.ended is None else self.ended
        usage, cost = self._cost()
        first = self.first_token
        answer = Answer(
            model=self.model.profile.name,
            layer=self.place.layer,
            position=self.place.position,
            status=status,
            text=text,
            error=words,
            error_kind=kind,
            seconds=ended - self.started,
            first_token_seconds=None if first is None else first - self.started,
            usage=usage,
            cost_usd=cost,
            reason=self._reason(),
        )
        call = Call(
            model=answer.model,
            role=self.place.role,
            layer=self.place.layer,
            position=self.place.position,
            attempt=self.place.attempt,
            state=status,
            started=self.started - began,
            ended=ended - began,
            first_token=None if first is None else first - began,
            error_kind=kind,
            usage=usage,
            cost_usd=cost,
            reason=answer.reason,
        )
        return answer, call

    def _cost(self) -> tuple[Usage | None, float | None]:
        """The tokens and the US dollars of the call; estimated where its server did not count them.

        A call that failed before any text came, or that was stopped in a queue, has cost nothing.
        """
        usage = plausible(self.usage)
        failed_at_once = self.error is not None and not self.text.received and usage is None
        if self.sent is None or failed_at_once:
            return usage, None
        whole = self.stop is not None and not self.cut
        usage = completed(usage, self.sent, self.text.received, whole=whole)
        cost = self.model.profile.cost(usage) if usage.cost_usd is None else usage.cost_usd
        return usage, cost

    def _reason(self) -> str | None:
        """What the provider said, which is logged here for whoever runs the bot."""
        error = self.error
        if not isinstance(error, ModelError) or not error.reason:
            return None
        place, name = self.place, self.model.profile.name
        log.info("model %s failed as %s: %s", name, place.role, error.reason)
        return error.reason

    def _failure(self, text: str) -> tuple[str | None, str | None]:
        """The error kind and a plain sentence, or twice None."""
        error = self.error
        lost = self.stopped == "hedged" and error is None
        if self.cut or lost:
            kind = self.stopped or "cancelled"
            return kind, STOPPED[kind]
        if isinstance(error, ModelError):
            return error.error_kind, str(error)
        if error is not None:
            # A bug in one Model must not end the run of the others.
            return "internal", "The model's connection failed in an unexpected way."
        if self.stop == "refusal":
            return "refused", "The model declined to answer."
        if not text.strip():
            nothing = no_text(self.stop, thought=self.thought or self.text.thought)
            return nothing.error_kind, str(nothing)
        return None, None


NO_TEXT = (
    "The model reached its output limit before it wrote any text, thinking included. Raise "
    "reasoning_tokens or max_output_tokens for it, or lower reasoning_effort."
)


def no_text(stop: Stop | None, *, thought: bool = False) -> ModelError:
    """The error for an answer without text: the output limit, only thoughts, or nothing at all."""
    if stop == "length":
        return ModelError(NO_TEXT, kind="output_limit")
    if thought:
        return ModelError(
            "The model wrote down its thoughts and then no answer.", kind="only_thoughts"
        )
    return ModelError("The model's answer was empty.", kind="empty")


STOPPED = {
    "timeout": "The model did not answer in time.",
    "cancelled": "The call was stopped because its answer was no longer needed.",
    "hedged": "Another model began to answer the same call first.",
}
"""Why a run stops a call, in words."""


def _status(kind: str | None, stop: Stop | None, text: str, *, late: bool) -> Status:
    if kind in STOPPED or (kind and text.strip()):
        return "cut" if text.strip() or kind != "timeout" else "failed"
    if kind:
        return "failed"
    if late:
        return "late"
    return "truncated" if stop == "length" else "used"
