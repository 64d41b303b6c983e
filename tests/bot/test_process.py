"""The bot as a process: started, signalled and killed."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bot.processes import local_services, log_until, rest_of_log, running_bot, started_bot
from tests.models.replies import Reply


async def test_the_bot_connects_answers_and_stops_on_a_signal(tmp_path: Path) -> None:
    """SIGTERM ends an idle bot with exit code 0."""
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        running_bot(tmp_path, services.slack, whole=True) as process,
    ):
        assert "The reply." in await services.complete(await services.ask())
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_a_start_reports_the_configuration(tmp_path: Path) -> None:
    """A plain block: configuration, pipelines, database, workspace, and how to ask. No secrets."""
    async with local_services(tmp_path, Reply("The reply.")) as services:
        for state in ("new", "existing"):
            async with started_bot(
                tmp_path, services.slack, change={"LOG_FORMAT": "console"}
            ) as process:
                log = await log_until(process, "ready")
                process.send_signal(signal.SIGTERM)
                await rest_of_log(process)
            block = log[log.index("moa-bot ") :]
            assert re.search(r"^  configuration  moa\.toml$", block, re.MULTILINE)
            assert re.search(r"^  pipelines      \w+ \(default\): .+ → ", block, re.MULTILINE)
            assert re.search(rf"^  database       .*bot\.db \({state}\)$", block, re.MULTILINE)
            assert f"({services.slack.team_id})" in block
            assert "Socket Mode" in block
            assert re.search(r"^Mention @\w+ in a channel", block, re.MULTILINE)
            assert services.slack.bot_token not in log


async def test_sigterm_lets_a_running_question_finish(tmp_path: Path) -> None:
    """A bot stopped in the middle of a question still answers it."""
    gate = asyncio.Event()
    async with (
        local_services(tmp_path, Reply("The reply.", gate=gate)) as services,
        running_bot(tmp_path, services.slack) as process,
    ):
        ts = await services.ask()
        await services.models.asked(4)
        process.send_signal(signal.SIGTERM)
        await log_until(process, "stopping")
        gate.set()
        assert "The reply." in await services.complete(ts)
        assert re.search(r"\bstopped\b", await rest_of_log(process))
        assert process.returncode == 0


async def test_a_killed_bot_answers_after_its_restart(tmp_path: Path) -> None:
    """After kill -9 in the middle of a question, the next start answers it from the stored answers.

    The proposers' answers were stored, so no call is repeated and paid for twice.
    """
    gate = asyncio.Event()
    async with local_services(tmp_path, Reply("The reply.", gate=gate)) as services:
        async with running_bot(tmp_path, services.slack) as process:
            ts = await services.ask()
            await services.models.asked(4)
            process.kill()
            await process.wait()
        gate.set()
        async with running_bot(tmp_path, services.slack):
            thread = await services.complete(ts)
        assert thread.count("The reply.") == 1
        asked = [request.model for request in services.models.questions]
        assert sorted(asked) == ["blue-1", "green-1", "red-1", "writer-1", "writer-1"]
        open_streams = [m for m in services.slack.messages(services.general, ts) if m.streaming]
        assert open_streams == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "Not set: SLACK_BOT_TOKEN"),
        ({"SLACK_APP_TOKEN": ""}, "Not set: SLACK_APP_TOKEN"),
        (
            {"SLACK_BOT_TOKEN": "xoxb-wrong"},
            "SLACK_BOT_TOKEN: Slack rejected it (invalid_auth)",
        ),
        (
            {"SLACK_APP_TOKEN": "xapp-wrong"},
            "SLACK_APP_TOKEN: Slack rejected it (invalid_auth)",
        ),
        ({"BLUE_KEY": ""}, "models.blue: its key is not set. Set BLUE_KEY"),
        ({"BLUE_KEY": "blue key"}, "models.blue: BLUE_KEY: The key contains an invalid character"),
        ({"OPENAI_API_KEY": " ", "BLUE_KEY": "  "}, "Set BLUE_KEY"),
        ({"DATABASE_URL": "postgresql://u:p@host:abc/db"}, "is not a database address"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "can't be used"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
    ],
)
async def test_missing_settings_are_reported_before_anything_starts(
    tmp_path: Path, change: dict[str, str], says: str
) -> None:
    """One clear message on standard error, exit code 2, no traceback and no secret."""
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        started_bot(tmp_path, services.slack, change=change) as process,
    ):
        log = await rest_of_log(process)
        assert process.returncode == 2
        assert says in log
        assert "Traceback" not in log
        assert services.slack.bot_token not in log


async def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    """With `--http`, the message names host, port and remedy; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with (
            local_services(tmp_path, Reply("The reply.")) as services,
            started_bot(tmp_path, services.slack, "--http", "--port", port) as process,
        ):
            log = await rest_of_log(process)
    assert process.returncode == 2
    assert f"Can't listen on port {port} on 127.0.0.1 (Address already in use)." in log
    assert "--port" in log
    assert "Traceback" not in log


@asynccontextmanager
async def silent() -> AsyncGenerator[tuple[str, asyncio.Event], None]:
    """Yield a server that never responds: its address, and an event for the first connection."""
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/", asked


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_start_that_hangs(tmp_path: Path, name: signal.Signals) -> None:
    """The bot can be stopped while Slack doesn't answer, without a traceback."""
    async with silent() as (url, asked), local_services(tmp_path, Reply("The reply.")) as services:
        change = {"SLACK_API_URL": url}
        async with started_bot(tmp_path, services.slack, change=change) as process:
            async with asyncio.timeout(60):
                await asked.wait()
            process.send_signal(name)
            log = await rest_of_log(process)
    assert process.returncode == 0
    assert "stopped_immediately" in log
    assert "Traceback" not in log


async def test_a_second_signal_stops_a_bot_whose_slack_hangs(tmp_path: Path) -> None:
    """Neither draining nor an unresponsive Slack delays it."""
    gate = asyncio.Event()
    async with (
        local_services(tmp_path, Reply("The reply.", gate=gate)) as services,
        running_bot(tmp_path, services.slack, "--drain", "3600") as process,
    ):
        await services.ask()
        await services.models.asked(4)
        for method in ("agents.sessions.setStatus", "assistant.threads.setStatus"):
            services.slack.delay(method, 3_600)
        services.slack.delay("reactions.remove", 3_600)
        process.send_signal(signal.SIGTERM)
        await log_until(process, "stopping")
        process.send_signal(signal.SIGTERM)
        log = await rest_of_log(process)
        assert process.returncode == 0
        assert "stopped_immediately" in log
        assert "Traceback" not in log


async def test_a_question_whose_key_is_gone_after_a_restart_gets_a_notice(tmp_path: Path) -> None:
    """A leftover question whose pipeline no longer works ends with a notice."""
    gate = asyncio.Event()
    async with local_services(tmp_path, Reply("The reply.", gate=gate)) as services:
        async with running_bot(tmp_path, services.slack) as process:
            ts = await services.ask()
            await services.models.asked(4)
            process.kill()
            await process.wait()
        config = tmp_path / "moa.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace('= "balanced"', '= "single"', 1), encoding="utf-8")
        async with running_bot(tmp_path, services.slack, change={"BLUE_KEY": ""}):
            assert "no longer available" in await services.complete(ts, "no longer available")
