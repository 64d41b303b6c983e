"""Paging through answers asks Slack once who is in the channel, and forgets within seconds."""

from __future__ import annotations

from pathlib import Path

from bot.slack.answers_modal.views import GO
from bot.slack.permissions.recent import MAX_REMEMBERED, REMEMBERED_S, RecentGrants
from bot.slack.ui.blocks import SHOW_ANSWERS
from bot.slack.ui.strings.answers_modal import ANSWERS_FORBIDDEN
from tests.slack.home_actions import choose
from tests.slack.user_actions import ALL_EVENTS, wait_until_idle
from tests.stage import Stage, on_stage

CHECKS = ("conversations.info", "conversations.members", "users.info")


def checks(stage: Stage) -> int:
    """Return how often Slack was asked about people and channels."""
    return sum(len(stage.slack.calls(method)) for method in CHECKS)


async def page(stage: Stage, containing: str) -> None:
    """Click Next to open the next answer."""
    view = stage.slack.current_modal(stage.ben)
    assert view is not None
    await stage.slack.click(stage.ben, view, f"{GO}:next")
    await stage.opened_view(stage.ben, containing)


async def test_paging_costs_one_check(tmp_path: Path) -> None:
    """Only the first click asks Slack; the channel's policy is read at each."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await wait_until_idle(stage)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, "# One reply from 3 answers")
        before = checks(stage)
        for name in ("red", "green", "blue"):
            await page(stage, f"# {name}")
        assert checks(stage) == before
        await choose(stage, stage.ana, reveal="is:nobody")
        await page_refused(stage, ANSWERS_FORBIDDEN["nobody"])


async def page_refused(stage: Stage, notice: str) -> None:
    view = stage.slack.current_modal(stage.ben)
    assert view is not None
    await stage.slack.click(stage.ben, view, f"{GO}:previous")
    await stage.opened_view(stage.ben, notice)


async def test_refusals_and_errors_are_not_remembered(tmp_path: Path) -> None:
    """People who were refused, or could not be checked, are checked again at the next click."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await wait_until_idle(stage)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, "# One reply from 3 answers")
        await stage.slack.leave(stage.ben, stage.general)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, ANSWERS_FORBIDDEN["members"])
        await stage.slack.invite(stage.ben, stage.general)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, "# One reply from 3 answers")


async def test_opening_the_answers_always_asks_slack(tmp_path: Path) -> None:
    """A person who left the channel can turn pages for a few seconds, but can't open anything."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await wait_until_idle(stage)
        for _ in range(2):
            before = checks(stage)
            await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
            await stage.opened_view(stage.ben, "# One reply from 3 answers")
            assert checks(stage) > before


def test_a_grant_expires() -> None:
    """It expires that long after Slack's confirmation, no matter how often it is used."""
    now = [100.0]
    grants = RecentGrants(lambda: now[0])
    grants.add("ben")
    for _ in range(3):
        now[0] += REMEMBERED_S / 4
        assert "ben" in grants
    now[0] += REMEMBERED_S / 4
    assert "ben" not in grants


def test_the_number_of_grants_is_limited() -> None:
    """The oldest one is dropped first."""
    grants = RecentGrants()
    for number in range(MAX_REMEMBERED + 5):
        grants.add(number)
    assert len(grants) == MAX_REMEMBERED
    assert 4 not in grants
    assert 5 in grants
