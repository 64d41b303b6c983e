"""A start while Slack can't be reached, and one with a token that Slack refuses."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigurationError
from bot.playground.server import LocalSlack
from bot.slack.api import first_contact
from bot.slack.api.client import web_client
from bot.slack.api.first_contact import APP_TOKEN, BOT_TOKEN, wait_for_slack
from tests.bot.processes import local_services, rest_of_log, started_bot
from tests.bot.prometheus import scrape
from tests.forks import Forked
from tests.models.replies import Reply

REPLY = Reply("The reply.")
JSON_LOG = {"LOG_FORMAT": "json"}


class UnreachableSlack:
    """An address of Slack that refuses connections until `answer`."""

    def __init__(self) -> None:
        self._port = socket.socket()
        self._port.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}/api/"

    @asynccontextmanager
    async def answer(self, slack: LocalSlack) -> AsyncGenerator[None, None]:
        """Pass every connection on to the local Slack."""
        target, ends = urlsplit(slack.api_url), list[StreamWriter]()

        async def accept(reader: StreamReader, writer: StreamWriter) -> None:
            source, back = await asyncio.open_connection(target.hostname, target.port)
            ends.extend((writer, back))
            await asyncio.gather(copy(reader, back), copy(source, writer))

        async with await asyncio.start_server(accept, sock=self._port):
            yield
            for end in ends:
                end.close()
                with suppress(ConnectionError):
                    await end.wait_closed()

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


async def copy(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@pytest.fixture
def unreachable() -> Generator[UnreachableSlack, None, None]:
    with closing(UnreachableSlack()) as slack:
        yield slack


class Start:
    """A bot process that starts, and its log so far."""

    def __init__(self, process: asyncio.subprocess.Process | Forked) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def read_until(self, event: str) -> dict[str, Any]:
        """Read the log up to an event."""
        assert self.process.stderr is not None
        async with asyncio.timeout(60):
            while line := await self.process.stderr.readline():
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"the process ended without {event!r}: {self.lines}")

    def first(self, event: str) -> dict[str, Any]:
        """Return the first line with an event."""
        return next(line for line in self.lines if line["event"] == event)

    def count(self, event: str) -> int:
        """Return how often the log has an event so far."""
        return sum(line["event"] == event for line in self.lines)


async def status(url: str) -> int:
    """Return the HTTP status of a request."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


async def becomes_ready(base: str) -> None:
    async with asyncio.timeout(60):
        while await status(f"{base}/readyz") != 200:  # noqa: ASYNC110 - it polls another process
            await asyncio.sleep(0.05)


async def test_socket_mode_waits_for_slack(tmp_path: Path, unreachable: UnreachableSlack) -> None:
    """It is alive and not ready, logs one warning with the address, and then answers questions."""
    change = {"SLACK_API_URL": unreachable.url} | JSON_LOG
    async with (
        local_services(tmp_path, REPLY) as services,
        started_bot(tmp_path, services.slack, "--metrics-port", "0", change=change) as process,
    ):
        start = Start(process)
        warning = await start.read_until("slack_unreachable")
        assert warning["level"] == "warning"
        assert f"{unreachable.url} did not respond" in warning["problem"]
        base = start.first("metrics_served")["address"].removesuffix("/metrics")
        assert await status(f"{base}/healthz") == 200
        assert await status(f"{base}/readyz") == 503
        metrics = await scrape(f"{base}/metrics")
        assert metrics.value("slack_connected") == 0
        assert metrics.value("slack_calls_total", method="auth.test", outcome="no_answer")
        async with unreachable.answer(services.slack):
            await start.read_until("ready")
            await becomes_ready(base)
            assert "The reply." in await services.complete(await services.ask())
        assert start.count("slack_unreachable") == 1


async def test_http_mode_waits_for_slack(tmp_path: Path, unreachable: UnreachableSlack) -> None:
    """Its own port says that it is not ready, and refuses events, which Slack sends again."""
    change = {"SLACK_API_URL": unreachable.url} | JSON_LOG
    async with (
        local_services(tmp_path, REPLY) as services,
        started_bot(tmp_path, services.slack, "--http", "--port", "0", change=change) as process,
    ):
        start = Start(process)
        await start.read_until("slack_unreachable")
        base = start.first("listening")["address"]
        assert await status(f"{base}/readyz") == 503
        assert await status(f"{base}/metrics") == 200
        services.slack.request_url = f"{base}/slack/events"
        asked = await services.ask()
        [delivery] = services.slack.deliveries
        await services.slack.wait_for(lambda: delivery.acks)
        assert not any(ack.ok for ack in delivery.acks)
        async with unreachable.answer(services.slack):
            await start.read_until("ready")
            assert await status(f"{base}/readyz") == 200
            await services.slack.redeliver(delivery.event_id)
            assert "The reply." in await services.complete(asked)


TOKENS = {"auth.test": BOT_TOKEN, "apps.connections.open": APP_TOKEN}


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[LocalSlack, None]:
    monkeypatch.setattr(first_contact, "FIRST_DELAY_S", 0.01)
    async with LocalSlack() as slack:
        yield slack


async def contact(slack: LocalSlack, method: str) -> None:
    """Make the first call with one of the tokens, until Slack answers."""
    token = slack.app_token if method == "apps.connections.open" else slack.bot_token
    client = web_client(token, slack.api_url)
    await wait_for_slack(lambda: client.api_call(method), slack.api_url, TOKENS[method])


@pytest.mark.parametrize("method", TOKENS)
@pytest.mark.parametrize(
    "fault",
    [
        {"error": "internal_error"},
        {"error": "service_unavailable", "status": 503},
        {"error": "team_added_to_org"},
        {"error": "ratelimited", "status": 429, "retry_after": 0},
        {"status": 502, "plain": True},
        {"drop_response": True},
    ],
)
async def test_an_outage_only_delays_the_start(
    slack: LocalSlack, method: str, fault: dict[str, Any]
) -> None:
    """Whichever call fails, and however, it is repeated; the log has one warning."""
    slack.fail_next(method, **fault, times=4)
    with capture_logs() as lines:
        await contact(slack, method)
    [line] = lines
    assert (line["event"], line["log_level"]) == ("slack_unreachable", "warning")
    assert "Slack rejected" not in line["problem"]


@pytest.mark.parametrize("method", TOKENS)
@pytest.mark.parametrize(
    "code",
    [
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
    ],
)
async def test_a_refused_token_ends_the_start(slack: LocalSlack, method: str, code: str) -> None:
    """At once, or after an outage; the message names the variable, the code and the remedy."""
    slack.fail_next(method, error="service_unavailable", times=2)
    slack.fail_next(method, error=code)
    token = TOKENS[method]
    message = f"{token.variable}: Slack rejected it ({code}).\nSet it to {token.hint}."
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        await contact(slack, method)


async def test_a_token_refused_after_an_outage_ends_the_process(tmp_path: Path) -> None:
    """Exit code 2 and one message, without a traceback."""
    async with local_services(tmp_path, REPLY) as services:
        services.slack.fail_next("auth.test", error="service_unavailable")
        services.slack.fail_next("auth.test", error="token_revoked")
        async with started_bot(tmp_path, services.slack) as process:
            log = await rest_of_log(process)
    assert process.returncode == 2
    assert "SLACK_BOT_TOKEN: Slack rejected it (token_revoked)" in log
    assert "Traceback" not in log
