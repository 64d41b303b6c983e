"""`moa-bot ask`: answers one question in a terminal, a pipe, or as JSON."""

from __future__ import annotations

import asyncio
import sys
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TextIO

from bot import logs
from bot.errors import ConfigurationError
from bot.models import model_catalogue
from bot.settings import Environment, Settings, load
from bot.terminal import document, strings
from bot.terminal.display import Display, PlainDisplay
from bot.terminal.screen import Screen
from moa import (
    Answered,
    Call,
    Compared,
    Event,
    Failed,
    Finished,
    NotEnoughAnswers,
    Outcome,
    PipelineError,
    Plan,
    Retried,
    run,
)
from moa.providers import Endpoints

MAX_BYTES = 1_000_000
"""More than the context window of any model."""

STDIN = "-"


def read_question(words: Sequence[str], stdin: BinaryIO) -> str:
    """Return the question's text.

    Args:
        words: the question. A last word `-` stands for standard input: the whole question, or
            material.
        stdin: standard input as bytes.

    Raises:
        ConfigurationError: it is empty, too long, or not text.
    """
    piped = words[-1] == STDIN
    # Bytes that aren't UTF-8 arrive as lone surrogates and fail below.
    data = " ".join(words[:-1] if piped else words).encode("utf-8", "surrogatepass")
    if piped:
        material = stdin.read(MAX_BYTES + 1).removeprefix(BOM_UTF8)
        data = data + b"\n\n" + material if data else material
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"The question is too long: more than {MAX_BYTES:,} bytes. Shorten it."
        )
    text = decode_text(data, "question")
    if not text.strip():
        raise ConfigurationError('The question is empty. Usage: moa-bot ask "QUESTION"')
    return text


def decode_text(data: bytes, what: str) -> str:
    """Return UTF-8 text. `what` names it in the error message, such as "question".

    Raises:
        ConfigurationError: the data isn't text.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} is not UTF-8"
    else:
        if "\0" not in text:
            return text
        problem = "it contains null bytes"
    raise ConfigurationError(f"The {what} isn't text: {problem}. Save it as UTF-8 text.")


ANSWERED, NOT_ANSWERED = 0, 1


@dataclass(frozen=True, slots=True)
class AskOptions:
    """The options of `moa-bot ask`.

    Attributes:
        question: the words of the question; a last `-` is standard input.
        pipeline: the pipeline's name; None for the default.
        answers: also show each proposer's answer.
        as_json: print one JSON document and nothing else.
    """

    question: Sequence[str]
    pipeline: str | None = None
    answers: bool = False
    as_json: bool = False


def ask(options: AskOptions) -> int:
    """Answer the question and return the exit code: 0 answered, 1 not answered.

    Raises:
        ConfigurationError: the question, the settings or the pipeline is invalid.
    """
    if options.question[-1] == STDIN and sys.stdin.isatty():
        sys.stderr.write("Type your question, then press Ctrl-D.\n")
    text = read_question(options.question, sys.stdin.buffer)
    settings = load()
    configure_logs(settings.environment)
    try:
        return asyncio.run(_ask(options, text, settings))
    except PipelineError as error:
        raise ConfigurationError(str(error)) from None


async def _ask(options: AskOptions, text: str, settings: Settings) -> int:
    async with Endpoints(network=settings.network) as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        name = catalogue.default if options.pipeline is None else options.pipeline
        plan = catalogue.plan(name)
        if options.as_json:
            await catalogue.prepare()
            return await _print_json(plan, text)
        display = _display(sys.stdout)
        models = catalogue.pipelines[name].models
        definitions = [catalogue.tables[model] for model in models]
        is_one_model = len({(each.provider, each.model) for each in definitions}) == 1
        has_personas = is_one_model and len({each.persona for each in definitions}) > 1
        header = strings.run_header(plan, settings.config_source, has_personas=has_personas)
        display.line(header, "faint")
        if any(catalogue.tables[model].provider == "local" for model in models):
            display.line(strings.DEMONSTRATION)
        display.line("")
        await catalogue.prepare()  # so that loading doesn't count as a model's time
        return await _print_run(plan, text, Screen(display), answers=options.answers)


async def _print_run(plan: Plan, text: str, screen: Screen, *, answers: bool) -> int:
    try:
        outcome = await _outcome(plan, text, screen.show)
    except NotEnoughAnswers as error:
        screen.stop()
        sys.stderr.write(f"{strings.no_answer(error)}\n")
        return NOT_ANSWERED
    finally:
        screen.stop()
    screen.finish(outcome, answers=answers)
    return ANSWERED


async def _print_json(plan: Plan, text: str) -> int:
    started = time.monotonic()
    calls: list[Call] = []
    try:
        outcome = await _outcome(plan, text, partial(_collect, calls))
    except NotEnoughAnswers as error:
        elapsed = time.monotonic() - started
        layers = len(plan.layers)
        failure = document.Failure(plan.name, layers, error.answers, calls, str(error), elapsed)
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


def _collect(calls: list[Call], event: Event) -> None:
    """Keep an event's call for the document of a run without an outcome."""
    if isinstance(event, Answered | Failed | Retried | Compared):
        calls.append(event.call)


def _display(out: TextIO) -> Display:
    """Return an animated display if the terminal supports it, else a plain one.

    In a pipe or file, only the result goes to standard output.
    """
    if out.isatty():
        from rich.console import Console  # noqa: PLC0415 - not needed for a pipe

        console = Console(file=out, highlight=False)
        if not console.is_dumb_terminal:
            from bot.terminal.live_display import LiveDisplay  # noqa: PLC0415 - not needed for a pipe

            return LiveDisplay(console)
        return PlainDisplay(out, out)
    return PlainDisplay(out, sys.stderr)


def configure_logs(environment: Environment) -> None:
    """Log warnings only, unless LOG_LEVEL is set: the screen shows the rest.

    Without this, structlog would print to standard output, mixed with the output that scripts read.
    """
    is_set = "log_level" in environment.model_fields_set
    logs.configure(environment.log_level if is_set else "WARNING", environment.log_format)
