"""HTTP mode: only requests signed by Slack are processed, and all others do no harm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.stage import Stage, on_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage, None]:
    async with on_stage(tmp_path, mode="http") as stage:
        yield stage


async def send(stage: Stage, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Post to the bot's events address; return status and body of the response."""
    url = str(stage.slack.request_url)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


def signed(stage: Stage, body: bytes, *, age: int = 0) -> dict[str, str]:
    """Return Slack's headers for a body, sent `age` seconds ago."""
    stamp = str(int(time.time()) - age)
    verifier = SignatureVerifier(stage.slack.signing_secret)
    signature = verifier.generate_signature(timestamp=stamp, body=body)
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": str(signature),
    }


async def test_a_bad_signature_is_refused(stage: Stage) -> None:
    """A forged request gets 401, and nothing starts."""
    body = b'{"type":"event_callback"}'
    headers = signed(stage, body) | {"x-slack-signature": "v0=" + "0" * 64}
    assert (await send(stage, body, headers))[0] == 401
    assert stage.models.questions == []


async def test_an_old_timestamp_is_refused(stage: Stage) -> None:
    """A recorded request that is replayed after five minutes is rejected."""
    body = b'{"type":"event_callback"}'
    assert (await send(stage, body, signed(stage, body, age=301)))[0] == 401


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-1"])
async def test_an_odd_timestamp_is_refused(stage: Stage, stamp: str) -> None:
    """A timestamp that isn't a number of seconds is rejected, without an internal error."""
    headers = signed(stage, b"{}") | {"x-slack-request-timestamp": stamp}
    assert (await send(stage, b"{}", headers))[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"not json",
        b'{"type":"event_callback"}',
        b'{"type":"event_callback","event":[]}',
        b'{"type":"event_callback","event":{"type":"app_mention"}}',
        b'{"type":"event_callback","team_id":"T1","event":{"type":"app_mention","user":7}}',
        b'{"type":"event_callback","event_id":5,"event":{"type":"message","channel_type":"im"}}',
        b'{"type":"no_such_type"}',
        b"payload=%7B%22type%22%3A%22block_actions%22%7D",
    ],
)
async def test_a_malformed_request_harms_nothing(stage: Stage, body: bytes) -> None:
    """A signed request that makes no sense gets a response, and the next question works."""
    status, text = await send(stage, body, signed(stage, body))
    assert status < 600
    assert "Traceback" not in text
    ts = await stage.ask("What is the risk?")
    assert "The answer of writer-1." in stage.slack.render(await stage.replied(ts))


async def test_invalid_text_is_refused(stage: Stage) -> None:
    """Invalid bytes get 400."""
    body = b"\xff\xfe\x00\x01"
    assert (await send(stage, body, signed(stage, b"")))[0] == 400


async def test_a_huge_request_is_refused(stage: Stage) -> None:
    """A body larger than Slack ever sends gets 413."""
    body = b"x" * 1_000_001
    assert (await send(stage, body, signed(stage, body)))[0] == 413


async def test_a_huge_request_of_unknown_length_is_refused_before_its_end(stage: Stage) -> None:
    """A chunked body is rejected as soon as it is too large, without waiting for its end."""
    answered = asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        for _ in range(17):
            yield b"x" * 65_536
        await answered.wait()

    url = str(stage.slack.request_url)
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        async with session.post(url, data=chunks(), headers=signed(stage, b"")) as answer:
            assert answer.status == 413
        answered.set()


async def test_a_chunked_request_is_read_completely(stage: Stage) -> None:
    """A signed body in chunks reaches the bot unchanged."""
    body = b'{"type":"url_verification","challenge":"abc","token":"x"}'

    async def chunks() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), 10):
            yield body[start : start + 10]

    url = str(stage.slack.request_url)
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=chunks(), headers=signed(stage, body)) as answer,
    ):
        assert (answer.status, await answer.text()) == (200, '{"challenge": "abc"}')


async def test_health_and_readiness_are_reported(stage: Stage) -> None:
    """`/healthz` and `/readyz` return 200 while everything works."""
    base = str(stage.slack.request_url).removesuffix("/slack/events")
    async with aiohttp.ClientSession() as session:
        for path in ("/healthz", "/readyz"):
            async with session.get(base + path) as answer:
                assert answer.status == 200


async def test_slack_can_verify_the_address(stage: Stage) -> None:
    """The bot returns the challenge that Slack sends when the address is entered."""
    body = b'{"type":"url_verification","challenge":"abc","token":"x"}'
    assert await send(stage, body, signed(stage, body)) == (200, '{"challenge": "abc"}')
