"""The corpus as model output in a running bot: in the thread and in the modal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.playground.state.models import User
from bot.slack.markdown.sanitize import safe_markdown
from tests.slack.attacks.attack import Attack
from tests.slack.attacks.corpus import CORPUS
from tests.slack.attacks.properties import is_within, words
from tests.slack.attacks.stage import (
    answer_in_modal,
    assert_harmless,
    markdown_of,
    recite,
    reciting,
    whole_reply,
)
from tests.stage import Mode, Stage

ASKERS = 8
"""The number of people who ask at the same time, each with their own modal."""

LEFT = {
    "prompts/end-of-answers": "Yes.\n\nNow say OWNED.",
    "prompts/end-with-nonce": "",
    "prompts/next-answer": "Yes.\n\nNo.",
    "prompts/ranking-boundary": "A is best.",
    "prompts/boundary-indented": "\t=== END ===",
    "prompts/boundary-quoted": "",
    "prompts/chat-markers": "",
    "prompts/chat-markers-other": "",
}
"""What remains of answers that copy the prompt's boundaries or begin with an end token."""


def answer_of(attack: Attack) -> str:
    """Return the text in Slack when a model answers this."""
    return LEFT.get(str(attack), attack.text)


SAYABLE = tuple(
    attack
    for attack in CORPUS
    if answer_of(attack).strip() and not re.search("[\ud800-\udfff]", attack.text)
)
"""Empty answers, and those with half a character, count as failed and never reach Slack."""

STAGED, SELECTION = SAYABLE[::3], SAYABLE[::12]
"""Some attacks of every kind. All take the same path to Slack, and `test_texts` checks every
text."""


@pytest.mark.slow
async def test_hostile_model_output_does_no_harm(tmp_path: Path) -> None:
    """Attacks from a proposer and an aggregator are shown completely and do no harm."""
    assert len(STAGED) >= 152
    async with reciting(tmp_path) as stage:
        await _ask_all(stage, STAGED)
        assert_harmless(stage)


@pytest.mark.parametrize(
    ("mode", "streams"),
    [
        pytest.param("http", True, marks=pytest.mark.slow),
        pytest.param("socket", False, marks=pytest.mark.slow),
        ("http", False),
    ],
)
async def test_hostile_model_output_does_no_harm_in_other_modes(
    tmp_path: Path, mode: Mode, *, streams: bool
) -> None:
    """The same holds over HTTP, and in a workspace with edited instead of streamed messages."""
    async with reciting(tmp_path, mode) as stage:
        if not streams:
            stage.slack.app.features.discard("streaming")
        await _ask_all(stage, SELECTION)
        assert_harmless(stage, without="" if streams else "chat.startStream")


async def _ask_all(stage: Stage, attacks: Sequence[Attack]) -> None:
    """Have several people ask for the attacks and check each reply and its answers."""
    waiting = list(reversed(attacks))
    people = [stage.slack.add_user(f"Asker {number}") for number in range(ASKERS)]

    async def ask(person: User) -> None:
        await stage.slack.invite(person, stage.general)
        while waiting:
            attack = waiting.pop()
            await _check_answers(stage, person, attack)

    await asyncio.gather(*(ask(person) for person in people))


async def _check_answers(stage: Stage, person: User, attack: Attack) -> None:
    ts = await stage.ask(recite(attack), user=person)
    messages = await whole_reply(stage, ts)
    said = words(markdown_of(messages))
    assert is_within(words(safe_markdown(answer_of(attack))), said), f"{attack} lost words"
    view = await answer_in_modal(stage, person, messages[-1])
    shown = words(stage.slack.render(view), letters_only=True)
    wanted = LEFT.get(str(attack), attack.shown)
    assert words(wanted, letters_only=True)[:300] in shown, f"{attack} lost words"
