"""The token estimate, compared with counts of real tokenizers."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moa import Plan, Profile, Prompt
from moa.pipeline.text_tokens import count_tokens, least_tokens
from moa.providers import Endpoints, ModelSpec, build
from tests.cases import every_case
from tests.moa.runs import play, says
from tests.models import ModelServer, Reply

SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "token_samples.json").read_text(encoding="utf-8")
)
"""Counted by `benchmarks.tokens`."""

MAY_BE_LOW, MAY_BE_HIGH = 0.9, 1.7


def test_an_estimate_is_rarely_low_and_not_far_too_high() -> None:
    """It is at most 10 % below the larger of both counts, and at most 70 % above."""
    with every_case() as case:
        for sample in SAMPLES:
            larger = max(sample["o200k_base"], sample["cl100k_base"])
            with case(sample["name"]):
                assert MAY_BE_LOW <= count_tokens(sample["text"]) / larger <= MAY_BE_HIGH


def test_the_lower_bound_is_below_every_count() -> None:
    """No prompt is reported as cut just because a tokenizer is efficient."""
    with every_case() as case:
        for sample in SAMPLES:
            fewest = min(sample["o200k_base"], sample["cl100k_base"])
            with case(sample["name"]):
                assert least_tokens(sample["text"]) < fewest


@given(st.text(max_size=400), st.text(max_size=400))
def test_longer_text_never_costs_less(first: str, second: str) -> None:
    """Added text can only merge digits or blanks at the seam."""
    assert count_tokens(first + second) >= max(count_tokens(first), count_tokens(second)) - 8


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\0", "7" * 9, "=" * 5000, " " * 5000])
def test_every_text_has_a_count(text: str) -> None:
    """This includes text without words, and text that isn't valid Unicode."""
    assert 1 <= count_tokens(text) <= len(text) + 3


def test_a_line_without_content_crowds_out_no_other_text() -> None:
    """Thousands of zeros count for a third; lines with content, and shorter ones, count fully."""
    zeros = "0 " * 25_000
    assert count_tokens(f"> {zeros}\nWhy?") < 0.4 * count_tokens("0 \n" * 25_000)
    content = " ".join(map(str, range(25_000)))
    assert count_tokens(content) > 0.95 * 25 * count_tokens(content[: len(content) // 25])


LONG = "\n".join(
    f"On day {n} the library opened at nine and closed at {n % 12}." for n in range(900)
)
MANY = {
    "prose": LONG,
    "logs": next(s["text"] for s in SAMPLES if s["name"] == "json_logs") * 12,
    "hindi": next(s["text"] for s in SAMPLES if s["name"] == "hindi") * 60,
    "chinese": next(s["text"] for s in SAMPLES if s["name"] == "chinese") * 90,
}


async def notes_of(server: ModelServer, question: str, read: int) -> tuple[str, ...]:
    """Call a model whose server reports this many prompt tokens, and return the notes."""
    server.models["m"] = Reply("Yes.", input_tokens=read)
    async with Endpoints() as endpoints:
        spec = ModelSpec(provider="openai", model="m", base_url=server.openai_url)
        model = build(spec, Profile("llama"), endpoints)
        played = await play(Plan.of([model], aggregator=says("w")), Prompt.of(question))
    return played.outcome.notes


@pytest.mark.parametrize("question", MANY.values(), ids=MANY)
async def test_a_prompt_cut_by_the_server_is_reported(
    server: ModelServer, caplog: pytest.LogCaptureFixture, question: str
) -> None:
    """Ollama reads only `num_ctx` tokens; asker and operator learn of it, with a remedy."""
    with caplog.at_level(logging.WARNING):
        [note] = await notes_of(server, question, 2048)
    assert note.startswith("llama: its server read only 2,048 of about ")
    assert "OLLAMA_CONTEXT_LENGTH" in note
    assert "context_window = 2048" in note
    assert note in caplog.text


@pytest.mark.parametrize("name", ["english", "hindi", "thai", "json_logs", "python", "ascii_table"])
@pytest.mark.parametrize("tokenizer", ["o200k_base", "cl100k_base"])
async def test_a_complete_prompt_is_not_reported(
    server: ModelServer, name: str, tokenizer: str
) -> None:
    """This holds for any vocabulary."""
    sample = next(s for s in SAMPLES if s["name"] == name)
    times = 4_000 // sample[tokenizer] + 1
    assert await notes_of(server, sample["text"] * times, sample[tokenizer] * times) == ()


@pytest.mark.parametrize("read", [0, 5])
async def test_a_short_question_or_a_missing_count_is_not_reported(
    server: ModelServer, read: int
) -> None:
    """A count of 0 is unknown."""
    assert await notes_of(server, "Why?", read) == ()
    assert await notes_of(server, LONG, 0) == ()
