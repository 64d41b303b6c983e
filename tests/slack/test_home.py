"""The Home tab: what each person sees, and what only admins see."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from bot.limits import BudgetStatus, BudgetUse, ChannelUse, Limits, PipelineStats
from bot.playground.checks.blocks import walk
from bot.playground.checks.payloads import parse_view
from bot.ports import PastQuestion
from bot.preferences import Rules
from bot.slack.api.permalinks import build_permalink
from bot.slack.home.views import AdminSection, HomePage, RecentQuestion, home_view
from bot.slack.ui.strings import home as strings
from bot.storage.tables import preferences, runs
from moa.pipeline.definition import LayerDefinition, Pipeline
from tests.models.replies import Reply, Status
from tests.slack.home_actions import EVENTS, choose, ended, home, home_showing
from tests.stage import Mode, Stage, everywhere, on_stage


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_home_shows_newcomers_how_to_start(tmp_path: Path, mode: Mode, database: str) -> None:
    """It shows what the bot does, how to ask, the pipelines and the budgets."""
    async with on_stage(tmp_path, mode=mode, database=database, events=EVENTS) as stage:
        shown = await home(stage, stage.ana)
        assert strings.HOME_ABOUT.splitlines()[0] in shown
        assert "AI-generated and may be wrong" in shown
        assert "mention @moa" in shown
        assert strings.HOME_RECENT_NONE in shown
        assert "*balanced* (default): Three models, one reply." in shown
        assert "Layer 1: red, green, blue → Reply by writer" in shown
        assert "writer only" in shown
        assert shown.count(strings.HOME_NOT_MEASURED) == 2
        assert "This month: no questions, no cost" in shown
        assert strings.HOME_ADMIN not in shown


async def test_recent_questions_link_to_their_threads(tmp_path: Path) -> None:
    """Each has its text as people read it, its state, and a link."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        ts = await stage.ask(f"What does &lt;b&gt; mean, <@{stage.ben.id}>?")
        await stage.replied(ts)
        await ended(stage)
        shown = await home(stage, stage.ana, shows="answered · balanced")
        assert "What does <b> mean, @Ben?" in shown
        assert f"archives/{stage.general.id}/p{ts.replace('.', '')}" in shown
        assert "one question, $0." in shown
        assert "(one reply so far)" in shown
        inner = await stage.ask("And &amp; in the thread?", ts)
        await stage.replied(ts, 2)
        await ended(stage)
        shown = await home(stage, stage.ana, shows="in the thread?")
        assert f"/p{inner.replace('.', '')}?thread_ts={ts}&cid={stage.general.id}" in shown
        assert "(last 2 replies)" in shown


async def test_a_persons_questions_are_private(tmp_path: Path) -> None:
    """Nobody else sees them or their number, not even admins."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        secret = stage.slack.add_channel("secret", members=[stage.ana], private=True)
        ts = await stage.slack.post(stage.ana, secret, f"{stage.mention} A private matter?")
        await stage.replied(ts, channel=secret)
        stage.ben.is_admin = True
        shown = await home(stage, stage.ben)
        assert "A private matter?" not in shown
        assert strings.HOME_RECENT_NONE in shown
        assert "A private matter?" in await home(stage, stage.ana)


async def test_a_failed_question_is_marked(tmp_path: Path) -> None:
    """A failed question says so; one asked by command has no link."""
    down = everywhere(Reply(fault=Status(503)))
    async with on_stage(tmp_path, models=down, events=EVENTS) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "Anybody there?")
        await stage.slack.wait_for(lambda: stage.slack.ephemerals(stage.ana, stage.general)[1:])
        await ended(stage)
        shown = await home(stage, stage.ana, shows="no reply · balanced")
        assert "Anybody there?\n" in shown
        assert strings.HOME_PRIVATELY in shown
        assert "archives" not in shown


async def test_a_personal_pipeline_is_chosen_with_one_click(tmp_path: Path) -> None:
    """It is stored at once and used for this person's next question only."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await home(stage, stage.ana)
        await _choose_pipeline(stage, "is:single")
        await home_showing(stage, stage.ana, "<single ▾>")
        direct = stage.slack.dm(stage.ana)
        ts = await stage.slack.post(stage.ana, direct, "What is the risk?")
        assert "single" in stage.slack.render(await stage.replied(ts, channel=direct))
        reply = await stage.replied(await stage.ask("And Ben?", user=stage.ben))
        assert "balanced" in stage.slack.render(reply)
        await _choose_pipeline(stage, "inherited")
        await home_showing(stage, stage.ana, "<Same as workspace: balanced ▾>")


async def _choose_pipeline(stage: Stage, value: str) -> None:
    view = stage.slack.home_tab(stage.ana)
    assert view is not None
    await stage.slack.click(stage.ana, view, "home_pipeline", value)


async def test_a_channels_pipeline_overrides_a_personal_one(tmp_path: Path) -> None:
    """A channel's choice applies to everybody who asks there."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await home(stage, stage.ana)
        await _choose_pipeline(stage, "is:single")
        await home_showing(stage, stage.ana, "<single ▾>")
        await choose(stage, stage.ben, pipeline="is:balanced")
        reply = await stage.replied(await stage.ask("What is the risk?"))
        assert "balanced" in stage.slack.render(reply)


async def test_a_forged_pipeline_changes_nothing(tmp_path: Path) -> None:
    """A value that the menu doesn't have is ignored."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await home(stage, stage.ana)
        view = stage.slack.home_tab(stage.ana)
        assert view is not None
        [menu] = [b["accessory"] for b in view.blocks if b["block_id"] == "home_pipeline"]
        menu["options"][1]["value"] = "is:gone"
        before = len(stage.slack.calls("views.publish"))
        await _choose_pipeline(stage, "is:gone")
        await stage.slack.wait_for(lambda: len(stage.slack.calls("views.publish")) > before)
        await home_showing(stage, stage.ana, "<Same as workspace: balanced ▾>")


async def test_an_outsiders_click_changes_nothing(tmp_path: Path) -> None:
    """A click from another organisation is ignored and publishes nothing."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await home(stage, stage.ana)
        view = stage.slack.home_tab(stage.ana)
        assert view is not None
        stranger = stage.slack.add_user("Zoe", team_id="T99999999")
        await stage.slack.click(stranger, view, "home_pipeline", "is:single")
        await home(stage, stage.ana, shows="<Same as workspace: balanced ▾>")
        assert stage.slack.home_tab(stranger) is None
        async with stage.bot.database.connect() as connection:
            assert (await connection.execute(select(preferences))).all() == []


async def test_admins_see_the_workspaces_usage(tmp_path: Path) -> None:
    """Admins see usage by channel, and former admins no longer do."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await stage.replied(await stage.ask("What is the risk?", user=stage.ben))
        direct = stage.slack.dm(stage.ben)
        ts = await stage.slack.post(stage.ben, direct, "And here?")
        await stage.replied(ts, channel=direct)
        stage.ana.is_admin = True
        shown = await home(stage, stage.ana, shows=strings.HOME_ADMIN)
        assert "#general: one question, $0." in shown
        assert f"{strings.HOME_ADMIN_DIRECT}: one question" in shown
        assert "And here?" not in shown
        stage.ana.is_admin = False
        assert strings.HOME_ADMIN not in await home(stage, stage.ana)


async def test_home_works_while_slack_does_not_respond(tmp_path: Path) -> None:
    """Names and the admin section are missing at first, and back the next time."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        stage.ana.is_admin = True
        await stage.replied(await stage.ask(f"What do you think, <@{stage.ben.id}>?"))
        stage.slack.fail_next("users.info", error="internal_error")
        shown = await home(stage, stage.ana)
        assert "What do you think, @" in shown
        assert strings.HOME_ADMIN not in shown
        assert strings.HOME_ADMIN in await home(stage, stage.ana)
        stage.slack.fail_next("views.publish", error="internal_error")
        assert strings.HOME_TITLE in await home(stage, stage.ana)


async def test_home_says_when_it_cannot_be_built(tmp_path: Path) -> None:
    """It shows an apology with an error id and no exception text. The next visit works."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await _execute(stage, "ALTER TABLE spending RENAME TO hidden")
        with capture_logs() as logged:  # rendering a traceback takes seconds
            shown = await home(stage, stage.ana, shows=strings.HOME_FAILED)
        assert "home_failed" in str(logged)
        assert "include error ID" in shown
        assert "hidden" not in shown
        await _execute(stage, "ALTER TABLE hidden RENAME TO spending")
        assert strings.HOME_TITLE in await home(stage, stage.ana)


async def _execute(stage: Stage, statement: str) -> None:
    async with stage.bot.database.begin() as connection:
        await connection.execute(text(statement))


async def test_hidden_costs_are_hidden_on_home_too(tmp_path: Path) -> None:
    """With `cost = "hidden"` budgets are shown in percent, without amounts."""
    extra = '\n[slack]\ncost = "hidden"\n[limits]\nper_person_day_usd = 5\n'
    async with on_stage(tmp_path, events=EVENTS, extra=extra) as stage:
        await stage.replied(await stage.ask("What is the risk?"))
        await ended(stage)
        async with stage.bot.database.begin() as connection:
            await connection.execute(update(runs).values(seconds=12.0))
        shown = await home(stage, stage.ana, shows="(one reply so far)")
        assert "12 s (one reply so far)" in shown
        assert "You, today: 99% left" in shown
        assert "$" not in shown.replace(strings.BUDGET_UNKNOWN_PRICES, "")


async def test_opening_the_messages_tab_publishes_nothing(tmp_path: Path) -> None:
    """Opening the Messages tab publishes nothing."""
    async with on_stage(tmp_path, events=EVENTS) as stage:
        await stage.slack.open_home(stage.ana, "messages")
        await stage.slack.wait_for_deliveries()
        assert strings.HOME_TITLE in await home(stage, stage.ben)
        assert len(stage.slack.calls("views.publish")) == 1


NASTY = "&<!channel> <@U1> <https://x.example|y> ``` *b* _i_ \u202e\u200b" + "&" * 500
EARLIER = PastQuestion(
    "C1", "1.000100", "1.000100", NASTY, "mention", NASTY, "answered", datetime.now(UTC)
)


def _full_page() -> HomePage:
    """Return a page that is as full as possible, with hostile text everywhere."""
    layers = [LayerDefinition(proposers=[f"{NASTY[:60]}{n}" for n in range(32)])] * 10
    pipeline = Pipeline(aggregator="writer", description=NASTY * 4, layers=layers)
    names = {f"{n}{NASTY}": pipeline for n in range(150)}
    rules = Rules(NASTY, "members", "shown", "shown", follow_ups=True, offer_brainstorms=False)
    limits = Limits(
        per_run_usd=1e8,
        per_person_day_usd=1e8,
        per_channel_day_usd=1e8,
        per_workspace_month_usd=1e8,
        at_once_per_person=3,
    )
    status = BudgetStatus(limits, BudgetUse(1e9, 1e9, 1e9, 1e9, 10**9, 10**9, datetime.now(UTC), 9))
    channels = [ChannelUse("C0123456789", 10**6, 1e9)] * 10
    return HomePage(
        me="U1",
        workspace_url="https://acme.example/",
        recent=[RecentQuestion(EARLIER, NASTY)] * 10,
        pipelines=names,
        chosen=None,
        rules=rules,
        default=next(iter(names)),
        stats=dict.fromkeys(names, PipelineStats(100, 1e6, 1e6)),
        budget_status=status,
        now=datetime.now(UTC),
        admin=AdminSection(rules, status, channels),
    )


def test_a_full_page_keeps_slacks_limits_and_pings_nobody() -> None:
    """Hostile text of any length pings nobody and stays within Slack's limits."""
    view = parse_view(home_view(_full_page()))
    assert len(view["blocks"]) <= 100
    written = "".join(part["text"] for part in walk(view["blocks"]) if _is_mrkdwn(part))
    assert "<!channel" not in written
    assert "<@U1> mention" not in written
    assert "<https://x.example" not in written
    assert "\u202e" not in written


def _is_mrkdwn(part: Any) -> bool:
    """Return whether Slack parses mentions and links in this object."""
    return part.get("type") == "mrkdwn"


@pytest.mark.parametrize(
    "change",
    [
        {"ts": "command-12.34"},
        {"thread_ts": "1.1|x> <!channel>"},
        {"channel": "C1/../x"},
        {"channel": ""},
    ],
)
def test_permalinks_are_built_only_from_ids(change: dict[str, str]) -> None:
    """Anything that is not one of Slack's ids gives no link."""
    ids = {"channel": "C1", "ts": "1.000100", "thread_ts": "1.000100"}
    assert build_permalink("https://acme.example/", **ids) is not None
    assert build_permalink("https://acme.example/", **(ids | change)) is None
    assert build_permalink("", **ids) is None
