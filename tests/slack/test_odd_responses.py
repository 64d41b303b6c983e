"""Slack, or a proxy in front of it, responds with something that nobody expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError

from bot.playground.server import LocalSlack
from bot.slack.api.client import code_of, web_client
from tests.slack.user_actions import wait_until_idle
from tests.stage import on_stage

UNREADABLE = {
    "nothing": b"",
    "half": b'{"ok": tr',
    "null": b"null",
    "text": b'"ok"',
    "list": b"[1]",
    "number": b"7",
    "not UTF-8": b'{"ok": true, "ts": "\xff"}',
    "deep": b"[" * 5_000 + b"]" * 5_000,
    "no error": b'{"ok": false}',
    "no ts": b'{"ok": true}',
    "odd ts": b'{"ok": true, "ts": null, "message": null}',
}
IN_A_REPLY = ("text", "not UTF-8", "deep", "no ts")
"""One of each kind, for a test with the whole bot."""


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_an_unreadable_response_is_an_error_of_slack(kind: str) -> None:
    """Whatever the response is, the call fails like any other, and may have taken effect."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url)
        slack.fail_next("chat.postMessage", body=UNREADABLE[kind])
        with pytest.raises(SlackApiError) as raised:
            await client.chat_postMessage(channel="C1", text="Hello.")
    assert code_of(raised.value) == "not_slack"


async def test_an_odd_code_is_a_refusal() -> None:
    """A code that is no text is a code like any other that we don't know."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url, lambda _method, _outcome: None)
        for code in (b'["a"]', b"5", b'{"a": 1}', b'"never_seen"'):
            slack.fail_next("chat.postMessage", body=b'{"ok": false, "error": %s}' % code)
            with pytest.raises(SlackApiError):
                await client.chat_postMessage(channel="C1", text="Hello.")


async def test_no_response_loses_a_reply(tmp_path: Path) -> None:
    """A reply whose stream gets unreadable responses is delivered once, with its buttons."""
    async with on_stage(tmp_path, default="single") as stage:
        for kind in IN_A_REPLY:
            for method in ("chat.startStream", "chat.stopStream"):
                if method == "chat.stopStream" and kind == "no ts":
                    continue  # its response needs none
                stage.slack.fail_next(method, body=UNREADABLE[kind])
                ts = await stage.ask("What is the risk?")
                await stage.replied(ts)
                await wait_until_idle(stage)
                [reply] = stage.replies(ts)
                shown = stage.slack.render(reply)
                assert shown.count("The answer of writer-1.") == 1, (kind, method)
                assert "[Show answers]" in shown


async def test_odd_waits_are_waited_out() -> None:
    """A rate limit may say how long in any form; a wait of a day is an error at once."""
    async with LocalSlack() as slack:
        client = web_client(slack.bot_token, slack.api_url)
        for wait in (0, "0.2", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "nan", "soon", ""):
            slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=wait)
            assert (await client.auth_test())["ok"]
        for wait in (86_400, "1e300", "Fri, 01 Jan 9999 00:00:00 GMT"):
            slack.fail_next("auth.test", error="ratelimited", status=429, retry_after=wait)
            with pytest.raises(SlackApiError) as raised:
                await client.auth_test()
            assert code_of(raised.value) == "ratelimited"
