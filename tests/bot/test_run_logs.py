"""Finding a question in the logs: every line has its run id, and a trace id if traced."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bot.processes import ROOT, local_services, log_until, rest_of_log, running_bot
from tests.models.replies import Cut, Reply, Status

TASKS = """
import asyncio, logging, structlog
from bot import logs
logs.configure("INFO", "{form}")
log, library = structlog.get_logger("ours"), logging.getLogger("some.library")

async def pump():
    log.info("of a task")
    library.info("of a library")
    await asyncio.to_thread(library.info, "of a thread")

async def main():
    with structlog.contextvars.bound_contextvars(run_id="run-1"):
        task = asyncio.create_task(pump())
    await task
    log.info("afterwards")

asyncio.run(main())
"""

EXPORTER = """
import json, pathlib
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

out = open(pathlib.Path(__file__).with_name("spans.jsonl"), "w", buffering=1)
exporter = ConsoleSpanExporter(out=out, formatter=lambda span: span.to_json(indent=None) + "\\n")
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
"""
"""Sets up OpenTelemetry before the program starts, like `opentelemetry-instrument`: by a
`sitecustomize` at the head of the path."""


def lines_of(log: str) -> list[dict[str, Any]]:
    """Return the lines of a log, parsed from JSON."""
    return [json.loads(line) for line in log.splitlines()]


def run_program(program: str, folder: Path) -> str:
    """Return the standard error of a Python program."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stderr


def test_tasks_threads_and_libraries_inherit_the_runs_id(tmp_path: Path) -> None:
    """Every log line about a run has its id, and no other line does."""
    lines = lines_of(run_program(TASKS.format(form="json"), tmp_path))
    assert [(line["event"], line.get("run_id")) for line in lines] == [
        ("of a task", "run-1"),
        ("of a library", "run-1"),
        ("of a thread", "run-1"),
        ("afterwards", None),
    ]


def test_the_console_form_names_the_run_too(tmp_path: Path) -> None:
    """Console logs distinguish questions, too."""
    *lines, last = run_program(TASKS.format(form="console"), tmp_path).splitlines()
    assert len(lines) == 3
    assert all("run_id=run-1" in line for line in lines)
    assert "run_id" not in last


async def test_every_line_about_a_question_names_its_run(tmp_path: Path) -> None:
    """With failures in Slack and models, at DEBUG, every line has the run id."""
    models = {"red-1": Reply(fault=Status(500)), "green-1": Reply("Half an answer.", fault=Cut())}
    change = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"}
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        running_bot(tmp_path, services.slack, change=change) as process,
    ):
        services.models.models |= models
        services.slack.fail_next("agents.sessions.setStatus", error="not_allowed", times=9)
        services.slack.fail_next("chat.startStream", error="not_allowed_token_type", times=9)
        services.slack.fail_next("chat.update", error="internal_error", status=500)
        await services.complete(await services.ask())
        log = await log_until(process, '"run_answered"')
        process.send_signal(signal.SIGTERM)
        await rest_of_log(process)
    lines = lines_of(log)
    names = [line["event"] for line in lines]
    ours = lines[names.index("question_stored") :]
    assert {"slack_refused", "status_refused"} <= set(names), "the tasks of the reply have logged"
    assert len({line.get("run_id") for line in ours}) == 1, ours
    assert ours[0]["run_id"]


async def test_a_resumed_question_logs_no_trouble(tmp_path: Path) -> None:
    """A status that the killed process never showed needs no clearing, and no line about it."""
    change, gate = {"LOG_FORMAT": "json"}, asyncio.Event()
    async with local_services(tmp_path, Reply("The reply.", gate=gate)) as services:
        async with running_bot(tmp_path, services.slack) as process:
            ts = await services.ask()
            await services.models.asked(4)  # three proposers and the writer
            process.kill()
        gate.set()
        async with running_bot(tmp_path, services.slack, change=change) as process:
            await services.complete(ts)
            lines = lines_of(await log_until(process, '"run_answered"'))
    assert [line["event"] for line in lines if "run_id" in line] == ["run_answered"]


async def test_a_process_with_opentelemetry_set_up_traces_its_work(tmp_path: Path) -> None:
    """The bot needs no setting; its log lines have trace and run ids."""
    (tmp_path / "sitecustomize.py").write_text(EXPORTER, encoding="utf-8")
    change = {"LOG_FORMAT": "json", "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    async with (
        local_services(tmp_path, Reply("The reply.")) as services,
        running_bot(tmp_path, services.slack, change=change, whole=True) as process,
    ):
        await services.complete(await services.ask())
        (answered,) = [
            line
            for line in lines_of(await log_until(process, '"run_answered"'))
            if line["event"] == "run_answered"
        ]
        process.send_signal(signal.SIGTERM)
        await rest_of_log(process)
    spans = lines_of((tmp_path / "spans.jsonl").read_text(encoding="utf-8"))
    roots = [span for span in spans if span["parent_id"] is None]
    assert [span["name"] for span in roots] == ["invoke_workflow balanced"]
    assert len([span for span in spans if span["name"].startswith("chat ")]) == 4
    assert roots[0]["attributes"]["moa_bot.run.id"] == answered["run_id"]
    assert roots[0]["context"]["trace_id"] == f"0x{answered['trace_id']}"
