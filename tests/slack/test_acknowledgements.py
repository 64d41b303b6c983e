"""All of Slack's requests are acknowledged, known or not, because Slack would repeat them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from tests.bot.prometheus import Scraped
from tests.stage import Stage, on_stage

UNKNOWN_EVENTS = ("emoji_changed", "function_executed", "something_new")

UNKNOWN_INTERACTIONS = (
    "block_suggestion",
    "dialog_cancellation",
    "dialog_submission",
    "dialog_suggestion",
    "interactive_message",
    "message_action",
    "shortcut",
    "something_new",
    "view_closed",
    "view_submission",
    "workflow_step_edit",
)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage, None]:
    async with on_stage(tmp_path, events=("app_mention", *UNKNOWN_EVENTS)) as stage:
        yield stage


async def test_closing_a_modal_is_acknowledged(stage: Stage, tmp_path: Path) -> None:
    """A view with `notify_on_close` causes an event, which is acknowledged without a warning."""
    ts = await stage.ask("What is the risk?")
    await stage.slack.click(stage.ana, await stage.replied(ts), "show_answers")
    view = await stage.opened_view(stage.ana, "Each model's answer")
    view.content["notify_on_close"] = True
    for clear in (False, True):
        told = await stage.slack.close(stage.ana, view, clear=clear)
        assert told is not None
        assert told.acknowledged


async def test_a_notice_of_withheld_events_is_acknowledged(stage: Stage, tmp_path: Path) -> None:
    """Slack's notice that there were too many events is acknowledged and counted."""
    for minutes in (1, 2):
        assert (await stage.slack.send_rate_limit_notice()).ok
        found = Scraped((await stage.bot.health.scrape()).decode())
        assert found.value("slack_events_held_back_minutes_total") == minutes


@pytest.mark.parametrize("kind", UNKNOWN_EVENTS)
async def test_an_unknown_event_is_acknowledged(
    stage: Stage,
    tmp_path: Path,
    kind: str,
) -> None:
    """Slack sends it only once."""
    stage.slack.emit(kind, user=stage.ana.id, function={"callback_id": "x"}, inputs={})
    await stage.slack.wait_for_deliveries()
    assert [d.state for d in stage.slack.deliveries] == ["acknowledged"]
    assert [len(d.acks) for d in stage.slack.deliveries] == [1]


@pytest.mark.parametrize("kind", UNKNOWN_INTERACTIONS)
async def test_an_unknown_interaction_is_acknowledged(
    stage: Stage,
    tmp_path: Path,
    kind: str,
) -> None:
    """The person sees no warning if another version of the app, or of Slack, causes it."""
    view = {"type": "modal", "id": "V1", "callback_id": "of_another_version", "state": {}}
    more = {"callback_id": "of_another_version", "action_id": "x", "view": view, "actions": []}
    for fields in ({}, more):
        told = await stage.slack.send_interaction(stage.ana, kind, **fields)
        assert told.acknowledged, fields


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_slacks_certificate_check_is_answered(tmp_path: Path, method: str) -> None:
    """Slack does not sign `ssl_check`; the response is 200, and nothing starts."""
    async with on_stage(tmp_path, mode="http") as stage:
        assert await stage.slack.http.ssl_check(method) == 200
        assert stage.models.questions == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ssl_check": "0"},
        {"ssl_checks": "1"},
        {"payload": '{"ssl_check":"1"}'},
        {"ssl_check": "1", "text": "a" * 1_000},
    ],
)
async def test_other_unsigned_requests_are_rejected(tmp_path: Path, fields: dict[str, str]) -> None:
    """Similar requests are rejected like every unsigned request."""
    async with on_stage(tmp_path, mode="http") as stage, aiohttp.ClientSession() as session:
        url = str(stage.slack.request_url)
        async with session.post(url, data=fields) as posted, session.get(url, params=fields) as got:
            assert (posted.status, got.status) == (401, 401)


async def test_a_burst_of_events_at_the_start_asks_slack_once_who_the_bot_is(
    stage: Stage, tmp_path: Path
) -> None:
    """A hundred events that arrive before anything else cause no call of auth.test."""
    for _ in range(100):
        stage.slack.emit(UNKNOWN_EVENTS[0], user=stage.ana.id)
    await stage.slack.wait_for_deliveries()
    assert {delivery.state for delivery in stage.slack.deliveries} == {"acknowledged"}
    assert len(stage.slack.calls("auth.test")) == 1
