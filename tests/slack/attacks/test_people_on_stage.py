"""The corpus as people's messages, names and shared questions."""

from __future__ import annotations

import re
from pathlib import Path

from bot.playground.state.models import SlackMessage, User
from bot.slack.ui.blocks import SHARE
from tests.models.replies import Reply
from tests.slack.attacks.corpus import CORPUS
from tests.slack.attacks.corpus.hidden import TAGS
from tests.slack.attacks.properties import words
from tests.slack.attacks.stage import ECHO, assert_harmless, reciting, whole_reply
from tests.stage import Stage

LONGEST = 3_000
"""The length limit of texts in threads, so that a whole thread reaches the models."""

WRITTEN = tuple(
    attack
    for attack in CORPUS
    if words(attack.text) and len(attack.text) <= LONGEST and "<@U00000001>" not in attack.text
)
"""Texts that people can post: not empty, and without a mention of the bot."""

NAMES = tuple(attack for attack in CORPUS if len(attack.text) <= 40 and words(attack.text))[::6]
"""Short texts, as names."""

TOKEN = re.compile("<[^<>]*>")
SPOKEN = re.compile(r"\[\w{3} \d\d? \w{3}, \d\d:\d\d\] (?:\w[\w .]*|someone) (?:wrote|asks):")
PLACE = "This is in the channel #general."


async def test_a_hostile_thread_does_no_harm(tmp_path: Path) -> None:
    """The models read any text under its author's name, and may repeat all of it.

    No text can imitate another person's turn, nor contain words that the thread doesn't show.
    """
    assert len(WRITTEN) >= 388
    async with reciting(tmp_path) as stage:
        for start in range(0, len(WRITTEN), 40):
            texts = [attack.text for attack in WRITTEN[start : start + 40]]
            ts = await stage.slack.post(stage.ben, stage.general, "Read this.")
            for text in texts:
                await stage.slack.post(stage.ben, stage.general, text, thread_ts=ts)
            await stage.ask(ECHO, thread_ts=ts)
            await whole_reply(stage, ts)
            _assert_quoted(stage.models.questions[-2].turns[-1][1], texts)
        assert_harmless(stage)


def _assert_quoted(prompt: str, texts: list[str]) -> None:
    """Assert that every line of a thread is quoted, except author lines and the question."""
    bare = [line for line in prompt.splitlines() if line and not line.startswith("> ")]
    assert [line for line in bare if not SPOKEN.fullmatch(line)] == [PLACE, ECHO]
    # The channel, the first message, Ana's turn, and her question.
    assert len(bare) == len(texts) + 4
    shown = words(prompt)
    said = [part for text in texts for part in TOKEN.split(text)]  # tokens are spelled out
    assert [part for part in said if words(part) not in shown] == []
    assert "\\u202e" not in ascii(prompt)
    assert TAGS[:3] not in prompt


async def test_a_hostile_name_does_no_harm(tmp_path: Path) -> None:
    """Names stay on their line and ping no one."""
    async with reciting(tmp_path) as stage:
        ts = await stage.slack.post(stage.ben, stage.general, "Who are you?")
        for attack in NAMES:
            person = stage.slack.add_user(attack.text)
            await stage.slack.invite(person, stage.general)
            await stage.slack.post(person, stage.general, "Hello", thread_ts=ts)
        await stage.ask(ECHO, thread_ts=ts)
        await whole_reply(stage, ts)
        prompt = stage.models.questions[-2].turns[-1][1]
        assert prompt.count("\n> Hello") == len(NAMES)
        assert len(prompt.splitlines()) == 3 * len(NAMES) + 7
        assert_harmless(stage)


async def test_a_hostile_question_does_no_harm(tmp_path: Path) -> None:
    """A private question, repeated as the reply and shared, pings no one and loads nothing."""
    async with reciting(tmp_path) as stage:
        stage.models.models["writer-1"] = Reply(text=lambda request: request.turns[-1][1])
        for number, attack in enumerate(NAMES):
            person = stage.slack.add_user(attack.text)
            await stage.slack.invite(person, stage.general)
            await stage.slack.command(person, stage.general, "/moa", f"Read: {attack.text}")
            reply = await stage.slack.wait_for(lambda who=person: _private_reply(stage, who))
            assert reply is not None
            await stage.slack.click(person, reply, SHARE)
            await stage.slack.wait_for(
                lambda count=number: len(stage.slack.messages(stage.general)) > count
            )
        assert_harmless(stage)


def _private_reply(stage: Stage, person: User) -> SlackMessage | None:
    found = stage.slack.ephemerals(person, stage.general)
    return next((m for m in found if "[Show answers]" in stage.slack.render(m)), None)
