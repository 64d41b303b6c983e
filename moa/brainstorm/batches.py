"""Splits ideas into batches that fit a prompt, and builds the prompts that sort and merge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from moa.brainstorm import prompt_texts
from moa.brainstorm.material import block, in_one_line, prompt_of
from moa.brainstorm.word_themes import word_themes
from moa.pipeline.token_budget import count_tokens
from moa.ports import Profile
from moa.types import Prompt

MAX_BATCH_IDEAS: Final = 80
MAX_BATCH_TOKENS: Final = 8_000
WINDOW_SHARE: Final = 0.35
"""Share of a small context window for the ideas; the rest is for instructions and the reply."""

IDEA_TOKENS: Final = 120
"""A longer idea is shortened in its middle, in the prompt only."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Groups of the same wording to be sorted by one call.

    Attributes:
        number: from 1.
        groups: ids of ideas; the model sees the first one of each group.
        shown: their texts, as far as the prompt shows them.
    """

    number: int
    groups: tuple[list[str], ...]
    shown: tuple[str, ...]


def batches_of(
    groups: Sequence[list[str]], texts: Mapping[str, str], topic: str, profile: Profile
) -> list[Batch]:
    """Split groups into batches, keeping groups with similar words together."""
    budget = min(MAX_BATCH_TOKENS, int(profile.context_window * WINDOW_SHARE))
    sizes = [min(count_tokens(texts[group[0]]), IDEA_TOKENS) + 4 for group in groups]
    if len(groups) > MAX_BATCH_IDEAS or sum(sizes) > budget:
        groups = [group for theme in word_themes(groups, texts, topic) for group in theme.groups]
    batches: list[list[list[str]]] = [[]]
    used = 0
    for group in groups:
        size = min(count_tokens(texts[group[0]]), IDEA_TOKENS) + 4
        if batches[-1] and (used + size > budget or len(batches[-1]) >= MAX_BATCH_IDEAS):
            batches.append([])
            used = 0
        batches[-1].append(group)
        used += size
    return [
        Batch(number, tuple(batch), tuple(texts[group[0]] for group in batch))
        for number, batch in enumerate(batches, 1)
    ]


def grouping_prompt(topic: str, batch: Batch, nonce: str) -> Prompt:
    """Return the prompt that asks to sort a batch."""
    request = prompt_texts.GROUPER_REQUEST.format(first=1, last=len(batch.shown))
    blocks = [_numbered("IDEAS", batch.shown, nonce)]
    return prompt_of(topic, blocks, request, system=prompt_texts.GROUPER, nonce=nonce)


def merging_prompt(topic: str, titles: Sequence[str], nonce: str) -> Prompt:
    """Return the prompt that asks to merge the themes of several batches."""
    request = prompt_texts.MERGER_REQUEST.format(first=1, last=len(titles))
    blocks = [_numbered("THEMES", titles, nonce)]
    return prompt_of(topic, blocks, request, system=prompt_texts.MERGER, nonce=nonce)


def _numbered(title: str, texts: Sequence[str], nonce: str) -> str:
    lines = [f"[{n}] {in_one_line(text, nonce, IDEA_TOKENS)}" for n, text in enumerate(texts, 1)]
    return block(title, lines, nonce)
