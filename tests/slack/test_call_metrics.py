"""The metrics of calls to Slack."""

from __future__ import annotations

import pytest
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from bot.playground.server import LocalSlack
from bot.slack.api.client import SLACK_ERRORS, RequestCounter, outcome_of, web_client


class Counted:
    """Records the observed calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def __call__(self, method: str, outcome: str) -> None:
        self.calls.append((method, outcome))


@pytest.fixture
def counted() -> Counted:
    return Counted()


async def test_a_retried_rate_limit_is_counted(counted: Counted) -> None:
    """The rejected try counts as well as the successful one."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url, counted)
        slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=0)
        await client.auth_test()
    assert counted.calls == [("auth.test", "rate_limited"), ("auth.test", "ok")]


@pytest.mark.parametrize(
    ("error", "status", "plain", "outcome"),
    [
        ("is_archived", 200, False, "gone"),
        ("missing_scope", 200, False, "not_allowed"),
        ("message_not_in_streaming_state", 200, False, "stream_over"),
        ("a_code_that_is_new", 200, False, "refused"),
        ("internal_error", 500, False, "slack_fault"),
        ("Bad gateway", 502, True, "slack_fault"),
        ("Not allowed", 403, True, "not_slack"),
    ],
)
async def test_errors_are_counted_by_their_class(
    counted: Counted, *, error: str, status: int, plain: bool, outcome: str
) -> None:
    """Labels stay few, whatever codes Slack invents; a proxy's text is not a Slack code."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url, counted)
        slack.fail_next("chat.postMessage", error=error, status=status, plain=plain)
        with pytest.raises(SLACK_ERRORS):
            await client.chat_postMessage(channel="C1", text="Hello.")
    assert counted.calls == [("chat.postMessage", outcome)]


async def test_a_lost_response_is_counted_separately(counted: Counted) -> None:
    """A call without a response may have taken effect."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url, counted)
        slack.fail_next("chat.startStream", drop_response=True)
        with pytest.raises(SLACK_ERRORS):
            await client.chat_startStream(channel="C1", thread_ts="1.000100")
    assert counted.calls == [("chat.startStream", "no_answer")]


async def test_an_upload_adds_no_label(counted: Counted) -> None:
    """Addresses outside the Web API contain ids: they are not counted."""
    handler = RequestCounter(counted, "https://slack.com/api/")
    request = HttpRequest(method="POST", url="https://files.slack.com/upload/v1/ABC", headers={})
    answer = HttpResponse(status_code=200, headers={}, data=b"OK")
    asked = await handler.can_retry_async(state=RetryState(), request=request, response=answer)
    assert not asked
    assert counted.calls == []


def test_a_429_is_a_rate_limit_whatever_its_body() -> None:
    """A 429 may come from a server in front of Slack, without Slack's error code."""
    assert outcome_of(HttpResponse(status_code=429, headers={})) == "rate_limited"
