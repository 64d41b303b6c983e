"""Rate limits: a burst passes, a lasting excess is answered 429 with Retry-After."""

from __future__ import annotations

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import Scene, refusal


async def test_posts_are_limited_by_channel(still: Scene) -> None:
    """One a second a channel after a burst of twenty; another channel is not touched."""
    post = still.web.chat_postMessage
    for _ in range(20):
        await post(channel=still.general.id, text="x")
    refused = await refusal(post(channel=still.general.id, text="x"))
    assert (refused.status_code, refused["error"]) == (429, "ratelimited")
    assert refused.headers["Retry-After"] == "1"
    other = still.slack.add_channel("other")
    await post(channel=other.id, text="x")
    still.slack.clock.advance(1)
    await post(channel=still.general.id, text="x")


async def test_methods_have_their_tiers(still: Scene) -> None:
    """A tier 2 method takes twenty a minute, and says how long to wait for one more."""
    start = still.web.chat_startStream
    direct = still.slack.dm(still.ana)
    ts = await still.slack.post(still.ana, direct, "hi")
    for _ in range(20):
        await start(channel=direct.id, thread_ts=ts)
    refused = await refusal(start(channel=direct.id, thread_ts=ts))
    assert refused.headers["Retry-After"] == "3"


async def test_a_method_can_be_tightened_and_all_can_be_switched_off(still: Scene) -> None:
    """Tests choose what to suffer from."""
    still.slack.rate_limits.set_rate("auth.test", per_minute=2)
    await still.web.auth_test()
    await still.web.auth_test()
    assert (await refusal(still.web.auth_test())).headers["Retry-After"] == "30"
    still.slack.rate_limits.enabled = False
    await still.web.auth_test()


async def test_the_sdks_retry_handler_understands_the_refusal(scene: Scene) -> None:
    """A client that waits as it was told succeeds on its own."""
    scene.slack.rate_limits.set_rate("auth.test", per_minute=60, burst=1)
    patient = AsyncWebClient(scene.slack.bot_token, base_url=scene.slack.api_url)
    patient.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await patient.auth_test()
    await patient.auth_test()
    assert [call.status for call in scene.slack.calls("auth.test")] == [200, 429, 200]
