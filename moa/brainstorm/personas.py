"""The ordinary personas that models take on to give ideas.

Ordinary, concrete personas give models a wider range of ideas; "a creative genius" doesn't (arXiv
2602.20408).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from moa.brainstorm import prompt_texts
from moa.brainstorm.material import material_blocks, prompt_of
from moa.engine.separate_calls import CallTask, one_call
from moa.pipeline.prompts import boundary_nonce
from moa.ports import Model
from moa.types import Call, Prompt

PERSONAS_LAYER: Final = 2
"""The layer number of the call for personas in the call log."""

MAX_PERSONA_CHARS: Final = 160
MIN_PERSONA_CHARS: Final = 4

OUTPUT_TOKENS: Final = 1_500
"""Enough for thirty people."""

PEOPLE: Final = (
    "a night-shift nurse with two small children",
    "a retired bus driver who knows every street of the town",
    "a primary-school teacher with a class of 28",
    "a plumber who runs a two-person firm",
    "a student who pays for everything in cash",
    "a warehouse worker who starts at four in the morning",
    "a single father who cooks every evening",
    "a hairdresser who listens to people all day",
    "a farmer with dairy cows and little free time",
    "a baker who sells out by ten o'clock",
    "a wheelchair user who takes the train to work",
    "a grandmother who learnt to use a smartphone last year",
    "a call-centre agent who hears the same complaint all day",
    "a bookkeeper in a family business",
    "a parcel courier with 140 stops a day",
    "a caretaker of an apartment building",
    "a librarian in a small town",
    "a football coach for ten-year-olds",
    "a cleaner who works when everybody has left",
    "a car mechanic who hates waste",
    "a pharmacist at a busy railway station",
    "a carer who looks after her own mother",
    "a waiter in a restaurant by the sea",
    "a carpenter who restores old windows",
    "a receptionist in a dental practice",
    "a long-haul lorry driver",
    "a teenager who shares a room with two brothers",
    "an electrician who has seen every kind of shortcut",
    "a market trader who sells vegetables",
    "a civil servant who issues permits",
    "a newcomer who is still learning the language",
    "a software tester who breaks things for a living",
    "a midwife in a rural district",
    "a flight attendant who is rarely at home",
    "a gardener in a public park",
    "a shift supervisor in a packaging plant",
    "a secretary of a local sports club",
    "a deaf graphic designer",
    "a supermarket cashier who knows her regulars",
    "a security guard on weekend nights",
    "a physiotherapist with her own practice",
    "a fisherman on a small boat",
    "a bank clerk close to retirement",
    "a music teacher who travels from school to school",
    "a construction foreman with a tight schedule",
    "a bicycle repairer with a tiny shop",
    "a social worker with too many cases",
    "a cook in a school kitchen",
    "a volunteer firefighter who is a roofer by trade",
    "a translator who works from home",
    "a taxi driver who used to be an engineer",
    "a laboratory technician who documents everything",
    "a shoemaker whose customers bring old shoes",
    "a mother of twins who works part-time in sales",
    "an insurance adjuster who sees what goes wrong",
    "a dog walker with twelve dogs",
    "an apprentice in her first year",
    "a hotel housekeeper who is paid by the room",
    "a beekeeper who has an office job",
    "a paramedic who works in the city centre",
    "a seamstress who alters clothes",
    "a postal worker on a rural round",
    "a tram conductor who likes statistics",
    "a widower who has just moved to a new town",
)


def builtin_personas(count: int, seed: int) -> tuple[str, ...]:
    """Return this many ordinary people in a seeded order, each once until all have occurred."""
    people = list(PEOPLE)
    random.Random(f"personas:{seed}").shuffle(people)  # noqa: S311 - must be reproducible
    return tuple(people[i % len(people)] for i in range(count))


async def draw_personas(
    topic: str,
    models: Sequence[Model],
    *,
    count: int,
    seed: int,
    material: str = "",
    deadline_s: float = 60.0,
    on_call: Callable[[Call], object] | None = None,
) -> tuple[str, ...]:
    """Ask a model for ordinary people who have to do with the topic; fill up with built-in ones.

    If the call fails or is useless, built-in personas are used. `on_call` gets every call, even if
    this is cancelled.
    """
    drawn: tuple[str, ...] = ()
    if models and count > 0:
        prompt = personas_prompt(topic, material, count=count, seed=seed)
        task = CallTask(
            models[0], prompt, PERSONAS_LAYER, 1, temperature=1.0, output_tokens=OUTPUT_TOKENS
        )
        answer = await one_call(task, deadline_s=deadline_s, on_call=on_call)
        drawn = parse_personas(answer.text)[:count] if answer else ()
    missing = count - len(drawn)
    return (*drawn, *builtin_personas(missing, seed)) if missing > 0 else drawn


def personas_prompt(topic: str, material: str, *, count: int, seed: int) -> Prompt:
    """Return the prompt that asks for ordinary people who have to do with a topic."""
    nonce = boundary_nonce(seed, PERSONAS_LAYER)
    request = prompt_texts.PERSONAS_REQUEST.format(count=count)
    blocks = material_blocks(material, nonce)
    return prompt_of(topic, blocks, request, system=prompt_texts.PERSONAS, nonce=nonce)


_ITEM = re.compile(r"^\s*(?:\d{1,3}\s*[.):]|[-*\u2022\u2013])\s*(?P<text>\S.*)$")


def parse_personas(text: str) -> tuple[str, ...]:
    """Return the people in a model's list, one a line, each once, in a form that fits "You are …".

    Lines without a number or a bullet, and people described in too many words, are left out.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        item = _ITEM.match(line)
        person = " ".join(re.sub(r"[*_`\"]", "", item["text"]).split()).rstrip(".") if item else ""
        if MIN_PERSONA_CHARS <= len(person) <= MAX_PERSONA_CHARS and any(map(str.isalpha, person)):
            found.setdefault(person.casefold(), person)
    return tuple(found.values())
