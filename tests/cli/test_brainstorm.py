"""`moa-bot brainstorm`: models' ideas and a file's, by theme, as text or as a document."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.command import configure, moa_bot, pipeline
from tests.cli.test_ask import providers
from tests.models import ModelServer, Reply, Status
from tests.models.replies import Request

TOPIC = "How can more people walk to work?"
NUMBER = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
RESULT = "## Short list\n- **A bench**: people rest"
DRAWN = "I walk.\n1. A bench (p=0.1)\n2. A roof (p=0.05)"


def _reply(request: Request) -> str:
    """Answer a prompt: group ideas, write the result, or list ideas."""
    content = request.turns[-1][1]
    if numbers := NUMBER.findall(content):
        return json.dumps({"themes": [{"title": "Comfort", "ideas": [[int(n)] for n in numbers]}]})
    return RESULT if "result of this brainstorm" in content else DRAWN


def _folder(folder: Path) -> None:
    """Configure two models on a real server, one of which is down."""
    models = {
        "gpt": 'provider = "openai"\nmodel = "gpt"\nprice = { input = 1.0, output = 2.0 }',
        "dead": 'provider = "openai"\nmodel = "dead"\nprice = { input = 1.0, output = 2.0 }',
    }
    configure(folder, models, pipeline("gpt dead", aggregator="gpt"))


def _server() -> ModelServer:
    server = ModelServer(default=Reply(_reply))
    server.models["dead"] = Reply(fault=Status(400))
    return server


async def test_ideas_go_to_standard_output_and_progress_to_standard_error(
    tmp_path: Path,
) -> None:
    """Cost, progress and failures are not on standard output."""
    _folder(tmp_path)
    (tmp_path / "ours.txt").write_text("Walk with a dog\n\n=1+1\n", encoding="utf-8")
    async with _server() as server:
        given = ["brainstorm", TOPIC, "--calls", "2", "--ideas", "ours.txt"]
        done = await moa_bot(tmp_path, *given, variables=providers(server))
    assert done.code == 0
    assert done.out == (
        "Comfort\n"
        "  - Walk with a dog  (from your file)\n"
        "  - =1+1  (from your file)\n"
        "  - A bench  (gpt)\n"
        "  - A roof  (gpt)\n"
    )
    assert "Asking for ideas 2 times: at most $" in done.err
    assert "Your file has 2 ideas." in done.err
    assert "2 ideas from gpt" in done.err
    assert "dead failed: " in done.err
    assert re.search(r"4 ideas · 1 theme · .* · \$", done.err)


@pytest.mark.parametrize("export", ["md", "csv", "json"])
async def test_a_document_has_the_exact_ideas(tmp_path: Path, export: str) -> None:
    """A file's lines are unchanged in each format, and nothing else is printed."""
    _folder(tmp_path)
    line = '  "Tab\there"; <b>*stars*</b> \u200d\u4f60\u597d  '
    (tmp_path / "ours.txt").write_bytes(f"\ufeff{line}\r\n\r\n".encode())
    async with _server() as server:
        given = ["brainstorm", TOPIC, "--calls", "1", "--ideas", "ours.txt", "--export", export]
        done = await moa_bot(tmp_path, *given, variables=providers(server))
    assert done.code == 0
    if export == "csv":
        texts = [row["idea"] for row in csv.DictReader(io.StringIO(done.out, newline=""))]
    elif export == "json":
        texts = [idea["text"] for idea in json.loads(done.out)["themes"][0]["ideas"]]
    else:
        assert line in done.out
        assert done.out.startswith(f"# {TOPIC}\n")
        return
    assert texts == [line, "A bench", "A roof"]


async def test_the_result_is_written_on_request(tmp_path: Path) -> None:
    """`--result` runs the pipeline once more over the themes."""
    _folder(tmp_path)
    async with _server() as server:
        given = ["brainstorm", TOPIC, "--calls", "1", "--result"]
        done = await moa_bot(tmp_path, *given, variables=providers(server))
    assert done.out.endswith(f"\nResult\n\n{RESULT}\n")


async def test_ideas_can_come_from_standard_input(tmp_path: Path) -> None:
    """`--ideas -` reads them from a pipe."""
    _folder(tmp_path)
    async with _server() as server:
        given = ["brainstorm", TOPIC, "--calls", "1", "--ideas", "-"]
        done = await moa_bot(
            tmp_path, *given, given=b"Walk with a cat\n", variables=providers(server)
        )
    assert "  - Walk with a cat  (from your file)\n" in done.out


async def test_if_every_model_fails_the_files_ideas_are_still_grouped(tmp_path: Path) -> None:
    """Without a working model the command groups by words; without any idea it says why."""
    _folder(tmp_path)
    (tmp_path / "ours.txt").write_text("A red bench\nA red roof\nA dog\n", encoding="utf-8")
    async with ModelServer(default=Reply(fault=Status(400))) as server:
        variables = providers(server)
        given = ["brainstorm", TOPIC, "--calls", "2"]
        done = await moa_bot(tmp_path, *given, "--ideas", "ours.txt", variables=variables)
        empty = await moa_bot(tmp_path, *given, variables=variables)
    assert done.code == 0
    assert done.out.startswith("Red\n  - A red bench  (from your file)\n")
    assert "grouped by common words" in done.err
    assert empty.code == 1
    assert empty.out == ""
    assert "No model answered" in empty.err


async def test_answers_without_ideas_are_reported(tmp_path: Path) -> None:
    """The exit code is 1, with a sentence instead of an empty document."""
    _folder(tmp_path)
    async with ModelServer(default=Reply("I cannot say.")) as server:
        given = ["brainstorm", TOPIC, "--calls", "2"]
        done = await moa_bot(tmp_path, *given, variables=providers(server))
    assert (done.code, done.out) == (1, "")
    assert "There are no ideas" in done.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([""], "The topic is empty."),
        ([" \n"], "The topic is empty."),
        ([TOPIC, "--ideas", "missing.txt"], "missing.txt: can't be read"),
        ([TOPIC, "--ideas", "."], ".: can't be read"),
        ([TOPIC, "--ideas", "latin.txt"], "The file of ideas isn't text: byte 4"),
        ([TOPIC, "--ideas", "long.txt"], "more than 1,000,000 bytes"),
        ([TOPIC, "--ideas", "many.txt"], "more than 2,000 ideas"),
        ([TOPIC, "--calls", "0"], "moa-bot: --calls: must be from 1 to 200, not 0."),
        ([TOPIC, "--calls", "-3"], "moa-bot: --calls: must be from 1 to 200, not -3."),
        ([TOPIC, "--calls", "201"], "moa-bot: --calls: must be from 1 to 200, not 201."),
        ([TOPIC, "--calls", "x"], "argument --calls"),
        ([TOPIC, "--pipeline", "mian"], 'Did you mean "main"?'),
        ([TOPIC, "--export", "pdf"], "argument --export"),
    ],
)
async def test_wrong_use_is_rejected_before_any_call(
    tmp_path: Path, given: list[str], said: str
) -> None:
    """The message names the mistake; the exit code is 2."""
    _folder(tmp_path)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "long.txt").write_bytes(b"x" * 1_000_001)
    (tmp_path / "many.txt").write_text("idea\n" * 2_001, encoding="utf-8")
    async with _server() as server:
        done = await moa_bot(tmp_path, "brainstorm", *given, variables=providers(server))
        assert server.questions == []
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
