"""Draws ideas from models in many small, separate calls, each with another ordinary persona.

Persona, reasoning first, and many small independent samples are from arXiv 2602.20408. Asking for
several ideas with their probabilities is verbalized sampling. Showing ideas around while they are
being drawn is what narrows them, so no call sees another's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from moa.arguments import (
    require_list,
    require_models,
    require_seed,
    require_text,
    require_whole,
)
from moa.brainstorm import prompt_texts
from moa.brainstorm.idea_parser import parse_ideas
from moa.brainstorm.lexical import similarity, words_of
from moa.brainstorm.material import (
    checked_topic,
    in_one_line,
    material_blocks,
    prompt_of,
    topic_line,
)
from moa.brainstorm.personas import builtin_personas
from moa.brainstorm.values import DrawnIdea
from moa.engine.separate_calls import CallTask, SeparateEvent, run_calls
from moa.errors import PipelineError
from moa.events import Answered, Failed, Retried
from moa.pipeline.prompts import boundary_nonce
from moa.ports import Model
from moa.types import Call, Prompt

IDEAS_LAYER = 1
"""The layer number of calls for ideas in the call log."""

TEMPERATURE = 1.0
"""For models whose configuration sets none."""

REASONING_TOKENS = 250
TOKENS_PER_IDEA = 90
"""The output cap for models whose configuration sets none: a few sentences of reasoning, and two
sentences per idea in a script that takes many tokens."""

VARIATION = 0.6
"""A model's idea that shares this share of its words with an earlier one of the same call counts as
a variation and is dropped: small models vary one idea without end. People's ideas are all kept."""

PERSONA_TOKENS = 60
MAX_CALLS = 200
MAX_IDEAS_PER_CALL = 20
DEFAULT_CALLS = 12
DEFAULT_IDEAS_PER_CALL = 3


@dataclass(frozen=True, slots=True)
class IdeasDrawn:
    """A model has handed in ideas.

    Attributes:
        position: the call's number, from 1; it decides model and persona.
        model: the model's name.
        persona: the persona that the model took on.
        ideas: empty if its text contained none.
        call: the entry for the call log.
    """

    position: int
    model: str
    persona: str
    ideas: tuple[DrawnIdea, ...]
    call: Call


@dataclass(frozen=True, slots=True)
class DrawFailed:
    """A model handed in nothing. `error` is safe to show; see `moa.Answer`."""

    position: int
    model: str
    persona: str
    error: str
    call: Call


DrawEvent = IdeasDrawn | DrawFailed | Retried
"""Every call appears in exactly one event, or is passed to `on_stopped`."""


async def draw_ideas(
    topic: str,
    models: Sequence[Model],
    *,
    material: str = "",
    calls: int = DEFAULT_CALLS,
    ideas_per_call: int = DEFAULT_IDEAS_PER_CALL,
    personas: Sequence[str] = (),
    seed: int | None = None,
    done: Collection[int] = (),
    at_once: int = 8,
    deadline_s: float = 120.0,
    on_stopped: Callable[[Call], object] | None = None,
) -> AsyncGenerator[DrawEvent, None]:
    """Draw ideas and yield an event for each call as it ends, in any order.

    Close the generator (`contextlib.aclosing`) to stop: every call is stopped and its connection
    closed.

    Args:
        topic: untrusted text; long ones are shortened in the prompt.
        models: live models, which take turns: call n goes to `models[(n - 1) % len(models)]`.
        material: untrusted text to draw on, such as a thread; "" for none.
        calls: how many calls to make, `done` ones included.
        ideas_per_call: how many ideas each call is asked for.
        personas: see `draw_personas`; by default ordinary people from the built-in list.
        seed: decides the personas and boundaries. With the same seed, call n is the same call.
        done: positions that an earlier attempt finished; they are not called again.
        at_once: calls in progress at the same time.
        deadline_s: seconds for one call, retries included.
        on_stopped: called with each call that no event reported, if the generator is closed early.

    Raises:
        PipelineError: the topic is empty, there is no model, or a number is out of range.
    """
    topic, chosen = checked_topic(topic), secrets.randbits(63) if seed is None else seed
    require_models("models", models)
    if not models:
        raise PipelineError("Name at least one model to draw ideas from.")
    check_counts(calls, ideas_per_call)
    require_text("material", material)
    require_list("personas", personas, str, "a string")
    require_seed(seed)
    people = tuple(personas) or builtin_personas(calls, chosen)
    tasks = [
        CallTask(
            models[(position - 1) % len(models)],
            drawing_prompt(
                topic,
                material,
                persona=people[(position - 1) % len(people)],
                count=ideas_per_call,
                nonce=boundary_nonce(chosen, position),
            ),
            IDEAS_LAYER,
            position,
            temperature=TEMPERATURE,
            output_tokens=output_tokens(ideas_per_call),
        )
        for position in range(1, calls + 1)
        if position not in done
    ]
    made = run_calls(tasks, at_once=at_once, deadline_s=deadline_s, on_stopped=on_stopped)
    async with aclosing(made) as events:
        async for event in events:
            yield _drawn(event, people, topic, ideas_per_call)


def drawing_prompt(topic: str, material: str, *, persona: str, count: int, nonce: str) -> Prompt:
    """Return the prompt of one call for ideas."""
    request = prompt_texts.DRAWER_REQUEST.format(count=count)
    system = prompt_texts.DRAWER.format(persona=in_one_line(persona, nonce, PERSONA_TOKENS))
    if not material.strip():  # no label, so that a small model takes it for a plain question
        return Prompt.of(f"{topic_line(topic, nonce)}\n\n{request}", system=system)
    return prompt_of(topic, material_blocks(material, nonce), request, system=system, nonce=nonce)


def read_ideas(text: str, topic: str, most: int, *, complete: bool = True) -> tuple[DrawnIdea, ...]:
    """Return a call's first ideas, without variations of earlier ones."""
    kept: list[tuple[frozenset[str], DrawnIdea]] = []
    for idea in parse_ideas(text, topic=topic, complete=complete):
        words = words_of(idea.text)
        if all(similarity(words, other) < VARIATION for other, _ in kept):
            kept.append((words, idea))
    return tuple(idea for _, idea in kept[:most])


def output_tokens(ideas_per_call: int) -> int:
    """Return the output cap of one call for models whose configuration sets none."""
    return REASONING_TOKENS + TOKENS_PER_IDEA * ideas_per_call


def check_counts(calls: int, ideas_per_call: int) -> None:
    """Require numbers that a brainstorm can make.

    Raises:
        PipelineError: one is out of range, or no whole number.
    """
    require_whole("calls", calls)
    require_whole("ideas_per_call", ideas_per_call)
    if not 1 <= calls <= MAX_CALLS:
        raise PipelineError(f"calls: must be from 1 to {MAX_CALLS}, not {calls}.")
    if not 1 <= ideas_per_call <= MAX_IDEAS_PER_CALL:
        raise PipelineError(
            f"ideas_per_call: must be from 1 to {MAX_IDEAS_PER_CALL}, not {ideas_per_call}."
        )


def _drawn(
    event: SeparateEvent, people: Sequence[str], topic: str, ideas_per_call: int
) -> DrawEvent:
    """Return the event for an ended call. Ideas that arrived before a failure count."""
    if isinstance(event, Retried):
        return event
    answer, call = event.answer, event.call
    complete = isinstance(event, Answered) and answer.status != "truncated"
    ideas = read_ideas(answer.text, topic, ideas_per_call, complete=complete)
    persona = people[(answer.position - 1) % len(people)]
    if isinstance(event, Failed) and not ideas:
        error = answer.error or "The model did not answer."
        return DrawFailed(answer.position, answer.model, persona, error, call)
    return IdeasDrawn(answer.position, answer.model, persona, ideas, call)
