"""Operators see a provider's own reason; reasoning models answer, or say what they lack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.playground.server import LocalSlack
from tests.cli.command import Result, configure, moa_bot, pipeline
from tests.models import ModelServer, Reply, Status

REASON = "400 odd_code (parameter top_p): No such thing as a top_p of 7, says [hidden]."
REFUSED = Reply(
    fault=Status(
        400,
        {
            "error": {
                "message": "No such thing as a top_p of 7, says sk-1234567890.",
                "code": "odd_code",
                "param": "top_p",
            }
        },
    )
)
THINKER = Reply("Paris.", thinks=2_000)
OVERFLOW = Reply(fault=Status(400, {"error": "prompt is too long: 9 tokens > 8 maximum"}))


async def run(folder: Path, reply: Reply, *arguments: str, **settings: object) -> Result:
    """Run the command with one model, on a server that answers like this."""
    async with ModelServer({"m": reply}) as server:
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        at = f'provider = "openai"\nmodel = "m"\nbase_url = "{server.openai_url}"'
        configure(folder, {"m": "\n".join([at, *lines])}, pipeline("m", aggregator="m"))
        return await moa_bot(folder, *arguments)


@pytest.mark.parametrize("arguments", [("check",), ("ask", "Why?")])
async def test_the_providers_reason_is_shown(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """`check` and `ask` show status, code, parameter and message, without keys."""
    result = await run(tmp_path, REFUSED, *arguments)
    assert result.code == 1
    assert REASON in result.out + result.err
    assert "1234567890" not in result.out + result.err


async def test_the_document_carries_kinds_and_reasons(tmp_path: Path) -> None:
    """Scripts find each error's kind and the provider's reason beside its message."""
    result = await run(tmp_path, REFUSED, "ask", "Why?", "--json")
    answer = json.loads(result.out)["answers"][0]
    assert (answer["error_kind"], answer["reason"]) == ("rejected", REASON)
    assert "1234567890" not in result.out + result.err


async def test_a_question_that_is_too_long_is_reported_as_such(tmp_path: Path) -> None:
    """If no model can read the question, the advice is not to ask again."""
    result = await run(tmp_path, OVERFLOW, "ask", "Why?")
    assert result.code == 1
    assert "too long for every model" in result.err


async def test_check_waits_for_a_loading_model(tmp_path: Path) -> None:
    """A server that is still loading is no failure; `check` says what it waits for."""
    loading = Reply(fault=Status(503, {"error": {"message": "Loading model", "code": 503}}))
    async with ModelServer({"m": [loading, Reply("OK.")]}) as server:
        at = f'provider = "openai"\nmodel = "m"\nbase_url = "{server.openai_url}"'
        configure(tmp_path, {"m": at}, pipeline("m", aggregator="m"))
        result = await moa_bot(tmp_path, "check")
    assert result.code == 0
    assert result.out.count("Waiting for m: its server is loading the model.") == 1


async def test_check_uses_a_proposers_request(tmp_path: Path) -> None:
    """It has the same instructions, persona, temperature and output limit."""
    async with ModelServer({"m": Reply("OK.")}) as server:
        at = f'provider = "openai"\nmodel = "m"\nbase_url = "{server.openai_url}"\npersona = "Sly."'
        configure(tmp_path, {"m": at}, pipeline("m", aggregator="m"))
        assert (await moa_bot(tmp_path, "check")).code == 0
        assert (await moa_bot(tmp_path, "ask", "Why?")).code == 0
        checked, asked, _ = server.questions
    assert checked.system == asked.system
    assert "Sly." in checked.system
    same = ("temperature", "max_tokens", "stream", "stream_options")
    assert [checked.body[key] for key in same] == [asked.body[key] for key in same]


async def test_a_wrong_key_is_found_although_the_model_list_is_public(tmp_path: Path) -> None:
    """OpenRouter and others list their models without a key."""
    refused = Reply(fault=Status(401, {"error": {"message": "No auth credentials", "code": 401}}))
    result = await run(tmp_path, refused, "check")
    assert result.code == 1
    assert "failed   m: openai, m" in result.out
    assert "401" in result.out


async def test_slack_is_checked_even_without_models(tmp_path: Path) -> None:
    """A mistake in moa.toml hides neither a wrong token nor a broken database."""
    (tmp_path / "moa.toml").write_text("models = 1\n", encoding="utf-8")
    async with LocalSlack() as slack:
        variables = {"SLACK_API_URL": slack.api_url, "SLACK_BOT_TOKEN": "xoxb-wrong"}
        wrong = await moa_bot(tmp_path, "check", variables=variables)
        variables["SLACK_BOT_TOKEN"] = slack.bot_token
        right = await moa_bot(tmp_path, "check", variables=variables)
    assert (wrong.code, right.code) == (1, 1)
    assert "invalid_auth" in wrong.out
    assert "ok       SLACK_BOT_TOKEN" in right.out
    assert "ok       sqlite" in right.out


async def test_a_limit_without_text_is_reported_with_its_remedy(tmp_path: Path) -> None:
    """`check` sends a proposer's request, and names the setting that leaves room for an answer."""
    result = await run(tmp_path, THINKER, "check", reasoning_tokens=100)
    assert result.code == 1
    assert "reached its output limit before it wrote any text" in result.out
    assert "reasoning_tokens" in result.out
    result = await run(tmp_path, THINKER, "ask", "Why?", reasoning_tokens=0, max_output_tokens=500)
    assert result.code == 1
    assert "reached their output limit" in result.err


@pytest.mark.parametrize("name", ["quick", "balanced", "deep", "single"])
async def test_default_pipelines_work_with_reasoning_models(tmp_path: Path, name: str) -> None:
    """With OPENAI_BASE_URL alone, a server that reasons for 2,000 tokens answers in every role."""
    async with ModelServer(default=THINKER) as server:
        variables = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": server.openai_url}
        asked = ("ask", "Where?", "--json", "--pipeline", name)
        result = await moa_bot(tmp_path, *asked, variables=variables)
    found = json.loads(result.out)
    assert (result.code, found["reply"], found["status"]) == (0, "Paris.", "complete")
    assert {answer["status"] for answer in found["answers"]} <= {"used"}
