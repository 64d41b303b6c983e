"""A layer of a run as task cards: one for each model, or one for all where there are too many.

Of a card that is sent again, Slack replaces the title and the state but *adds* details to those
that it has. So all that is told of a step stands in the card's title, and in words: its icon is
only an ornament. Task JSON counts towards a message's length, and a message holds 50 parts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui import strings
from bot.slack.ui.model_names import short

TITLE_LIMIT = 150

Chunk = dict[str, Any]
"""A part of a streamed message, as it is sent."""


@dataclass(slots=True)
class TaskCard:
    """One model's place in a layer.

    Attributes:
        id: of Slack's task.
        name: what the model is called in front of people.
        model: its real name.
        tries: how often it was asked.
        open: whether its answer is still awaited.
    """

    id: str
    layer: int
    name: str
    model: str
    brings: str
    tries: int = 1
    open: bool = True

    def chunk(self, status: str, told: str) -> Chunk:
        """The card with what is to be said of it now."""
        title = strings.CARD.format(layer=self.layer, name=self.name, state=told)
        return _task(self.id, title, status)


@dataclass(slots=True)
class LayerTaskCards:
    """The cards of a layer in the order of its models' places; `summed`: one is shown for all.

    `brings` is what its models bring, and `read` how many of them have.
    """

    number: int
    brings: str
    cards: list[TaskCard]
    summed: bool
    read: int = 0

    def say(self, step: str, missing: str = "") -> str:
        """How far it is, as a sentence: a key of `words.LAYER_STEPS`."""
        asked = len(self.cards)
        return strings.LAYER_STEPS[self.brings][step].format(
            layer=self.number, count=asked, asked=asked, read=self.read, missing=missing
        )

    def all(self, status: str, told: str) -> list[Chunk]:
        """All cards, of each of which the same is to be said."""
        if self.summed:
            return [self.sum(status, told)]
        ordered = sorted(self.cards, key=lambda card: (len(card.id), card.id))
        return [card.chunk(status, told) for card in ordered]

    def sum(self, status: str, told: str) -> Chunk:
        """The one card for all."""
        asked = len(self.cards)
        title = strings.CARD_SUMMARY.format(layer=self.number, asked=asked, state=told)
        return _task(f"{self.number}-all", title, status)

    def counted(self) -> Chunk:
        """The one card for all, with how many are done."""
        asked, done = len(self.cards), sum(not card.open for card in self.cards)
        told = strings.CARD_DONE_COUNT.format(done=done, asked=asked)
        return self.sum("complete" if done == asked else "in_progress", told)


def cards_of(number: int, models: Sequence[str], brings: str, seed: int | None) -> list[TaskCard]:
    """The cards of a layer, named, or numbered in an order that a secret `seed` decides.

    The order of the models' places stands in the settings and would tell their names; so neither
    a card's number nor its id may follow it.
    """
    order = list(range(1, len(models) + 1))
    if seed is not None:
        random.Random(f"cards:{seed}:{number}").shuffle(order)  # noqa: S311 - repeatable by the run's own secret seed
    names = [
        short(model) if seed is None else strings.CARD_UNNAMED.format(number=at)
        for model, at in zip(models, order, strict=True)
    ]
    return [
        TaskCard(f"{number}-{at}", number, name, model, brings)
        for model, name, at in zip(models, names, order, strict=True)
    ]


def _task(id_: str, title: str, status: str) -> Chunk:
    title = shorten(plain(title), TITLE_LIMIT)
    return {"type": "task_update", "id": id_, "title": title, "status": status}
