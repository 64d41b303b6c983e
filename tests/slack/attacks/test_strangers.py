"""People without access try to open answers: by button, in the modal, by replay."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.playground.people.actions import ActionResult
from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.answers_modal.views import CHOOSE
from bot.slack.permissions import recent
from bot.slack.ui.blocks import SHOW_ANSWERS
from bot.slack.ui.strings.answers_modal import ANSWERS_LOADING
from tests.slack.attacks.stage import answer_in_modal, elements, option
from tests.slack.attacks.strangers import (
    STRANGERS,
    Stranger,
    forge,
    forged_values,
    run_of,
    sent_since,
    shown_to,
)
from tests.stage import Stage, on_stage

SECRETS = ("The answer of", "balanced", "writer")
"""Words of the answers and the overview, which nobody else may see."""

strangers = pytest.mark.parametrize("stranger", STRANGERS, ids=str)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage, None]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def replied(stage: Stage) -> SlackMessage:
    """Return the reply to a question by Ana."""
    return await stage.replied(await stage.ask("What is the risk?"))


async def settled_view(stage: Stage, person: User) -> SlackView:
    """Return the modal that a person has open, once it is filled."""

    def filled() -> SlackView | None:
        view = stage.slack.current_modal(person)
        return view if view and ANSWERS_LOADING not in stage.slack.render(view) else None

    view = await stage.slack.wait_for(filled)
    assert view is not None
    return view


def leaked(text: str) -> list[str]:
    """Return which of the secrets a text contains."""
    return [secret for secret in SECRETS if secret in text]


def assert_nothing_was_shown(stage: Stage, calls: int) -> None:
    """Require that nothing the bot sent after this many calls contains an answer."""
    assert not leaked(json.dumps(sent_since(stage, calls)))


@strangers
async def test_no_stranger_opens_the_answers(stage: Stage, stranger: Stranger) -> None:
    """People without access click the button without effect, once or twice."""
    reply = await replied(stage)
    person = await stranger.come(stage)
    calls = len(stage.slack.calls())
    for _ in range(2):
        await stage.slack.click(person, reply, SHOW_ANSWERS)
        await settled_view(stage, person)
    assert not leaked(shown_to(stage, person))
    assert_nothing_was_shown(stage, calls)


@strangers
async def test_no_stranger_can_page_through_anothers_modal(
    stage: Stage, stranger: Stranger
) -> None:
    """A forged click in somebody else's modal shows no answer."""
    reply = await replied(stage)
    view = await answer_in_modal(stage, stage.ana, reply)
    person = await stranger.come(stage)
    clicked = replace(view)  # its current state, which may change later
    for action_id in [str(e["action_id"]) for e in elements(clicked) if "action_id" in e]:
        calls = len(stage.slack.calls())
        chosen = option(clicked, "red") if action_id == CHOOSE else None
        await stage.slack.click(person, clicked, action_id, chosen)
        await stage.slack.wait_for(lambda before=calls: len(sent_since(stage, before)) > 0)
        assert_nothing_was_shown(stage, calls)
        assert not leaked(shown_to(stage, person))


async def test_a_removed_member_sees_no_further_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open modal outlasts the permission to see it by `REMEMBERED_S` seconds at most."""
    monkeypatch.setattr(recent, "REMEMBERED_S", 0.0)
    reply = await replied(stage)
    view = await answer_in_modal(stage, stage.ben, reply)
    assert leaked(stage.slack.render(view))
    await stage.slack.leave(stage.ben, stage.general)
    calls = len(stage.slack.calls())
    await stage.slack.click(stage.ben, view, CHOOSE, option(view, "green"))
    await stage.opened_view(stage.ben, "Only people in this channel")
    assert not leaked(shown_to(stage, stage.ben))
    assert_nothing_was_shown(stage, calls)


async def test_no_forged_value_opens_anything(stage: Stage) -> None:
    """Only the genuine run id opens the answers, whatever a client sends."""
    reply = await replied(stage)
    run_id = run_of(reply)
    for tries, value in forged_values(run_id).items():
        calls = len(stage.slack.calls())
        forge(reply, SHOW_ANSWERS, value)
        result = await stage.slack.click(stage.ana, reply, SHOW_ANSWERS)
        assert result.acknowledged, tries
        view = await settled_view(stage, stage.ana)
        assert not leaked(stage.slack.render(view)), tries
        assert_nothing_was_shown(stage, calls)
    forge(reply, SHOW_ANSWERS, run_id)
    await answer_in_modal(stage, stage.ana, reply)
    assert leaked(shown_to(stage, stage.ana))


async def test_no_forged_metadata_opens_anything(stage: Stage) -> None:
    """The modal's metadata grants nothing either."""
    reply = await replied(stage)
    view = await answer_in_modal(stage, stage.ana, reply)
    genuine, calls = view.content, len(stage.slack.calls())
    values = [v for v in forged_values(run_of(reply)).values() if not v.startswith("[")]
    broken = [*values, "[]", "{}", "[1, 2, 3, 4]", "[null, null, 1e999]", "[" * 500]
    for place in [*broken, *(json.dumps([value, "1-1", 0]) for value in values)]:
        view.content = genuine | {"private_metadata": place}
        result = await stage.slack.click(stage.ana, view, CHOOSE, option(view, "green"))
        assert result.acknowledged, place
    await stage.slack.wait_for(lambda: len(stage.slack.calls("views.update")) >= len(values))
    assert_nothing_was_shown(stage, calls)


async def test_no_button_opens_a_run_of_another_channel(stage: Stage) -> None:
    """A private channel's run id opens nothing for people of this channel."""
    secret = stage.slack.add_channel("secret", members=[stage.ana], private=True)
    ts = await stage.slack.post(stage.ana, secret, f"{stage.mention} What is the risk?")
    hidden = await stage.replied(ts, channel=secret)
    reply = await replied(stage)
    view = await answer_in_modal(stage, stage.ben, reply)
    calls = len(stage.slack.calls())
    forge(reply, SHOW_ANSWERS, run_of(hidden))
    await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
    await stage.opened_view(stage.ben, "Only people in this channel")
    packed = view.private_metadata.replace(run_of(reply), run_of(hidden))
    view.content = {**view.content, "private_metadata": packed}
    await stage.slack.click(stage.ben, view, CHOOSE, option(view, "green"))
    await stage.slack.click(stage.ana, reply, SHOW_ANSWERS)
    await settled_view(stage, stage.ana)
    assert_nothing_was_shown(stage, calls)


async def test_a_replayed_click_grants_no_lost_permission(tmp_path: Path) -> None:
    """An old recorded request is refused; a recent one gets today's permissions."""
    async with on_stage(tmp_path, mode="http") as stage:
        reply = await replied(stage)
        clicked = await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await settled_view(stage, stage.ben)
        assert leaked(shown_to(stage, stage.ben))
        await stage.slack.close(stage.ben, await settled_view(stage, stage.ben))
        await stage.slack.leave(stage.ben, stage.general)
        body = click_of(stage, stage.ben, reply, clicked)
        calls = len(stage.slack.calls())
        assert await sent(stage, body, age=301) == 401
        assert await sent(stage, body, forged=True) == 401
        assert len(stage.slack.calls()) == calls
        for _ in range(3):
            assert await sent(stage, body) == 200
        await stage.slack.wait_for(lambda: len(stage.slack.calls("views.open")) == 4)
        await stage.slack.click(stage.ben, reply, SHOW_ANSWERS)
        await stage.opened_view(stage.ben, "Only people in this channel")
        assert_nothing_was_shown(stage, calls)


def click_of(stage: Stage, person: User, reply: SlackMessage, clicked: ActionResult) -> bytes:
    """Return Slack's request for a click on Show answers, as an eavesdropper might record it."""
    [button] = [e for e in elements(reply) if e.get("action_id") == SHOW_ANSWERS]
    payload = {
        "type": "block_actions",
        "team": {"id": stage.slack.team_id},
        "user": {"id": person.id, "team_id": person.team_id},
        "api_app_id": stage.slack.app.app_id,
        "trigger_id": clicked.trigger_id,
        "response_url": clicked.response_url,
        "container": {"type": "message", "channel_id": stage.general.id, "message_ts": reply.ts},
        "channel": {"id": stage.general.id},
        "actions": [{**button, "block_id": "reply_actions", "action_ts": "1"}],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


async def sent(stage: Stage, body: bytes, *, age: int = 0, forged: bool = False) -> int:
    """Post a request to the bot as Slack would have `age` seconds ago; return the status."""
    stamp = str(int(time.time()) - age)
    secret = "guessed" if forged else stage.slack.signing_secret
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": str(signature),
    }
    url = str(stage.slack.request_url)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return answer.status
