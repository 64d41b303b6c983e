"""Rate limits: a burst passes, a sustained excess gets 429 with Retry-After."""

from __future__ import annotations

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import Scene, error_response


async def test_posts_are_limited_by_channel(frozen: Scene) -> None:
    """After a burst of twenty, one per second and channel."""
    post = frozen.web.chat_postMessage
    for _ in range(20):
        await post(channel=frozen.general.id, text="x")
    rejected = await error_response(post(channel=frozen.general.id, text="x"))
    assert (rejected.status_code, rejected["error"]) == (429, "ratelimited")
    assert rejected.headers["Retry-After"] == "1"
    other = frozen.slack.add_channel("other")
    await post(channel=other.id, text="x")
    frozen.slack.clock.advance(1)
    await post(channel=frozen.general.id, text="x")


async def test_methods_have_tiers(frozen: Scene) -> None:
    """A tier 2 method allows twenty calls a minute and then sets Retry-After."""
    start = frozen.web.chat_startStream
    direct = frozen.slack.dm(frozen.ana)
    ts = await frozen.slack.post(frozen.ana, direct, "hi")
    for _ in range(20):
        await start(channel=direct.id, thread_ts=ts)
    rejected = await error_response(start(channel=direct.id, thread_ts=ts))
    assert rejected.headers["Retry-After"] == "3"


async def test_rates_can_be_set_and_turned_off(frozen: Scene) -> None:
    """Tests can change one method's rate or turn off all limits."""
    frozen.slack.rate_limits.set_rate("auth.test", per_minute=2)
    await frozen.web.auth_test()
    await frozen.web.auth_test()
    assert (await error_response(frozen.web.auth_test())).headers["Retry-After"] == "30"
    frozen.slack.rate_limits.enabled = False
    await frozen.web.auth_test()


async def test_sdk_retry_handler_understands_the_response(scene: Scene) -> None:
    """A client that waits for Retry-After succeeds."""
    scene.slack.rate_limits.set_rate("auth.test", per_minute=60, burst=1)
    patient = AsyncWebClient(scene.slack.bot_token, base_url=scene.slack.api_url)
    patient.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await patient.auth_test()
    await patient.auth_test()
    assert [call.status for call in scene.slack.calls("auth.test")] == [200, 429, 200]
