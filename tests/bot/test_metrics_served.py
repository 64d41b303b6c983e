"""Where operators find the metrics, and what they show during failures."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import aiohttp

from tests.bot.processes import local_services, log_until, rest_of_log, started_bot
from tests.bot.prometheus import metrics_url, operators_port, scrape
from tests.models.replies import Reply
from tests.stage import on_stage


async def test_a_database_outage_is_a_metric_and_not_an_error(tmp_path: Path) -> None:
    """The scrape works during an outage; unknown numbers are left out, never 0."""
    async with on_stage(tmp_path, mode="http") as stage:
        url = metrics_url(stage.slack)
        async with stage.bot.database.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE runs RENAME TO gone")
        found = await scrape(url)
        async with stage.bot.database.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE gone RENAME TO runs")
    assert found.value("database_up") == 0
    assert found.value("queue_questions", state="waiting") is None
    assert found.value("questions_in_work") == 0


async def test_an_admin_port_serves_operators_only(tmp_path: Path) -> None:
    """Metrics, health and readiness; Slack's requests aren't served there."""
    async with (
        on_stage(tmp_path) as stage,
        operators_port(stage.bot.health) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        assert (await scrape(f"http://127.0.0.1:{port}/metrics")).value("database_up") == 1
        async with session.get("/healthz") as health, session.get("/readyz") as ready:
            assert (health.status, await ready.json()) == (200, {"ready": True})
        async with session.post("/slack/events") as refused:
            assert refused.status == 404


async def test_metrics_can_be_kept_off_the_public_port(tmp_path: Path) -> None:
    """`--metrics-port` moves them off the public port, so nothing needs filtering."""
    options = ("--http", "--port", "0", "--metrics-port", "0")
    change = {"LOG_FORMAT": "json"}
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        started_bot(tmp_path, services.slack, *options, change=change) as process,
        aiohttp.ClientSession() as session,
    ):
        lines = [json.loads(line) for line in (await log_until(process, "ready")).splitlines()]
        address = {line["event"]: line["address"] for line in lines if "address" in line}
        async with session.get(f"{address['listening']}/metrics") as refused:
            assert refused.status == 404
        assert (await scrape(address["metrics_served"])).value("database_up") == 1


async def test_a_metrics_port_in_use_is_reported(tmp_path: Path) -> None:
    """The message names the option to change; exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with (
            local_services(tmp_path, Reply("The reply.")) as services,
            started_bot(tmp_path, services.slack, "--metrics-port", port) as process,
        ):
            log = await rest_of_log(process)
    assert process.returncode == 2
    assert f"Can't listen on port {port} on 127.0.0.1" in log
    assert "--metrics-port" in log
