"""`moa-bot ask` in a pipe: requests to real HTTP servers, and the output."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from tests.cli.command import (
    LIMIT_S,
    configure,
    end,
    moa_bot,
    moa_bot_process,
    pipeline,
    scripted,
    start,
)
from tests.models import ModelServer, Reply, Status

QUESTION = "What is the capital of France?"


def providers(server: ModelServer) -> dict[str, str]:
    """Return the variables that point both SDKs to the loopback server."""
    return {
        "OPENAI_API_KEY": "key-one",
        "OPENAI_BASE_URL": server.openai_url,
        "ANTHROPIC_API_KEY": "key-two",
        "ANTHROPIC_BASE_URL": server.anthropic_url,
    }


def mixed(folder: Path) -> None:
    """Configure a pipeline of two providers, with one broken model."""
    models = {
        "gpt": 'provider = "openai"\nmodel = "gpt"',
        "claude": 'provider = "anthropic"\nmodel = "claude"',
        "dead": 'provider = "openai"\nmodel = "dead"',
    }
    configure(folder, models, pipeline("gpt claude dead", aggregator="writer claude"))
    text = (folder / "moa.toml").read_text()
    writer = '[models.writer]\nprovider = "openai"\nmodel = "writer"\n'
    (folder / "moa.toml").write_text(text + writer)


REPLIES = {
    "gpt": Reply("I think it is Paris."),
    "claude": Reply("Paris, on the Seine."),
    "dead": Reply(fault=Status(500)),
    "writer": Reply("The capital of France\nis Paris."),
}


async def test_one_reply_from_several_models_is_printed(tmp_path: Path) -> None:
    """The reply alone goes to standard output; layers and cost go to standard error."""
    mixed(tmp_path)
    async with ModelServer(REPLIES) as server:
        result = await moa_bot(tmp_path, "ask", QUESTION, variables=providers(server))
        asked = {request.model: request for request in server.questions}
    assert result.code == 0
    assert result.out == "The capital of France\nis Paris.\n"
    lines = result.err.splitlines()
    assert lines[0] == "Pipeline main: gpt, claude, dead → writer · models from moa.toml"
    assert "Layer 1: asking 3 models" in lines
    assert "  claude: asked" in lines
    assert re.search(r"^  claude: answered in \d+\.\d s, 4 tokens$", result.err, re.MULTILINE)
    assert re.search(r"^  dead: failed after .*\(500\)", result.err, re.MULTILINE)
    assert "Layer 1: 2 of 3 answered" in lines
    closing = (
        r"[\d.]+ s · first text after [\d.]+ s · tokens: \d+ in, \d+ out · cost unknown"
        r" · 2 of 3 answers used"
    )
    assert re.fullmatch(closing, lines[-1])
    assert asked["gpt"].turns == [("user", QUESTION)]
    assert "Paris, on the Seine." in asked["writer"].turns[-1][1]


async def test_piped_output_has_no_control_codes(tmp_path: Path) -> None:
    """Neither we nor a model may write any, so a file and `less` show readable text."""
    hostile = "A\x1b[31mB\x1b[0m \x1b]0;title\x07C \x9b2J \u202eD\u2028E\rF\x00G"
    configure(tmp_path, {"x": scripted(hostile)}, pipeline("x", aggregator="x"))
    result = await moa_bot(tmp_path, "ask", QUESTION, "--answers")
    assert result.code == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028]", result.out + result.err)
    assert result.out.count("AB C  D\nEFG") == 2


async def test_each_answer_is_shown_on_request(tmp_path: Path) -> None:
    """The heading has layer, model, status and seconds; failed models are included."""
    models = {"one": scripted("First."), "two": scripted(fail="quota"), "end": scripted("Reply.")}
    configure(tmp_path, models, pipeline("one two", "one", aggregator="end"))
    result = await moa_bot(tmp_path, "ask", QUESTION, "--answers")
    assert re.search(r"Reply\.\n\nLayer 1 · one \(used, \d\.\d s\)\nFirst\.\n", result.out)
    assert re.search(r"Layer 1 · two \(failed, \d\.\d s\)\nThe account's quota", result.out)
    assert re.search(r"Layer 2 · one \(used, \d\.\d s\)\nFirst\.\n", result.out)


async def test_a_pipeline_can_be_chosen(tmp_path: Path) -> None:
    """`--pipeline` selects another pipeline than the default."""
    models = {"one": scripted("Usual."), "two": scripted("Other.")}
    other = pipeline(aggregator="two", name="other")
    configure(tmp_path, models, pipeline("one", aggregator="one") + other)
    result = await moa_bot(tmp_path, "ask", QUESTION, "--pipeline", "other")
    assert result.err.startswith("Pipeline other: two · ")
    assert result.out == "Other.\n"


async def test_the_next_aggregator_takes_over(tmp_path: Path) -> None:
    """The output says which one failed and why."""
    models = {"broken": scripted(fail="overloaded"), "spare": scripted("Reply.")}
    configure(tmp_path, models, pipeline("spare", aggregator="broken spare"))
    result = await moa_bot(tmp_path, "ask", QUESTION)
    assert re.search(r"^broken failed after 0\.\d s: ", result.err, re.MULTILINE)
    assert "Asking spare for the reply\n" in result.err
    assert result.out == "Reply.\n"


async def test_an_incomplete_reply_is_marked(tmp_path: Path) -> None:
    """The text so far is kept, and marked as incomplete."""
    models = {"one": scripted("Yes."), "broken": scripted("One two three four.", fail="cut")}
    configure(tmp_path, models, pipeline("one", aggregator="broken"))
    result = await moa_bot(tmp_path, "ask", QUESTION)
    assert result.code == 0
    assert result.out == "One two\n"
    assert "\nThe reply ended early: " in result.err


async def test_samples_of_one_model_are_numbered(tmp_path: Path) -> None:
    """With Self-MoA, each sample has a number."""
    configure(tmp_path, {"one": scripted("Yes.")}, pipeline("one one", aggregator="one"))
    result = await moa_bot(tmp_path, "ask", QUESTION)
    assert "Pipeline main: one #1, one #2 → one" in result.err
    assert "  one #2: answered in" in result.err


@pytest.mark.parametrize("as_json", [False, True])
async def test_if_no_model_answers_each_reason_is_shown(tmp_path: Path, *, as_json: bool) -> None:
    """The exit code is 1; the output says where to look next and has no traceback."""
    configure(tmp_path, {"one": scripted(fail="timeout")}, pipeline("one", aggregator="one"))
    result = await moa_bot(tmp_path, "ask", QUESTION, *(["--json"] if as_json else []))
    assert result.code == 1
    assert "Traceback" not in result.err
    if not as_json:
        assert result.out == ""
        assert "  one: failed after" in result.err
        assert "moa-bot check" in result.err


@pytest.mark.parametrize(
    "given", [b"Why is the sky blue?\n", b"\xef\xbb\xbfWhy is the sky blue?\n"]
)
async def test_a_question_comes_from_standard_input(tmp_path: Path, given: bytes) -> None:
    """`-` reads it, without a byte order mark at the start."""
    configure(tmp_path, {"echo": scripted()}, pipeline(aggregator="echo"))
    result = await moa_bot(tmp_path, "ask", "-", given=given)
    assert result.out == "You said: Why is the sky blue?\n"


@pytest.mark.parametrize("given", [b"a\nb\n", b"\xef\xbb\xbfa\nb\n"])
async def test_piped_text_follows_the_question(tmp_path: Path, given: bytes) -> None:
    """`git diff | moa-bot ask Review this: -` asks about the diff; elsewhere, `-` is a word."""
    configure(tmp_path, {"echo": scripted()}, pipeline(aggregator="echo"))
    result = await moa_bot(tmp_path, "ask", "5 -", "-", "3", "of:", "-", given=given)
    assert result.out == "You said: 5 - - 3 of: a b\n"  # an echo on one line


async def test_a_question_needs_no_quotes(tmp_path: Path) -> None:
    """`moa-bot ask what is this` asks "what is this"."""
    configure(tmp_path, {"echo": scripted()}, pipeline(aggregator="echo"))
    result = await moa_bot(tmp_path, "ask", "what", "is", "this", "--pipeline", "main")
    assert result.out == "You said: what is this\n"


async def test_one_model_with_personas_is_reported_as_one_model(tmp_path: Path) -> None:
    """Three personas of one model don't look like three models."""
    models = {
        name: f'{scripted("Yes.")}\npersona = "You are a {name}."' for name in ("cook", "judge")
    }
    configure(tmp_path, models, pipeline("cook judge", aggregator="cook"))
    result = await moa_bot(tmp_path, "ask", QUESTION)
    assert "cook, judge → cook (one model, 2 personas) · " in result.err


async def test_a_key_is_enough(tmp_path: Path) -> None:
    """Without a moa.toml, the key decides the balanced pipeline, and the output says so."""
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=key-two\n")
    async with ModelServer(default=Reply("Paris."), key="key-two") as server:
        address = {"ANTHROPIC_BASE_URL": server.anthropic_url}
        result = await moa_bot(tmp_path, "ask", QUESTION, variables=address)
        assert len(server.questions) == 4
    assert result.code == 0
    assert re.match(r"Pipeline balanced: .* · models from ANTHROPIC_API_KEY", result.err)
    assert "3 of 3 answers used" in result.err


async def test_an_interrupt_stops_everything_quietly(tmp_path: Path) -> None:
    """Ctrl-C: exit code 130, no traceback, and the models' connections are closed."""
    gate = asyncio.Event()
    mixed(tmp_path)
    async with ModelServer(default=Reply("Never.", gate=gate)) as server:
        process = await start(tmp_path, "ask", QUESTION, variables=providers(server))
        await asyncio.wait_for(server.asked(3), LIMIT_S)
        process.send_signal(2)
        _, err = await end(process)
        await server.all_closed()
    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_a_closed_pipe_is_not_an_error(tmp_path: Path) -> None:
    """`moa-bot ask … | head -1` ends silently."""
    configure(tmp_path, {"one": scripted("A line.\n" * 20_000)}, pipeline(aggregator="one"))
    reading, writing = os.pipe()
    process = await start(tmp_path, "ask", QUESTION, out=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as reader:
        assert await asyncio.to_thread(reader.readline) == b"A line.\n"
    _, err = await end(process)
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err
    assert process.returncode == 141


async def test_an_encoding_without_arrows_is_not_an_error(tmp_path: Path) -> None:
    """A terminal with an old encoding shows "?" for missing characters."""
    configure(tmp_path, {"one": scripted("Yes.")}, pipeline("one", aggregator="one"))
    result = await moa_bot_process(
        tmp_path, "ask", QUESTION, variables={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    )
    assert result.code == 0
    assert "one ? one" in result.err
