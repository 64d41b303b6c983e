"""Slack Connect channels, and several workspaces of one Enterprise organisation."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.playground.state.models import Channel, SlackMessage, User
from bot.slack.ui.blocks import AGAIN, FEEDBACK, SHOW_ANSWERS, STOP
from bot.slack.ui.strings import footer as strings
from bot.slack.ui.strings.answers_modal import ANSWERS_OUTSIDE
from bot.slack.ui.strings.home import HOME_OUTSIDE
from bot.slack.ui.strings.progress import DONE_STOPPED, STOP_OFFER
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.tables import feedback, runs
from tests.models.replies import Reply
from tests.slack.home_actions import choose, home
from tests.slack.user_actions import ALL_EVENTS, run_of_reply, wait_for_notice, wait_until_idle
from tests.stage import Stage, everywhere, on_stage

THEIRS, SIBLING, ORG = "T99999999", "T00000002", "E00000001"
HIDDEN = '[slack]\nnames = "anonymous"\ncost = "hidden"\n'


async def asked_in(stage: Stage, channel: Channel, user: User) -> SlackMessage:
    """Ask in a channel as this person and return the reply."""
    text = f"{stage.mention} What is the risk?"
    ts = await stage.slack.post(user, channel, text)
    reply = await stage.replied(ts, channel=channel)
    await wait_until_idle(stage)
    return reply


def shared(stage: Stage, *members: User, host: str | None = None) -> Channel:
    """Return a Slack Connect channel; a partner of the other organisation may be a member."""
    return stage.slack.add_channel("shared", members=members, connected=[THEIRS], host=host)


@pytest.mark.parametrize("host", [None, THEIRS], ids=["ours", "theirs"])
async def test_a_question_in_a_shared_channel_belongs_to_our_workspace(
    tmp_path: Path, host: str | None
) -> None:
    """Our privacy rules and budgets apply, no matter who hosts it or asks."""
    limits = HIDDEN + "[limits]\nquestions_per_person_hour = 1\n"
    async with on_stage(tmp_path, extra=limits, events=ALL_EVENTS) as stage:
        partner = stage.slack.add_user("Pat", team_id=THEIRS)
        channel = shared(stage, stage.ana, partner, host=host)
        for person in (stage.ana, partner):
            reply = await asked_in(stage, channel, person)
            shown = stage.slack.render(reply)
            assert "$" not in shown
            assert not {"red", "green", "blue"} & {*shown.replace("·", " ").split()}
            ts = await stage.slack.post(person, channel, f"{stage.mention} And?")
            refused = stage.slack.render(await stage.replied(ts, channel=channel))
            assert TROUBLES["hourly_limit"].split(":")[0] in refused
        async with stage.bot.database.connect() as connection:
            teams = set((await connection.execute(select(runs.c.team))).scalars())
        assert teams == {stage.slack.team_id}
        starts = [c.args for c in stage.slack.calls("chat.startStream")]
        teams_of = {args["recipient_user_id"]: args["recipient_team_id"] for args in starts}
        assert teams_of == {stage.ana.id: stage.slack.team_id, partner.id: THEIRS}


@pytest.mark.parametrize("host", [None, THEIRS], ids=["ours", "theirs"])
async def test_a_colleague_can_use_the_buttons(tmp_path: Path, host: str | None) -> None:
    """This works in channels hosted by another organisation and by ours."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        channel = shared(stage, stage.ana, host=host)
        reply = await asked_in(stage, channel, stage.ana)
        await stage.slack.click(stage.ana, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ana, "One reply from 3 answers")
        await stage.slack.click(stage.ana, reply, AGAIN)
        await stage.replied(str(reply.thread_ts), 2, channel)


async def test_an_outsider_can_use_only_their_own_replys_buttons(tmp_path: Path) -> None:
    """They may open, regenerate and rate their own reply only."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        partner = stage.slack.add_user("Pat", team_id=THEIRS)
        other = stage.slack.add_user("Quin", team_id=THEIRS)
        channel = shared(stage, stage.ana, partner, other)
        theirs, ana_s = [await asked_in(stage, channel, who) for who in (partner, stage.ana)]
        await stage.slack.click(partner, theirs, SHOW_ANSWERS)
        await stage.opened_view(partner, "One reply from 3 answers")
        await stage.slack.click(partner, theirs, FEEDBACK, "Helpful")
        await wait_for_notice(stage, partner, strings.FEEDBACK_THANKS, channel)
        await stage.slack.click(partner, theirs, AGAIN)
        again = await stage.replied(str(theirs.thread_ts), 2, channel)
        assert (await run_of_reply(stage, again)).question.user == partner.id
        await wait_until_idle(stage)
        for stranger, reply in ((partner, ana_s), (other, theirs)):
            await stage.slack.click(stranger, reply, AGAIN)
            await wait_for_notice(stage, stranger, strings.AGAIN_REFUSED["outside"], channel)
            await stage.slack.click(stranger, reply, FEEDBACK, "Helpful")
            await wait_for_notice(stage, stranger, strings.FEEDBACK_REFUSED["outside"], channel)
            await stage.slack.click(stranger, reply, SHOW_ANSWERS)
            await stage.opened_view(stranger, "Only")
        async with stage.bot.database.connect() as connection:
            voices = (await connection.execute(select(feedback.c.user))).scalars().all()
        assert voices == [partner.id]


async def test_only_the_requester_opens_answers_in_a_shared_channel(tmp_path: Path) -> None:
    """No other colleague can, regardless of the channel's host."""
    async with on_stage(tmp_path) as stage:
        channel = shared(stage, stage.ana, stage.ben, host=THEIRS)
        reply = await asked_in(stage, channel, stage.ana)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, ANSWERS_OUTSIDE[:30])


async def test_an_outsider_can_stop_their_own_question(tmp_path: Path) -> None:
    """They may stop their own question with our button."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models=everywhere(Reply("Late.", gate=gate))) as stage:
        stage.slack.app.features.discard("agent_sessions")
        partner = stage.slack.add_user("Pat", team_id=THEIRS)
        channel = shared(stage, partner)
        ts = await stage.slack.post(partner, channel, f"{stage.mention} What is the risk?")
        offer = await wait_for_notice(stage, partner, STOP_OFFER, channel)
        await stage.slack.click(partner, offer, STOP)
        reply = await stage.replied(ts, channel=channel)
        assert DONE_STOPPED in stage.slack.render(reply) or "Stopped" in reply.text
        gate.set()


async def test_home_is_not_for_outsiders(tmp_path: Path) -> None:
    """They see neither usage nor costs of the workspace."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        partner = stage.slack.add_user("Pat", team_id=THEIRS)
        shared(stage, partner)
        shown = await home(stage, partner)
        assert HOME_OUTSIDE.split(".")[0] in shown
        assert not [word for word in ("balanced", "$", "writer") if word in shown]


async def test_colleagues_of_a_sibling_workspace_are_colleagues(tmp_path: Path) -> None:
    """They open answers, regenerate and change settings like our own people."""
    async with on_stage(tmp_path, events=ALL_EVENTS, grid=(ORG, SIBLING)) as stage:
        sue = stage.slack.add_user("Sue", team_id=SIBLING)
        channel = stage.slack.add_channel(
            "everybody", members=[stage.ana, sue], org_shared=[SIBLING]
        )
        reply = await asked_in(stage, channel, stage.ana)
        await stage.slack.click(sue, reply, SHOW_ANSWERS)
        await stage.opened_view(sue, "One reply from 3 answers")
        await stage.slack.click(sue, reply, AGAIN)
        await stage.replied(str(reply.thread_ts), 2, channel)
        await wait_until_idle(stage)
        await choose(stage, sue, channel, pipeline="is:single")
        ts = str(reply.thread_ts)
        await stage.slack.post(sue, channel, f"{stage.mention} And now?", thread_ts=ts)
        await stage.replied(ts, 3, channel)
        asked = "\n".join(text for _, text in stage.models.questions[-1].turns)
        assert "Sue" in asked
        assert "other organisation" not in asked
        starts = [c.args for c in stage.slack.calls("chat.startStream")]
        assert starts[-1]["recipient_team_id"] == SIBLING


async def test_another_organisations_grid_is_outside(tmp_path: Path) -> None:
    """Members of another Enterprise organisation are outsiders."""
    async with on_stage(tmp_path, events=ALL_EVENTS, grid=(ORG, SIBLING)) as stage:
        stage.slack.join_grid("E99999999", THEIRS, app_team=False)
        partner = stage.slack.add_user("Pat", team_id=THEIRS)
        channel = shared(stage, stage.ana, partner)
        reply = await asked_in(stage, channel, stage.ana)
        await stage.slack.click(partner, reply, AGAIN)
        await wait_for_notice(stage, partner, strings.AGAIN_REFUSED["outside"], channel)
        await stage.slack.post(partner, channel, f"{stage.mention} And?", thread_ts=reply.thread_ts)
        await stage.replied(str(reply.thread_ts), 2, channel)
        asked = "\n".join(text for _, text in stage.models.questions[-1].turns)
        assert "Pat (other organisation)" in asked
        starts = [c.args for c in stage.slack.calls("chat.startStream")]
        assert starts[-1]["recipient_team_id"] == THEIRS
