"""A model that says what it is told to, with delays and faults: for trials, tests and benchmarks.

It runs in the process, costs nothing and knows nothing. No network, no clock but the event loop's.
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

REMEMBERED: Final = 1_000
"""How many of the last calls a scripted model remembers."""

ECHO_CHARACTERS: Final = 200
"""How much of the last user turn `echo` repeats."""

CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Wait:
    """Say nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise this error, and end."""

    error: ModelError


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for ever, until the caller loses patience."""


@dataclass(frozen=True, slots=True)
class Finish:
    """End for this reason, having used so many tokens. Without one, a script ends with "end"."""

    stop: Stop = "end"
    usage: Usage | None = None


Step = str | Wait | Fail | Hang | Finish
"""A string is said as one piece."""

Script = Iterable[Step] | Callable[[Prompt, Sampling], Iterable[Step]]
"""The same steps for every call, or a function that chooses them."""

FAULTS: Final[Mapping[str, Callable[[], ModelError]]] = {
    "rate_limited": lambda: RateLimited(retry_after=1.0, status=429),
    "unavailable": Unavailable,
    "overloaded": lambda: Unavailable(kind="overloaded", status=529),
    "timeout": lambda: Unavailable(kind="timeout"),
    "rejected": Rejected,
    "quota": lambda: Rejected("The account's quota is used up.", kind="quota"),
    "overflow": Overflow,
}
"""What `fail` may name in a configuration; "cut" and "hang" may stand there too."""


class ScriptedModel:
    """A model that follows a script. Any number of calls may run at the same time.

    Attributes:
        calls: how many calls were begun.
        running: how many have neither ended nor been closed.
        prompts: the last 1,000 calls' prompts with their sampling, the oldest first.
    """

    def __init__(self, profile: Profile, script: Script) -> None:
        self._profile = profile
        self._script = script if callable(script) else tuple(script)
        self.calls = 0
        self.running = 0
        self.prompts: deque[tuple[Prompt, Sampling]] = deque(maxlen=REMEMBERED)

    @property
    def profile(self) -> Profile:
        """What is known of it without asking."""
        return self._profile

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        """Follow the script; see `moa.Model`."""
        self.calls += 1
        self.prompts.append((prompt, sampling))
        said = 0
        self.running += 1
        try:
            for step in self._script(prompt, sampling) if callable(self._script) else self._script:
                if isinstance(step, str):
                    said += len(step)
                    yield Chunk(step)
                elif isinstance(step, Finish):
                    yield Chunk(usage=step.usage or _estimate(prompt, said), stop=step.stop)
                    return
                else:
                    await _endure(step)
            yield Chunk(usage=_estimate(prompt, said), stop="end")
        finally:
            self.running -= 1

    async def prepare(self) -> None:
        """There is nothing to prepare."""

    async def probe(self) -> None:
        """There is nothing that could be set up wrongly."""


async def _endure(step: Wait | Fail | Hang) -> None:
    match step:
        case Wait(seconds):
            await asyncio.sleep(seconds)
        case Hang():
            await asyncio.get_running_loop().create_future()
        case Fail(error):
            raise _fresh(error)


def _fresh(error: ModelError) -> ModelError:
    # One exception object raised in two calls at once would carry both tracebacks.
    return type(error)(
        str(error),
        kind=error.error_kind,
        status=error.status,
        code=error.code,
        retry_after=error.retry_after,
        reason=error.reason,
        is_permanent=error.is_permanent,
    )


def _estimate(prompt: Prompt, said: int) -> Usage:
    read = len(prompt.system) + sum(len(message.content) for message in prompt.messages)
    seen = sum(image_tokens(image) for message in prompt.messages for image in message.images)
    return Usage(_tokens(read) + seen, _tokens(said))


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def configured(
    profile: Profile, *, reply: str | None = None, delay_s: float = 0.0, fail: str | None = None
) -> ScriptedModel:
    """A scripted model as `moa.toml` describes one.

    Args:
        profile: what is known of it.
        reply: what it says; without one it repeats the last user turn, shortened.
        delay_s: seconds before its first word.
        fail: what goes wrong in place of the answer: a name of `FAULTS`, "hang", or "cut", which
            says half of the answer first.

    Raises:
        PipelineError: `fail` names no fault.
    """
    last = _last_steps(fail)

    def script(prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
        words = _words(echo(prompt) if reply is None else reply)
        if fail is not None:
            words = words[: (len(words) + 1) // 2] if fail == "cut" else []
        return [Wait(delay_s), *words, *last]

    return ScriptedModel(profile, script)


def echo(prompt: Prompt) -> str:
    """The last user turn, shortened, as an answer."""
    turns = [message.content for message in prompt.messages if message.role == "user"]
    said = " ".join((turns or [""])[-1].split())
    cut = said if len(said) <= ECHO_CHARACTERS else f"{said[: ECHO_CHARACTERS - 1]}…"
    return f"You said: {cut}"


def _last_steps(fail: str | None) -> tuple[Step, ...]:
    if fail is None:
        return ()
    if fail == "hang":
        return (Hang(),)
    if fail == "cut":
        return (Fail(Unavailable("The model's answer broke off before its end.", kind="cut")),)
    if fail in FAULTS:
        return (Fail(FAULTS[fail]()),)
    allowed = ", ".join([*FAULTS, "cut", "hang"])
    raise PipelineError(f'fail = "{fail}" names no fault. Allowed are: {allowed}.')


def _words(text: str) -> list[str]:
    """The text in pieces that join to it again."""
    parts = text.split(" ")
    return [part if i == 0 else f" {part}" for i, part in enumerate(parts) if part or i]
