"""`moa-bot brainstorm`: collects ideas from models and a file, and groups them into themes."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bot.errors import ConfigurationError
from bot.models import model_catalogue
from bot.settings import Settings, load
from bot.terminal import strings
from bot.terminal.ask import configure_logs, decode_text
from bot.terminal.safe_text import escaped_json, one_line, safe
from moa import NotEnoughAnswers, PipelineError, Plan
from moa.brainstorm import (
    DEFAULT_CALLS,
    MAX_CALLS,
    Brainstorm,
    BrainstormEvent,
    BrainstormFinished,
    DrawFailed,
    Grouped,
    Idea,
    IdeasDrawn,
    brainstorm,
    idea_models,
    max_cost,
    to_csv,
    to_json,
    to_markdown,
    usual_cost,
)
from moa.providers import Endpoints

MAX_BYTES: Final = 1_000_000
MAX_IDEAS: Final = 2_000
STDIN: Final = "-"

DONE, NO_IDEAS = 0, 1

ExportFormat = Literal["md", "csv", "json"]


@dataclass(frozen=True, slots=True)
class BrainstormOptions:
    """The options of `moa-bot brainstorm`.

    Attributes:
        topic: the subject of the ideas.
        ideas: a file of people's ideas, one per line; `-` for standard input, None for no file.
        export: the format of the document to print; None for readable text.
        calls: how many calls for ideas to make.
        pipeline: the pipeline's name; None for the default.
        result: whether the pipeline also writes the result.
    """

    topic: str
    ideas: str | None = None
    export: ExportFormat | None = None
    calls: int = DEFAULT_CALLS
    pipeline: str | None = None
    result: bool = False


def run_brainstorm(options: BrainstormOptions) -> int:
    """Brainstorm and return the exit code: 0 if there are ideas, 1 if not.

    Raises:
        ConfigurationError: the topic, the file, the settings or the pipeline is invalid.
    """
    topic = decode_text(options.topic.encode("utf-8", "surrogatepass"), "topic")
    if not topic.strip():
        raise ConfigurationError('The topic is empty. Usage: moa-bot brainstorm "TOPIC"')
    if not 1 <= options.calls <= MAX_CALLS:
        raise ConfigurationError(f"--calls: must be from 1 to {MAX_CALLS}, not {options.calls}.")
    ideas = [] if options.ideas is None else read_ideas(options.ideas)
    settings = load()
    configure_logs(settings.environment)
    try:
        return asyncio.run(_brainstorm(options, topic, ideas, settings))
    except PipelineError as error:
        raise ConfigurationError(str(error)) from None


def read_ideas(source: str) -> list[str]:
    """Return the nonblank lines of a file, each exactly as written.

    Args:
        source: the file's path, or `-` for standard input.

    Raises:
        ConfigurationError: the file can't be read, isn't text, or is too large.
    """
    try:
        if source == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{source}: can't be read ({error.strerror}).") from None
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{source}: holds more than {MAX_BYTES:,} bytes. Shorten it.")
    lines = decode_text(data, "file of ideas").replace("\r\n", "\n").split("\n")
    ideas = [line for line in lines if line.strip()]
    if len(ideas) > MAX_IDEAS:
        raise ConfigurationError(f"{source}: holds more than {MAX_IDEAS:,} ideas. Shorten it.")
    return ideas


async def _brainstorm(
    options: BrainstormOptions, topic: str, ideas: list[str], settings: Settings
) -> int:
    started = time.monotonic()
    async with Endpoints(network=settings.network) as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        name = catalogue.default if options.pipeline is None else options.pipeline
        plan = catalogue.plan(name)
        _tell(strings.run_header(plan, settings.config_source))
        models = catalogue.pipelines[name].models
        if any(catalogue.tables[model].provider == "local" for model in models):
            _tell(strings.DEMONSTRATION)
        await catalogue.prepare()
        _tell(_announcement(plan, topic, options, people=len(ideas)))
        try:
            finished = await _finished(options, topic, ideas, plan)
        except NotEnoughAnswers as error:
            _tell(strings.no_answer(error))
            return NO_IDEAS
    if not finished.ideas:
        _tell(strings.NO_IDEAS)
        return NO_IDEAS
    _print(finished, options.export)
    _tell(strings.brainstorm_footer(finished, time.monotonic() - started))
    return DONE


def _announcement(plan: Plan, topic: str, options: BrainstormOptions, *, people: int) -> str:
    """Describe what is about to happen, and its cost."""
    most, usual = (
        cost(
            topic,
            idea_models(plan),
            calls=options.calls,
            people_ideas=people,
            groupers=plan.aggregators,
            result_plan=plan if options.result else None,
        )
        for cost in (max_cost, usual_cost)
    )
    return strings.brainstorm_start(options.calls, people, most, usual)


async def _finished(
    options: BrainstormOptions, topic: str, ideas: list[str], plan: Plan
) -> Brainstorm:
    stream = brainstorm(topic, plan=plan, ideas=ideas, calls=options.calls, result=options.result)
    ended = 0
    async with aclosing(stream) as events:
        async for event in events:
            if isinstance(event, BrainstormFinished):
                return event.brainstorm
            ended += isinstance(event, IdeasDrawn | DrawFailed)
            if line := _progress(event, ended, options.calls):
                _tell(line)
    raise AssertionError("a brainstorm ends with BrainstormFinished, or raises")


def _progress(event: BrainstormEvent, ended: int, calls: int) -> str | None:
    """Return a line about an event, or None."""
    match event:
        case IdeasDrawn(model=model, ideas=ideas):
            return strings.ideas_drawn(ended, calls, one_line(model), len(ideas))
        case DrawFailed(model=model, error=error):
            return strings.draw_failed(ended, calls, one_line(model), one_line(error))
        case Grouped(grouping=grouping):
            return "\n".join(grouping.repairs)
        case _:
            return None


def _print(finished: Brainstorm, export: ExportFormat | None) -> None:
    """Print the document, without control characters if a terminal would interpret them."""
    match export:
        case "md":
            document = to_markdown(finished)
        case "csv":
            document = to_csv(finished)
        case "json":
            document = escaped_json(to_json(finished)) + "\n"
        case None:
            document = safe(_readable(finished))
    if sys.stdout.isatty():
        document = safe(document)
    sys.stdout.write(document)
    sys.stdout.flush()


def _readable(finished: Brainstorm) -> str:
    """Return the themes and ideas as text for a terminal."""
    known = {idea.id: idea for idea in finished.ideas}
    lines: list[str] = []
    for theme in finished.grouping.themes:
        lines += ["", one_line(theme.title)]
        for group in theme.groups:
            first, *others = (known[idea_id] for idea_id in group.idea_ids)
            lines.append(f"  - {_with_author(first)}")
            lines += [f"      {strings.SAME_IDEA}: {_with_author(other)}" for other in others]
    if finished.result:
        lines += ["", strings.RESULT, "", finished.result.text.strip()]
    return "\n".join([*lines[1:], ""])


def _with_author(idea: Idea) -> str:
    author = one_line(idea.author.removeprefix("model:")) if idea.from_model else strings.PERSON
    return f"{one_line(idea.text)}  ({author})"


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
