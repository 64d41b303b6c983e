"""A model that replays a script with delays and faults, for trials, tests and benchmarks.

It runs in this process and uses no network and no clock but the event loop's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from moa.errors import ModelError, Overflow, PipelineError, RateLimited, Rejected, Unavailable
from moa.pipeline.token_budget import image_tokens
from moa.ports import Profile
from moa.types import Chunk, Prompt, Sampling, Stop, Usage

MAX_REMEMBERED: Final = 1_000
"""How many recent calls a scripted model remembers."""

ECHO_CHARACTERS: Final = 200
"""The most characters of the last user turn that `echo` repeats."""

CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise this error."""

    error: ModelError


@dataclass(frozen=True, slots=True)
class Hang:
    """Send nothing until the caller gives up."""


@dataclass(frozen=True, slots=True)
class Finish:
    """End with this stop reason and usage. Without one, a script ends with "end"."""

    stop: Stop = "end"
    usage: Usage | None = None


Step = str | Wait | Fail | Hang | Finish
"""A string is sent as one chunk."""

Script = Iterable[Step] | Callable[[Prompt, Sampling], Iterable[Step]]
"""The steps of every call, or a function that returns them."""

FAULTS: Final[Mapping[str, Callable[[], ModelError]]] = {
    "rate_limited": lambda: RateLimited(retry_after=1.0, status=429),
    "unavailable": Unavailable,
    "overloaded": lambda: Unavailable(kind="overloaded", status=529),
    "timeout": lambda: Unavailable(kind="timeout"),
    "rejected": Rejected,
    "quota": lambda: Rejected("The account's quota is used up.", kind="quota"),
    "overflow": Overflow,
}
"""The valid values of `fail` in a configuration, besides "cut" and "hang"."""


class ScriptedModel:
    """A model that follows a script. Supports any number of concurrent calls.

    Attributes:
        calls: the number of calls started.
        running: the number of calls neither ended nor closed.
        prompts: prompt and sampling of the last 1,000 calls, oldest first.
    """

    def __init__(self, profile: Profile, script: Script) -> None:
        self._profile = profile
        self._script = script if callable(script) else tuple(script)
        self.calls = 0
        self.running = 0
        self.prompts: deque[tuple[Prompt, Sampling]] = deque(maxlen=MAX_REMEMBERED)

    @property
    def profile(self) -> Profile:
        """The model's static properties."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Follow the script; see `moa.Model`."""
        self.calls += 1
        self.prompts.append((prompt, sampling))
        sent = 0
        self.running += 1
        try:
            for step in self._script(prompt, sampling) if callable(self._script) else self._script:
                if isinstance(step, str):
                    sent += len(step)
                    yield Chunk(step)
                elif isinstance(step, Finish):
                    yield Chunk(usage=step.usage or _estimate(prompt, sent), stop=step.stop)
                    return
                else:
                    await _perform(step)
            yield Chunk(usage=_estimate(prompt, sent), stop="end")
        finally:
            self.running -= 1

    async def prepare(self) -> None:
        """Do nothing: there is nothing to prepare."""

    async def probe(self) -> None:
        """Do nothing: there is nothing to check."""


async def _perform(step: Wait | Fail | Hang) -> None:
    match step:
        case Wait(seconds):
            await asyncio.sleep(seconds)
        case Hang():
            await asyncio.get_running_loop().create_future()
        case Fail(error):
            raise _copy_error(error)


def _copy_error(error: ModelError) -> ModelError:
    # An exception object raised by two calls at once would carry both tracebacks.
    return type(error)(
        str(error),
        kind=error.error_kind,
        status=error.status,
        code=error.code,
        retry_after=error.retry_after,
        reason=error.reason,
        is_permanent=error.is_permanent,
    )


def _estimate(prompt: Prompt, sent: int) -> Usage:
    read = len(prompt.system) + sum(len(message.content) for message in prompt.messages)
    seen = sum(image_tokens(image) for message in prompt.messages for image in message.images)
    return Usage(_tokens(read) + seen, _tokens(sent))


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def from_settings(
    profile: Profile, *, reply: str | None = None, delay_s: float = 0.0, fail: str | None = None
) -> ScriptedModel:
    """Create a scripted model from settings in `moa.toml`.

    Args:
        profile: the model's static properties.
        reply: the answer; without one the model repeats the last user turn, shortened.
        delay_s: seconds before the first word.
        fail: how it fails instead of answering: a name in `FAULTS`, "hang", or "cut", which sends
            half of the answer first.

    Raises:
        PipelineError: `fail` isn't a known fault.
    """
    last = _last_steps(fail)

    def script(prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
        pieces = _pieces(echo(prompt) if reply is None else reply)
        if fail is not None:
            pieces = pieces[: (len(pieces) + 1) // 2] if fail == "cut" else []
        return [Wait(delay_s), *pieces, *last]

    return ScriptedModel(profile, script)


def echo(prompt: Prompt) -> str:
    """Return the last user turn, shortened, as an answer."""
    turns = [message.content for message in prompt.messages if message.role == "user"]
    sent = " ".join((turns or [""])[-1].split())
    cut = sent if len(sent) <= ECHO_CHARACTERS else f"{sent[: ECHO_CHARACTERS - 1]}…"
    return f"You said: {cut}"


def _last_steps(fail: str | None) -> tuple[Step, ...]:
    if fail is None:
        return ()
    if fail == "hang":
        return (Hang(),)
    if fail == "cut":
        return (Fail(Unavailable("The model's answer ended early.", kind="cut")),)
    if fail in FAULTS:
        return (Fail(FAULTS[fail]()),)
    allowed = ", ".join([*FAULTS, "cut", "hang"])
    raise PipelineError(f'fail = "{fail}" is unknown. Choose one of: {allowed}.')


def _pieces(text: str) -> list[str]:
    """Split text at spaces into pieces that join to the same text."""
    parts = text.split(" ")
    return [part if i == 0 else f" {part}" for i, part in enumerate(parts) if part or i]
