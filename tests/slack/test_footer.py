"""The footer's figures, and the notice under the bot's first reply in a channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slack.api.identity import IdentityLookup
from bot.slack.api.users import UserDirectory
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui.blocks import SHARE
from bot.slack.ui.footer import FooterOptions, footer, summary
from bot.slack.ui.strings import answers_modal
from bot.slack.ui.strings import footer as strings
from moa import Answer, Call, Outcome, Usage
from tests.models.replies import Reply, Status
from tests.slack.user_actions import wait_for_notice, wait_until_idle
from tests.stage import Stage, everywhere, on_stage

RED = Answer("red", 1, 1, "used", text="Yes.", seconds=1.0)
GREEN = Answer("green", 1, 2, "failed", seconds=1.0, error_kind="timeout")
SECOND = Answer("red", 2, 1, "used", text="Yes.", seconds=1.0)


def outcome(answers: tuple[Answer, ...], seconds: float, cost: float | None) -> Outcome:
    paid = Call("red", "proposer", 1, 1, 1, "used", 0.0, 1.0, usage=Usage(1, 1), cost_usd=cost)
    return Outcome("Yes.", "complete", "balanced", answers, None, (paid,), seconds, None)


@pytest.mark.parametrize(
    ("answers", "seconds", "cost", "line"),
    [
        ((RED,), 0.04, 0.0, "balanced · 1 of 1 models · 0.0 s · no cost"),
        ((RED, GREEN), 9.94, 0.00001, "balanced · 1 of 2 models · 9.9 s · less than $0.0001"),
        ((RED, GREEN), 10.0, 0.0012, "balanced · 1 of 2 models · 10 s · $0.0012"),
        ((RED, SECOND), 75.6, 0.5, "balanced · 2 of 2 answers used · 76 s · $0.50"),
        ((), 600.4, 1234.5, "balanced · 600 s · $1,234.50"),
        ((), 1.0, None, "balanced · 1.0 s · cost unknown"),
    ],
)
def test_the_figures_under_a_reply(
    answers: tuple[Answer, ...], seconds: float, cost: float | None, line: str
) -> None:
    """Seconds have tenths below 10, dollars have cents or four digits, and both may be left out."""
    whole = outcome(answers, seconds, cost)
    assert summary(whole) == line
    assert summary(whole, costs=False) == line.rpartition(" · ")[0]


def test_accessible_names_contain_the_visible_words() -> None:
    """A button's name for screen readers and voice control holds its visible words."""
    texts = {**vars(strings), **vars(answers_modal)}
    labels = {name: text for name, text in texts.items() if name.endswith("_LABEL")}
    buttons = {texts[name.removesuffix("_LABEL")]: text for name, text in labels.items()}
    assert {strings.SHOW_ANSWERS, answers_modal.ANSWERS_BEST} <= buttons.keys()
    assert [seen for seen, label in buttons.items() if seen.lower() not in label.lower()] == []


def test_the_notice_comes_after_the_figures() -> None:
    """Only the footer of a first reply has it, before the link to an earlier reply."""
    whole = outcome((RED,), 1.0, 0.5)
    first = FooterOptions(RevealPolicy(), is_first=True)
    assert f"$0.50 · {strings.AI_NOTICE} · again" in str(
        footer("R", whole, first, again_of="again")
    )
    assert strings.AI_NOTICE not in str(footer("R", whole, FooterOptions(RevealPolicy())))


async def asked(stage: Stage, text: str = "What is the risk?") -> str:
    """Ask in the channel, and return the reply."""
    shown = stage.slack.render(await stage.replied(await stage.ask(text)))
    await wait_until_idle(stage)
    return shown


async def test_the_first_reply_in_a_channel_says_that_an_ai_wrote_it(tmp_path: Path) -> None:
    """Only the first reply in each channel has the notice."""
    async with on_stage(tmp_path, default="single") as stage:
        assert strings.AI_NOTICE in await asked(stage)
        assert strings.AI_NOTICE not in await asked(stage)
        random = stage.slack.add_channel("random", members=[stage.ana])
        ts = await stage.slack.post(stage.ana, random, f"{stage.mention} And here?")
        there = stage.slack.render(await stage.replied(ts, channel=random))
        assert strings.AI_NOTICE in there


async def test_a_failed_question_is_not_a_first_reply(tmp_path: Path) -> None:
    """A channel that only had notices about failures still gets it."""
    down = everywhere(Reply(fault=Status(400)))
    async with on_stage(tmp_path, models=down, default="single") as stage:
        assert strings.AI_NOTICE not in await asked(stage)
        stage.models.models = everywhere(Reply("At last."))
        assert strings.AI_NOTICE in await asked(stage)


async def test_the_first_private_reply_has_the_notice(tmp_path: Path) -> None:
    """A person's first private reply has the notice, and so has the first one that is shared."""
    async with on_stage(tmp_path, default="single") as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        reply = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        assert strings.AI_NOTICE in stage.slack.render(reply)
        await wait_until_idle(stage)
        await stage.slack.click(stage.ana, reply, SHARE)
        [shared] = await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        assert strings.AI_NOTICE in stage.slack.render(shared)
        assert strings.AI_NOTICE in await asked(stage)
        await stage.slack.command(stage.ana, stage.general, "/moa", "And now?")
        again = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        assert strings.AI_NOTICE not in stage.slack.render(again)


async def test_a_person_whom_slack_does_not_name_is_someone(tmp_path: Path) -> None:
    """Messages about a person never have an empty name."""
    async with on_stage(tmp_path) as stage:
        identity = IdentityLookup(stage.bot.identity.client)
        people = UserDirectory(
            stage.bot.identity.client, identity, nameless=strings.NAMELESS_PERSON
        )
        assert await people.name(stage.ben.id) == "Ben"
        assert await people.name("U404") == "someone"
