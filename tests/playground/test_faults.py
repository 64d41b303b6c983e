"""Scripted faults: what a test can break, and what is left afterwards."""

from __future__ import annotations

import asyncio

import pytest

from tests.playground.apps import turns
from tests.playground.conftest import Scene, code, refusal


async def test_a_call_can_fail_before_its_effect(scene: Scene) -> None:
    """The error is answered, nothing happens, and the next call is well."""
    scene.slack.fail_next("chat.postMessage", status=500)
    post = scene.web.chat_postMessage
    refused = await refusal(post(channel=scene.general.id, text="x"))
    assert (refused.status_code, refused["error"]) == (500, "internal_error")
    assert scene.slack.messages(scene.general) == []
    await post(channel=scene.general.id, text="x")


async def test_a_call_can_fail_after_its_effect(scene: Scene) -> None:
    """The message is there although the app was told that it failed."""
    scene.slack.fail_next("chat.postMessage", error="fatal_error", after_effect=True)
    post = scene.web.chat_postMessage
    assert await code(post(channel=scene.general.id, text="x")) == "fatal_error"
    assert len(scene.slack.messages(scene.general)) == 1


async def test_a_lost_answer_makes_the_sdk_post_twice(scene: Scene) -> None:
    """The SDK repeats a call whose connection broke: the trap that metadata is there for."""
    scene.slack.fail_next("chat.postMessage", after_effect=True, drop_response=True)
    await scene.web.chat_postMessage(channel=scene.general.id, text="x")
    assert len(scene.slack.messages(scene.general)) == 2


async def test_a_fault_can_choose_its_calls(scene: Scene) -> None:
    """Only the calls that match are struck, and only so many."""
    scene.slack.fail_next("users.info", times=2, when=lambda args: args["user"] == scene.ana.id)
    info = scene.web.users_info
    await info(user=scene.slack.bot_user_id)
    assert await code(info(user=scene.ana.id)) == "internal_error"
    assert await code(info(user=scene.ana.id)) == "internal_error"
    await info(user=scene.ana.id)


async def test_a_scripted_rate_limit_names_its_wait(scene: Scene) -> None:
    """A 429 can be scripted with the seconds to wait."""
    scene.slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=7)
    assert (await refusal(scene.web.auth_test())).headers["Retry-After"] == "7"


async def test_an_answer_can_be_late(still: Scene) -> None:
    """The effect is there at once, the answer only when the clock has moved."""
    still.slack.delay("chat.postMessage", 30)
    post = still.web.chat_postMessage(channel=still.general.id, text="x")
    posting = asyncio.create_task(post)
    await still.slack.wait_for(lambda: still.slack.messages(still.general))
    await turns()
    assert not posting.done()
    still.slack.clock.advance(30)
    assert (await posting)["ok"]
    still.slack.delay("chat.postMessage", 0)
    await still.web.chat_postMessage(channel=still.general.id, text="y")


async def test_a_wait_that_fails_tells_what_the_app_did(scene: Scene) -> None:
    """The message of a missed deadline names the app's last calls."""
    await refusal(scene.web.users_info(user="U99"))
    with pytest.raises(TimeoutError, match=r"users\.info=user_not_found"):
        await scene.slack.wait_for(lambda: False, timeout=0.01)
