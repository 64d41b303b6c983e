"""The scripted models of the examples: each call gets the words that were written for it."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bot.trial import example_session as session
from bot.trial.cast import EXAMPLES
from moa.brainstorm import prompt_texts
from moa.brainstorm.draw import DEFAULT_IDEAS_PER_CALL
from moa.pipeline.config import Config
from moa.ports import Profile
from moa.providers.scripted import ScriptedModel, Wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from moa.providers import ProvidedModel
    from moa.providers.scripted import Step
    from moa.types import Prompt, Sampling

PIPELINE: Final = "example"
_WRITER: Final = "writer"
_IDEAS_PER_CALL: Final = 2
_PAUSE_S: Final = 0.05
_IDEAS_REQUEST: Final = prompt_texts.DRAWER_REQUEST.format(count=DEFAULT_IDEAS_PER_CALL)
_NUMBERED: Final = re.compile(r"^\[(\d+)\] (.+)$", re.MULTILINE)


def example_config() -> Config:
    """Return the pipeline of the examples: three proposers and a writer."""
    proposers = [*session.OPINIONS]
    definition = {"provider": "scripted", "model": "example", "reply": "…"}
    pipeline = {
        "description": "An example, written by scripted models.",
        "aggregator": _WRITER,
        "layers": [{"proposers": proposers}],
    }
    table: dict[str, Any] = {
        "default_pipeline": PIPELINE,
        "models": dict.fromkeys([*proposers, _WRITER], definition),
        "pipelines": {PIPELINE: pipeline},
    }
    return Config.from_table(table)


def example_models() -> Mapping[str, ProvidedModel]:
    """Return the models of that pipeline."""
    human_ideas = {idea for ideas in session.PEOPLE.values() for idea in ideas}
    groups = (group for groups in session.THEMES.values() for group in groups)
    ideas = iter([idea for group in groups for idea in group if idea not in human_ideas])
    return {name: _model(name, ideas) for name in [*session.OPINIONS, _WRITER]}


def _model(name: str, ideas: Iterator[str]) -> ScriptedModel:
    def script(prompt: Prompt, _sampling: Sampling) -> Iterable[Step]:
        yield Wait(_PAUSE_S)
        yield from re.findall(r"\s*\S+", _reply(name, prompt, ideas))

    return ScriptedModel(Profile(name=name, cost=lambda _usage: 0.0), script)


def _reply(name: str, prompt: Prompt, ideas: Iterator[str]) -> str:
    """Return what a model writes in one call."""
    request = "\n".join(message.content for message in prompt.messages)
    if _IDEAS_REQUEST in request:
        return "\n".join(
            f"{n}. {idea} (0.1)" for n, idea in enumerate(islice(ideas, _IDEAS_PER_CALL), 1)
        )
    if prompt.system.startswith(prompt_texts.GROUPER):
        return json.dumps({"themes": [*_themes(request)]})
    for example in EXAMPLES:
        if example.question in request:
            return example.reply if name == _WRITER else example.answers[name]
    return session.RESULT if name == _WRITER else session.OPINIONS[name]


def _themes(request: str) -> Iterator[dict[str, object]]:
    numbers = {idea: int(number) for number, idea in _NUMBERED.findall(request)}
    for title, groups in session.THEMES.items():
        known = [[numbers[idea] for idea in group if idea in numbers] for group in groups]
        yield {"title": title, "ideas": known}
