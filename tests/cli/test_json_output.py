"""`moa-bot ask --json`: the document that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.command import ROOT, configure, moa_bot, pipeline, scripted

FIELDS = {
    "reply",
    "status",
    "pipeline",
    "answers",
    "aggregator",
    "seconds",
    "first_token_seconds",
    "cost_usd",
    "cost_is_estimate",
    "cut_at_limit",
    "notes",
    "calls",
    "rankings",
    "disagreement",
}
CALL_FIELDS = {
    "model",
    "role",
    "layer",
    "position",
    "attempt",
    "status",
    "error_kind",
    "reason",
    "started",
    "first_token",
    "ended",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "estimated",
    "cost_usd",
}
ANSWER_FIELDS = {
    "model",
    "label",
    "layer",
    "status",
    "text",
    "error",
    "error_kind",
    "reason",
    "seconds",
    "input_tokens",
    "output_tokens",
    "estimated",
    "cost_usd",
}


async def document(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Return the output, which must be one JSON document and nothing else."""
    result = await moa_bot(folder, "ask", "Why?", "--json", *arguments)
    assert result.code == code
    assert result.err == ""
    return json.loads(result.out)


async def test_the_document_has_the_promised_fields(tmp_path: Path) -> None:
    """It has every answer, failed ones too, in the order of layers and proposers."""
    models = {
        "slow": scripted("Slow.", delay_s=0.2),
        "dead": scripted(fail="unavailable"),
        "fast": scripted("Fast."),
        "end": scripted("Reply."),
    }
    configure(tmp_path, models, pipeline("slow dead fast", "fast", aggregator="end"))
    found = await document(tmp_path)
    assert set(found) == FIELDS
    assert (found["reply"], found["status"], found["pipeline"]) == ("Reply.", "complete", "main")
    assert all(set(answer) == ANSWER_FIELDS for answer in [*found["answers"], found["aggregator"]])
    order = [(answer["layer"], answer["model"], answer["status"]) for answer in found["answers"]]
    assert order == [
        (1, "slow", "used"),
        (1, "dead", "failed"),
        (1, "fast", "used"),
        (2, "fast", "used"),
    ]
    assert {found["answers"][0]["label"], found["answers"][2]["label"]} == {"A", "B"}
    assert found["aggregator"]["model"] == "end"
    assert found["cost_usd"] == 0
    assert 0.2 <= found["first_token_seconds"] <= found["seconds"]
    assert found["seconds"] == round(found["seconds"], 3)


async def test_a_missing_answer_has_its_reason(tmp_path: Path) -> None:
    """Its label is empty, its error a sentence, its tokens and cost unknown."""
    models = {"dead": scripted(fail="quota"), "end": scripted("Reply.")}
    configure(tmp_path, models, pipeline("dead end", aggregator="end"))
    dead = (await document(tmp_path))["answers"][0]
    assert (dead["label"], dead["text"]) == ("", "")
    assert dead["error"] == "The account's quota is used up."
    assert (dead["input_tokens"], dead["output_tokens"], dead["cost_usd"]) == (None, None, None)


async def test_a_draft_is_marked(tmp_path: Path) -> None:
    """If no aggregator answers, the status is "unsynthesised"."""
    models = {"one": scripted("Draft."), "dead": scripted(fail="unavailable")}
    configure(tmp_path, models, pipeline("one", aggregator="dead"))
    found = await document(tmp_path)
    assert found["status"] == "unsynthesised"
    assert found["reply"].endswith("Draft.")


async def test_no_reply_is_a_document_too(tmp_path: Path) -> None:
    """The reasons are in the same fields, and the exit code is 1."""
    configure(tmp_path, {"dead": scripted(fail="unavailable")}, pipeline("dead", aggregator="dead"))
    found = await document(tmp_path, code=1)
    assert set(found) == FIELDS | {"error"}
    assert (found["reply"], found["status"]) == (None, "failed")
    assert [answer["model"] for answer in found["answers"]] == ["dead"]
    assert found["aggregator"]["layer"] == 2
    assert found["error"].startswith("None of the models answered.")
    assert found["first_token_seconds"] is None


async def test_every_character_survives_and_none_is_executed(tmp_path: Path) -> None:
    """The text is complete, but harmless when printed to a terminal."""
    text = "ä 你 \x1b[31m \x9b2J \u202e \x7f \U0001f600 \U000e0041"
    configure(tmp_path, {"one": scripted(text)}, pipeline(aggregator="one"))
    result = await moa_bot(tmp_path, "ask", "Why?", "--json")
    assert json.loads(result.out)["reply"] == text
    assert not {"\x1b", "\x9b", "\u202e", "\x7f", "\U000e0041"} & set(result.out)
    assert "ä 你" in result.out


async def test_every_call_is_listed(tmp_path: Path) -> None:
    """Each has role, times, tokens and error kind. Retries are included, even without a reply."""
    models = {"dead": scripted(fail="unavailable"), "end": scripted("Reply.")}
    both = pipeline("dead end", aggregator="end") + pipeline("dead", aggregator="dead", name="none")
    configure(tmp_path, models, both)
    calls = (await document(tmp_path))["calls"]
    assert all(set(call) == CALL_FIELDS for call in calls)
    found = {(call["model"], call["role"], call["status"], call["error_kind"]) for call in calls}
    assert found == {
        ("dead", "proposer", "failed", "unavailable"),
        ("end", "proposer", "used", None),
        ("end", "aggregator", "used", None),
    }
    assert all(0 <= call["started"] <= call["ended"] for call in calls)
    failed = (await document(tmp_path, "--pipeline", "none", code=1))["calls"]
    assert {(call["role"], call["error_kind"]) for call in failed} == {
        ("proposer", "unavailable"),
        ("aggregator", "unavailable"),
    }


async def test_rankings_and_disagreements_are_listed(tmp_path: Path) -> None:
    """The document has the models' rankings of each other's answers, and their differences."""
    views = [{"view": "yes", "answers": ["A"]}, {"view": "no", "answers": ["B"]}]
    comparison = {"agreements": ["It is."], "differences": [{"topic": "t", "views": views}]}
    models = {
        "one": scripted("First."),
        "two": scripted("Second."),
        "compare": scripted(json.dumps(comparison)),
    }
    ranked = pipeline("one two", aggregator="one", name="ranked").replace(
        "aggregator", 'strategy = "rank_then_synthesise"\naggregator', 1
    )
    compared = pipeline("one two", aggregator="one").replace(
        "aggregator", 'disagreements = true\ndisagreements_by = "compare"\naggregator', 1
    )
    configure(tmp_path, models, compared + ranked)
    found = await document(tmp_path)
    assert found["disagreement"]["agreements"] == ["It is."]
    difference = found["disagreement"]["differences"][0]
    assert [view["text"] for view in difference["views"]] == ["yes", "no"]
    assert sorted(m for view in difference["views"] for m in view["models"]) == ["one", "two"]
    rankings = (await document(tmp_path, "--pipeline", "ranked"))["rankings"]
    assert [ranking["model"] for ranking in rankings] == ["one", "two"]
    assert all(set(ranking) == ANSWER_FIELDS for ranking in rankings)


def test_every_field_is_documented() -> None:
    """One table lists them all for people who write scripts."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("`moa-bot ask --json`\n")[2].partition("\n## ")[0]
    for name in FIELDS | ANSWER_FIELDS | CALL_FIELDS | {"error", "agreements", "differences"}:
        assert f"`{name}`" in table
