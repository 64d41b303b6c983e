"""What of the calls to Slack is counted."""

from __future__ import annotations

from collections import Counter

import pytest
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from bot.playground.server import LocalSlack
from bot.slack.client import SLACK_TROUBLE, web_client
from bot.slack.counting import Counting


async def test_every_try_of_a_call_to_slack_is_counted_by_what_came_of_it() -> None:
    """A 429 that was waited out, a class of errors, a proxy's page, a lost answer, success."""
    counted: Counter[tuple[str, str]] = Counter()
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url, lambda *call: counted.update([call]))
        slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=0)
        await client.auth_test()
        for fault in (
            {"error": "is_archived"},
            {"error": "a_code_that_is_new"},
            {"error": "internal_error", "status": 500},
            {"error": "not allowed", "status": 403, "plain": True},
        ):
            slack.fail_next("chat.postMessage", **fault)
            with pytest.raises(SLACK_TROUBLE):
                await client.chat_postMessage(channel="C1", text="Hello.")
        slack.fail_next("chat.startStream", lose_answer=True)
        with pytest.raises(SLACK_TROUBLE):
            await client.chat_startStream(channel="C1", thread_ts="1.000100")
    assert counted == {
        ("auth.test", "rate_limited"): 1,
        ("auth.test", "ok"): 1,
        ("chat.postMessage", "gone"): 1,
        ("chat.postMessage", "refused"): 1,
        ("chat.postMessage", "slack_fault"): 1,
        ("chat.postMessage", "not_slack"): 1,
        ("chat.startStream", "no_answer"): 1,
    }


async def test_a_file_that_is_uploaded_makes_no_label() -> None:
    """Addresses outside the Web API hold an id each: they are not counted."""
    counted: Counter[tuple[str, str]] = Counter()
    handler = Counting(lambda *call: counted.update([call]), "https://slack.com/api/")
    request = HttpRequest(method="POST", url="https://files.slack.com/upload/v1/ABC", headers={})
    answer = HttpResponse(status_code=200, headers={}, data=b"OK")
    again = await handler.can_retry_async(state=RetryState(), request=request, response=answer)
    assert not again
    assert not counted
