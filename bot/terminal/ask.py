"""`moa-bot ask`: one question through a pipeline, in a terminal, a pipe, or as a document."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from bot import logs
from bot.errors import ConfigurationError
from bot.models import model_catalogue
from bot.settings import Settings, load
from bot.terminal import document, strings
from bot.terminal.display import Display, PlainDisplay
from bot.terminal.screen import Screen
from moa import Event, Finished, NotEnoughAnswers, Outcome, PipelineError, Plan, run
from moa.providers import Endpoints

MAX_BYTES = 1_000_000
"""More than any model's context window holds."""

FROM_INPUT = "-"


def read_question(argument: str, stdin: BinaryIO) -> str:
    """The question's text.

    Args:
        argument: the question, or `-` for what stands on standard input.
        stdin: standard input as bytes.

    Raises:
        ConfigurationError: it is empty, too long, or not text.
    """
    if argument == FROM_INPUT:
        data = stdin.read(MAX_BYTES + 1)
    else:
        # What of an argument is not UTF-8 arrives as halves of characters, and fails below.
        data = argument.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"The question is too long: more than {MAX_BYTES:,} bytes. Shorten it."
        )
    text = _decoded_input(data)
    if not text.strip():
        raise ConfigurationError('The question is empty. Ask one: moa-bot ask "…"')
    return text


def _decoded_input(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is not UTF-8"
    else:
        if "\0" not in text:
            return text
        where = "it holds zero bytes"
    raise ConfigurationError(f"The question is not text: {where}. Save it as UTF-8 text.")


ANSWERED, NOT_ANSWERED = 0, 1


@dataclass(frozen=True, slots=True)
class AskOptions:
    """What was asked for on the command line.

    Attributes:
        question: the question, or `-` for standard input.
        pipeline: its name; None for the default one.
        answers: whether each proposer's answer is shown as well.
        as_json: whether one JSON document is printed in place of everything else.
    """

    question: str
    pipeline: str | None = None
    answers: bool = False
    as_json: bool = False


def ask(asking: AskOptions) -> int:
    """Ask, show, and return the exit code: 0 answered, 1 not answered.

    Raises:
        ConfigurationError: the question, the settings or the pipeline cannot be used.
    """
    if asking.question == FROM_INPUT and sys.stdin.isatty():
        sys.stderr.write("Write the question, then press Ctrl-D.\n")
    text = read_question(asking.question, sys.stdin.buffer)
    settings = load()
    _quiet_logs(settings)
    try:
        return asyncio.run(_ask(asking, text, settings))
    except PipelineError as error:
        raise ConfigurationError(str(error)) from None


async def _ask(asking: AskOptions, text: str, settings: Settings) -> int:
    async with Endpoints() as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        name = asking.pipeline or catalogue.default
        plan = catalogue.plan(name)
        if asking.as_json:
            await catalogue.prepare()
            return await _as_document(plan, text)
        display = _display(sys.stdout)
        display.line(strings.opening(plan, settings.config_source), "faint")
        models = catalogue.pipelines[name].models
        if any(catalogue.tables[model].provider == "local" for model in models):
            display.line(strings.DEMONSTRATION)
        display.line("")
        await catalogue.prepare()  # loading is no part of a model's time
        return await _as_story(plan, text, Screen(display), answers=asking.answers)


async def _as_story(plan: Plan, text: str, screen: Screen, *, answers: bool) -> int:
    try:
        outcome = await _outcome(plan, text, screen.show)
    except NotEnoughAnswers as error:
        screen.rest()
        sys.stderr.write(f"{strings.no_answer(error)}\n")
        return NOT_ANSWERED
    finally:
        screen.rest()
    screen.finish(outcome, answers=answers)
    return ANSWERED


async def _as_document(plan: Plan, text: str) -> int:
    began = time.monotonic()
    try:
        outcome = await _outcome(plan, text, _unseen)
    except NotEnoughAnswers as error:
        took = time.monotonic() - began
        failure = document.Failure(plan.name, len(plan.layers), error.answers, str(error), took)
        sys.stdout.write(f"{document.failed(failure)}\n")
        return NOT_ANSWERED
    sys.stdout.write(f"{document.answered(outcome)}\n")
    return ANSWERED


async def _outcome(plan: Plan, text: str, show: Callable[[Event], None]) -> Outcome:
    outcome: Outcome | None = None
    async with aclosing(run(plan, text)) as events:
        async for event in events:
            show(event)
            if isinstance(event, Finished):
                outcome = event.outcome
    assert outcome is not None
    return outcome


def _unseen(_event: Event) -> None:
    """A document shows nothing before its end."""


def _display(out: TextIO) -> Display:
    """A display that fits: one that moves only where there is a terminal that can."""
    if out.isatty():
        from rich.console import Console  # noqa: PLC0415 - a pipe needs none of it

        console = Console(file=out, highlight=False)
        if not console.is_dumb_terminal:
            from bot.terminal.live_display import LiveDisplay  # noqa: PLC0415 - as above

            return LiveDisplay(console)
    return PlainDisplay(out)


def _quiet_logs(settings: Settings) -> None:
    """Warnings only, unless a level was asked for: the screen tells the rest."""
    environment = settings.environment
    asked = "log_level" in environment.model_fields_set
    logs.configure(environment.log_level if asked else "WARNING", environment.log_format)
