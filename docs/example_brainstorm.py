"""The brainstorm of the pictures: what three people and three scripted models say."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice

from bot.playground.server import LocalSlack
from bot.trial.brainstorm_players import BrainstormPlayers
from tests.models.replies import Reply, Request
from tests.models.server import ModelServer

TOPIC = "How can we get more people to walk to work?"
ROOM = "brainstorm"

CONFIG = """
default_pipeline = "balanced"

[models.fast]
provider = "openai"
model = "fast"
base_url = "{url}"
price = {{ input = 1.0, output = 4.0 }}

[models.careful]
provider = "openai"
model = "careful"
base_url = "{url}"
price = {{ input = 2.0, output = 8.0 }}

[models.open]
provider = "openai"
model = "open"
base_url = "{url}"
price = {{ input = 0.5, output = 1.0 }}

[models.writer]
provider = "openai"
model = "writer"
base_url = "{url}"
price = {{ input = 2.0, output = 8.0 }}

[pipelines.balanced]
description = "Three models, one reply."
aggregator = "writer"

[[pipelines.balanced.layers]]
proposers = ["fast", "careful", "open"]
"""

PEOPLE: Mapping[str, Sequence[str]] = {
    "Ana": ("Showers and lockers at the office", "A walking bus from the station at 8:30"),
    "Ben": ("Plant trees along School Street", "First meeting of the day no earlier than 9:30"),
    "Carla": ("Lend umbrellas at both ends of the walk", "Walking pairs, drawn anew each month"),
}
NAMED = "Ana"
"""She starts it, and her name is shown with her ideas."""

THEMES: Mapping[str, Sequence[str]] = {
    "A pleasant way": (
        "Plant trees along School Street",
        "Footprints painted across the bridge, with the minutes left",
        "A green light for walkers that doesn't make them wait twice",
        "Benches and a drinking fountain halfway",
        "A map of quiet back streets in every welcome pack",
        "Street lamps on the river path from October to March",
        "Clear ice from the pavements before the roads",
        "Ask the bakery on the corner to open at 7:30",
    ),
    "Arriving": (
        "Showers and lockers at the office",
        "A drying rack for wet coats behind reception",
        "A spare pair of dry socks at every desk",
        "Lockers at the side door, so that nobody carries a laptop",
        "A clothes steamer in the washroom",
        "Let people keep a second pair of shoes in the hall",
    ),
    "Company": (
        "A walking bus from the station at 8:30",
        "Walking pairs, drawn anew each month",
        "One-to-one meetings as a walk from home",
        "A chat channel for who leaves when from where",
        "Dogs are welcome on Wednesdays",
    ),
    "Time and rules": (
        "First meeting of the day no earlier than 9:30",
        "The walk counts as ten minutes of working time",
        "No meetings that need a laptop before ten on Mondays",
        "Let people start later when it rains",
    ),
    "Rewards and equipment": (
        "Lend umbrellas at both ends of the walk",
        "The money of an unused parking space goes to its owner",
        "Breakfast for everyone who walked, once a week",
        "A yearly budget for shoes instead of a parking permit",
        "Rucksacks with a raincover for new colleagues",
        "Count steps as teams, with a day off for the winners",
        "Reflective bands that look good on a coat",
    ),
}
VOTES: Mapping[str, Mapping[str, int]] = {
    "Ana": {"The money of an unused": 2, "Plant trees": 1},
    "Ben": {"Plant trees": 2, "Lend umbrellas": 1},
    "Carla": {"Plant trees": 1, "The money of an unused": 1, "Showers": 1},
}
RESULT = """## Short list
- **Plant trees along School Street**: it has dots from all three, and it helps everyone.
- **The money of an unused parking space goes to its owner**: it pays for itself.

## Dissent
- Rewards and rules pull in different directions: one pays walkers, one gives everybody time.

## Open questions
- May the company pay out parking money?

## Next steps
- Ask the city who decides about trees on School Street."""


@dataclass
class ExampleModels:
    """The models' replies: ideas in turn, every idea in its theme, and a result."""

    themes: Mapping[str, Sequence[str]]
    left: Iterator[str]
    said: dict[str, str] = field(default_factory=dict[str, str])

    def reply(self, request: Request) -> str:
        """Return the reply to one call, the same every time."""
        words = "\n".join([request.system, *(words for _, words in request.turns)])
        if words not in self.said:
            self.said[words] = self._new(words)
        return self.said[words]

    def _new(self, words: str) -> str:
        if "the probability" in words:
            lines = (f"{n}. {idea} (0.1)" for n, idea in enumerate(islice(self.left, 2), 1))
            return "\n".join(lines) or "Nothing comes to mind."
        if "into themes" in words:
            return json.dumps({"themes": [*self._sorted(words)]})
        return RESULT

    def _sorted(self, words: str) -> Iterator[dict[str, object]]:
        shown = re.findall(r"^\[(\d+)\] (.+)$", words, re.MULTILINE)
        for title, ideas in self.themes.items():
            yield {"title": title, "ideas": [[int(n)] for n, idea in shown if idea in ideas]}


@asynccontextmanager
async def example_models() -> AsyncGenerator[str, None]:
    """Serve the models, and yield the configuration that uses them."""
    own = {idea for ideas in PEOPLE.values() for idea in ideas}
    left = (idea for ideas in THEMES.values() for idea in ideas if idea not in own)
    models = ExampleModels(THEMES, left)
    async with ModelServer(default=Reply(text=models.reply)) as server:
        yield CONFIG.format(url=server.openai_url)


def example_brainstorm(slack: LocalSlack) -> BrainstormPlayers:
    """Return the brainstorm that Ana starts; `PEOPLE` have the ideas for it."""
    return BrainstormPlayers(slack, ROOM, NAMED, TOPIC)
