"""Metrics of a running bot: correct numbers, and no texts."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.bot.prometheus import Scraped, metrics_url, scrape
from tests.models.replies import Reply, Status
from tests.stage import everywhere, on_stage


async def test_an_answered_question_is_counted_from_start_to_end(tmp_path: Path) -> None:
    """From receiving a question to the reply: questions, calls, tokens, cost, Slack, queue."""
    async with on_stage(tmp_path, mode="http") as stage:
        await stage.replied(await stage.ask("What is a tangerine?"))
        await stage.bot.jobs.drain(20)
        await stage.slack.wait_for_deliveries()
        acknowledged = sum(len(delivery.acks) for delivery in stage.slack.deliveries)
        found = await scrape(metrics_url(stage.slack))
    complete = {"pipeline": "balanced", "outcome": "complete"}
    assert found.value("questions_ended_total", **complete) == 1
    assert found.value("questions_claimed_total", surface="mention", claim="new") == 1
    assert found.value("questions_begun_total", attempt="first") == 1
    assert found.value("questions_in_work") == 0
    assert found.value("question_wait_seconds_count") == 1
    assert found.value("question_first_text_seconds_count", pipeline="balanced") == 1
    assert found.value("question_seconds_count", pipeline="balanced") == 1
    for model, role in [("red", "proposer"), ("blue", "proposer"), ("writer", "aggregator")]:
        assert found.value("model_calls_total", model=model, role=role, state="used") == 1
        assert found.value("model_first_token_seconds_count", model=model) == 1
        assert found.value("model_call_seconds_count", model=model) == 1
        assert found.value("model_calls_without_cost_total", model=model) == 0
    tokens = {
        kind: found.value("model_tokens_total", model="writer", kind=kind) or 0.0
        for kind in ("input", "output")
    }
    assert min(tokens.values()) > 0
    assert found.value("model_cost_usd_total", model="writer") == pytest.approx(
        (tokens["input"] * 1.0 + tokens["output"] * 2.0) / 1_000_000
    )
    assert found.value("slack_calls_total", method="chat.startStream", outcome="ok") == 1
    assert found.value("slack_ack_seconds_count", mode="http", outcome="ok") == acknowledged
    assert found.value("queue_questions", state="waiting") == 0
    assert found.value("queue_questions", state="running") == 0
    assert found.value("database_up") == 1


async def test_the_metrics_contain_no_ids_and_no_text(tmp_path: Path) -> None:
    """They contain no ids and no text that anybody wrote."""
    async with on_stage(tmp_path, mode="http") as stage:
        ts = await stage.ask("What is a tangerine?")
        await stage.replied(ts)
        await stage.bot.jobs.drain(20)
        found = await scrape(metrics_url(stage.slack))
    for secret in (
        stage.ana.id,
        stage.general.id,
        stage.slack.team_id,
        ts,
        "tangerine",
        "answer of",
    ):
        assert secret not in found.text
    assert not [label for label in found.labels() if re.search(r"\d{5}|\s", label)]


async def test_metrics_shared_by_all_processes_say_so(tmp_path: Path) -> None:
    """The help of gauges shared by all processes says not to sum them."""
    async with on_stage(tmp_path, mode="http") as stage:
        text = (await scrape(metrics_url(stage.slack))).text
    shared = re.findall(r"# HELP (\S+) .*never the sum\.", text)
    assert set(shared) == {
        "moa_bot_workers",
        "moa_bot_queue_questions",
        "moa_bot_queue_oldest_seconds",
    }


async def test_a_duplicate_event_is_counted_as_such(tmp_path: Path) -> None:
    """A resent event counts as a duplicate, not as another question."""
    async with on_stage(tmp_path) as stage:
        await stage.replied(await stage.ask("Why?"))
        for delivery in [*stage.slack.deliveries]:
            await stage.slack.redeliver(delivery.event_id)
        await stage.slack.wait_for_deliveries()
        found = Scraped((await stage.bot.health.scrape()).decode())
    assert found.value("questions_claimed_total", surface="mention", claim="new") == 1
    assert found.value("questions_claimed_total", surface="mention", claim="duplicate") == 1
    assert found.value("questions_begun_total", attempt="first") == 1
    assert (found.value("slack_ack_seconds_count", mode="socket", outcome="ok") or 0) >= 2


async def test_the_queue_is_visible_while_a_question_runs(tmp_path: Path) -> None:
    """Depth and age come from the run store, questions in progress from the process."""
    gate = asyncio.Event()
    models = {"writer-1": Reply("The reply.", gate=gate)}
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("Why?")
        await stage.models.asked(4)
        found = Scraped((await stage.bot.health.scrape()).decode())
        gate.set()
        await stage.replied(ts)
    assert found.value("queue_questions", state="running") == 1
    assert found.value("queue_questions", state="waiting") == 0
    assert (found.value("queue_oldest_seconds", state="running") or 0) > 0
    assert found.value("questions_in_work") == 1


async def test_a_question_that_failed_is_counted_by_its_reason(tmp_path: Path) -> None:
    """Each outcome has a series from the start, so the first one shows."""
    models = everywhere(Reply(fault=Status(401)))
    async with on_stage(tmp_path, models=models) as stage:
        before = Scraped((await stage.bot.health.scrape()).decode())
        ts = await stage.ask("Why?")
        await stage.slack.wait_for(lambda: len(stage.slack.messages(stage.general, ts)) > 1)
        await stage.bot.jobs.drain(20)
        after = Scraped((await stage.bot.health.scrape()).decode())
    no_answer = {"pipeline": "balanced", "outcome": "no_answer"}
    assert before.value("questions_ended_total", **no_answer) == 0
    assert after.value("questions_ended_total", **no_answer) == 1
    assert after.value("question_seconds_count", pipeline="balanced") is None
    assert after.value("model_call_errors_total", model="red", kind="auth") == 1
    assert after.value("model_calls_total", model="red", role="proposer", state="failed") == 1
    assert after.value("model_calls_without_cost_total", model="red") == 0
