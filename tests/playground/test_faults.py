"""Scripted faults: what tests can break, and the state afterwards."""

from __future__ import annotations

import asyncio

import pytest

from tests.playground.apps import run_pending_tasks
from tests.playground.conftest import Scene, error_code, error_response


async def test_a_call_can_fail_before_its_effect(scene: Scene) -> None:
    """The call fails without an effect and the next call succeeds."""
    scene.slack.fail_next("chat.postMessage", status=500)
    post = scene.web.chat_postMessage
    rejected = await error_response(post(channel=scene.general.id, text="x"))
    assert (rejected.status_code, rejected["error"]) == (500, "internal_error")
    assert scene.slack.messages(scene.general) == []
    await post(channel=scene.general.id, text="x")


async def test_a_call_can_fail_after_its_effect(scene: Scene) -> None:
    """The message is posted although the response is an error."""
    scene.slack.fail_next("chat.postMessage", error="fatal_error", after_effect=True)
    post = scene.web.chat_postMessage
    assert await error_code(post(channel=scene.general.id, text="x")) == "fatal_error"
    assert len(scene.slack.messages(scene.general)) == 1


async def test_dropped_response_makes_the_sdk_post_twice(scene: Scene) -> None:
    """The SDK retries a call whose connection broke; the bot's metadata tag guards against that."""
    scene.slack.fail_next("chat.postMessage", after_effect=True, drop_response=True)
    await scene.web.chat_postMessage(channel=scene.general.id, text="x")
    assert len(scene.slack.messages(scene.general)) == 2


async def test_fault_applies_to_matching_calls(scene: Scene) -> None:
    """Only matching calls fail, up to the given number."""
    scene.slack.fail_next("users.info", times=2, when=lambda args: args["user"] == scene.ana.id)
    info = scene.web.users_info
    await info(user=scene.slack.bot_user_id)
    assert await error_code(info(user=scene.ana.id)) == "internal_error"
    assert await error_code(info(user=scene.ana.id)) == "internal_error"
    await info(user=scene.ana.id)


async def test_scripted_rate_limit_sets_retry_after(scene: Scene) -> None:
    """A scripted 429 has a Retry-After header."""
    scene.slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=7)
    assert (await error_response(scene.web.auth_test())).headers["Retry-After"] == "7"


async def test_response_can_be_delayed(frozen: Scene) -> None:
    """The effect is immediate; the response waits for the clock."""
    frozen.slack.delay("chat.postMessage", 30)
    post = frozen.web.chat_postMessage(channel=frozen.general.id, text="x")
    pending_call = asyncio.create_task(post)
    await frozen.slack.wait_for(lambda: frozen.slack.messages(frozen.general))
    await run_pending_tasks()
    assert not pending_call.done()
    frozen.slack.clock.advance(30)
    assert (await pending_call)["ok"]
    frozen.slack.delay("chat.postMessage", 0)
    await frozen.web.chat_postMessage(channel=frozen.general.id, text="y")


async def test_failed_wait_lists_the_last_calls(scene: Scene) -> None:
    """The TimeoutError lists the app's last calls."""
    await error_response(scene.web.users_info(user="U99"))
    with pytest.raises(TimeoutError, match=r"users\.info=user_not_found"):
        await scene.slack.wait_for(lambda: False, timeout=0.01)
