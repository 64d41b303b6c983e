"""Asks the embedded model everyday questions, and judges its replies by fixed rules.

    python -m benchmarks.embedded               # all 60 questions, about two minutes on two cores
    python -m benchmarks.embedded --most 3      # three of each language

The judge looks for three faults that a reader sees at once: a loop, a piece of our prompt, and a
boundary line. It says nothing about whether a reply is right.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from benchmarks.embedded_questions import QUESTIONS
from bot.defaults import demo_config
from moa import Finished, NotEnoughAnswers, run
from moa.catalogue import ModelCatalogue
from moa.pipeline.prompts import templates
from moa.providers import Endpoints
from moa.providers.english import ONLY_ENGLISH

LINE_TIMES = 2
PHRASE_WORDS, PHRASE_TIMES = 8, 2
WORD_TIMES = 6
"""A line of three words, or a phrase of eight, may occur twice; one word six times in a row."""

PROMPT_WORDS = 6
"""This many consecutive words of our prompts count as a piece of them."""

BOUNDARY = re.compile(r"={3,}|\bEND OF ANSWERS\b|\bANSWER [A-Z]\b|\b[0-9a-f]{16}\b")


def faults(question: str, reply: str, *, english: bool) -> list[str]:
    """Return what is wrong with a reply, in words."""
    checks = {
        "empty": not reply.strip(),
        "loop": is_looping(reply),
        "prompt": has_prompt(question, reply),
        "boundary": bool(BOUNDARY.search(reply)),
        "language not named": not english and ONLY_ENGLISH not in reply,
    }
    return [name for name, found in checks.items() if found]


def is_looping(reply: str) -> bool:
    """Return whether a line, a phrase or a word is repeated too often."""
    lines = Counter(line for each in reply.splitlines() if len(line := tuple(words(each))) >= 3)
    phrases = Counter(runs(words(reply), PHRASE_WORDS))
    in_a_row = (len(set(run)) == 1 for run in runs(words(reply), WORD_TIMES + 1))
    return (
        any(times > LINE_TIMES for times in lines.values())
        or any(times > PHRASE_TIMES for times in phrases.values())
        or any(in_a_row)
    )


def has_prompt(question: str, reply: str) -> bool:
    """Return whether a reply has words of our prompts that the question doesn't have."""
    known = {run for text in _templates() for run in runs(words(text), PROMPT_WORDS)}
    asked = set(runs(words(question), PROMPT_WORDS))
    said = set(runs(words(reply), PROMPT_WORDS)) - asked
    return bool(said & known) or templates.BRIEF in reply


def _templates() -> Iterator[str]:
    return (text for name, text in vars(templates).items() if name.isupper() and type(text) is str)


def words(text: str) -> list[str]:
    """Return a text's words in lower case."""
    return re.findall(r"\w+", text.casefold())


def runs(found: list[str], size: int) -> Iterator[tuple[str, ...]]:
    """Return all runs of `size` words."""
    return (tuple(found[i : i + size]) for i in range(len(found) - size + 1))


async def reply_to(catalogue: ModelCatalogue, question: str) -> tuple[str, float]:
    """Return the reply as a person would read it, and the seconds it took."""
    try:
        async for event in run(catalogue.plan(catalogue.default), question):
            if isinstance(event, Finished):
                return event.outcome.reply, event.outcome.seconds
    except NotEnoughAnswers:
        pass
    return "", 0.0


async def measure(most: int) -> int:
    """Ask and judge the questions; return how many replies had faults."""
    bad = asked = 0
    async with Endpoints() as endpoints:
        catalogue = ModelCatalogue(demo_config(), endpoints, lambda _name: None)
        listed = ([(lang, q) for q in questions[:most]] for lang, questions in QUESTIONS.items())
        for language, question in chain.from_iterable(listed):
            reply, seconds = await reply_to(catalogue, question)
            found = faults(question, reply, english=language == "English")
            asked, bad = asked + 1, bad + bool(found)
            print(f"{seconds:5.1f} s  {', '.join(found) or 'ok':10} {question}", flush=True)
            if found:
                print(reply)
    print(f"{asked} questions, {bad} replies with faults")
    return bad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=60, help="questions of each language")
    raise SystemExit(1 if asyncio.run(measure(parser.parse_args().most)) else 0)
