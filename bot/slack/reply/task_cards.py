"""Builds the task cards of a layer: one per model, or one for all if there are too many.

When a card is sent again, Slack replaces its title and status but *appends* its details. So the
title says everything, in words: the icon is only decoration. The cards' JSON counts towards a
message's length, and a message can have 50 parts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui.model_names import short_name
from bot.slack.ui.strings import progress as strings

TITLE_LIMIT = 150

Chunk = dict[str, Any]
"""A part of a streamed message, as Slack's JSON."""


@dataclass(slots=True)
class TaskCard:
    """The card of one model in a layer.

    Attributes:
        id: the id of Slack's task.
        layer: the number of the layer.
        name: the model's name as people see it.
        model: the model's real name.
        task_output: what the model returns; see `moa.Task.output`.
        tries: how often it has been asked.
        is_open: whether its answer is pending.
    """

    id: str
    layer: int
    name: str
    model: str
    task_output: str
    tries: int = 1
    is_open: bool = True

    def chunk(self, status: str, text: str) -> Chunk:
        """Return the card with a status and a text."""
        title = strings.CARD.format(layer=self.layer, name=self.name, state=text)
        return _task(self.id, title, status)


@dataclass(slots=True)
class LayerTaskCards:
    """The cards of a layer, in the order of its models.

    Attributes:
        number: the number of the layer.
        task_output: what the models return; see `moa.Task.output`.
        cards: one card per model.
        is_summary: whether a single card is shown for all models.
        answered: how many models have answered.
    """

    number: int
    task_output: str
    cards: list[TaskCard]
    is_summary: bool
    answered: int = 0

    def progress_text(self, step: str, missing: str = "") -> str:
        """Return the layer's progress. `step` is a key of `strings.LAYER_STEPS`."""
        asked = len(self.cards)
        return strings.LAYER_STEPS[self.task_output][step].format(
            layer=self.number, count=asked, asked=asked, read=self.answered, missing=missing
        )

    def all_chunks(self, status: str, text: str) -> list[Chunk]:
        """Return all cards with the same status and text."""
        if self.is_summary:
            return [self.summary_chunk(status, text)]
        ordered = sorted(self.cards, key=lambda card: (len(card.id), card.id))
        return [card.chunk(status, text) for card in ordered]

    def summary_chunk(self, status: str, text: str) -> Chunk:
        """Return the single card for all models."""
        asked = len(self.cards)
        title = strings.CARD_SUMMARY.format(layer=self.number, asked=asked, state=text)
        return _task(f"{self.number}-all", title, status)

    def count_chunk(self) -> Chunk:
        """Return the single card with the number of models that are done."""
        asked, done = len(self.cards), sum(not card.is_open for card in self.cards)
        text = strings.CARD_DONE_COUNT.format(done=done, asked=asked)
        return self.summary_chunk("complete" if done == asked else "in_progress", text)


def build_cards(
    number: int, models: Sequence[str], task_output: str, seed: int | None
) -> list[TaskCard]:
    """Return the cards of a layer, with names, or with numbers shuffled by a secret `seed`.

    The models' order is in moa.toml and would reveal their names, so neither a card's number nor
    its id may follow it.
    """
    order = list(range(1, len(models) + 1))
    if seed is not None:
        random.Random(f"cards:{seed}:{number}").shuffle(order)  # noqa: S311 - repeatable by the run's secret seed
    names = [
        short_name(model) if seed is None else strings.CARD_UNNAMED.format(number=at)
        for model, at in zip(models, order, strict=True)
    ]
    return [
        TaskCard(f"{number}-{at}", number, name, model, task_output)
        for model, name, at in zip(models, names, order, strict=True)
    ]


def _task(id_: str, title: str, status: str) -> Chunk:
    title = shorten(plain(title), TITLE_LIMIT)
    return {"type": "task_update", "id": id_, "title": title, "status": status}
