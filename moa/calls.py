"""One call: ask a model and keep what it brought, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from moa.errors import ModelError
from moa.ports import Model, asked_for
from moa.types import Answer, Call, Prompt, Role, Sampling, Status, Stop, Usage

log = logging.getLogger(__name__)

MAX_ANSWER_CHARS = 400_000
"""The longest answer that is read; a book's chapter has 40,000. Servers that ignore the limit they
were asked to keep would otherwise fill the memory, the database and the next model's prompt."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call stands in a run: layers count from 1, positions and attempts too."""

    role: Role
    layer: int
    position: int
    attempt: int = 1


@dataclass(slots=True, eq=False)
class Running:
    """A call under way. It outlives its task, so that a cancelled call loses nothing.

    Times are the event loop's. `question` is the same object for all calls of a run. `stopped` says
    why the run cancelled it, as an error kind. Once it has ended, `error` is what the model raised,
    None when it did not or was cancelled, which `cut` tells.
    """

    place: Place
    model: Model
    started: float
    deadline: float
    question: object = None
    pieces: list[str] = field(default_factory=list[str])
    usage: Usage | None = None
    stop: Stop | None = None
    first_token: float | None = None
    ended: float | None = None
    stopped: str | None = None
    error: BaseException | None = None
    cut: bool = False
    chars: int = 0
    task: asyncio.Task[None] | None = None

    async def ask(self, prompt: Prompt, sampling: Sampling, on_text: Callable[[str], None]) -> None:
        """Read the model's stream to its end, handing each piece of text on.

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
                    if text := chunk.text[: MAX_ANSWER_CHARS - self.chars]:
                        if self.first_token is None:
                            self.first_token = clock()
                        self.chars += len(text)
                        self.pieces.append(text)
                        on_text(text)
                    if len(text) < len(chunk.text):
                        self.stop = "length"
                        break
        finally:
            self.ended = clock()

    def end(self, task: asyncio.Task[None]) -> None:
        """Take in how the task has ended, and let go of it.

        It would keep where the model raised what it raised, which holds this very call.
        """
        self.task, self.cut = None, task.cancelled()
        if not self.cut and (error := task.exception()):
            error.__traceback__ = None
            self.error = error

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
        cost = self.model.profile.cost(self.usage) if self.usage else None
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
            usage=self.usage,
            cost_usd=cost,
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
            usage=self.usage,
            cost_usd=cost,
        )
        return answer, call

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
            # A fault in a model's adapter must not end the run of the others. The exception's
            # words stay out of the log: they may hold a key.
            name = self.model.profile.name
            log.error("model %s raised %s, which no Model may", name, type(error).__name__)
            return "internal", "The model's connection failed in an unexpected way."
        if self.stop == "refusal":
            return "refused", "The model declined to answer."
        if not text.strip():
            return "empty", "The model's answer was empty."
        return None, None


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
