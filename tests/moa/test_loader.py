"""`moa.load`: the pipelines of a configuration file, for Python programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import pytest

import moa
from bot.settings import Settings
from moa import PipelineError, Plan
from moa.pipeline.config import BOT_TABLES
from tests.models.replies import Reply
from tests.models.server import ModelServer

EXAMPLE = Path(__file__).parents[2] / "moa.example.toml"
QUESTION = "Why is the sky blue?"

FILE = """
default_pipeline = "balanced"

[models.red]
provider = "openai"
base_url = "{address}"
api_key_env = "RED_KEY"
model = "red-1"

[models.blue]
provider = "openai"
model = "blue-1"

[pipelines.balanced]
aggregator = "red"
[[pipelines.balanced.layers]]
proposers = ["red", "blue"]

[pipelines.single]
aggregator = "red"
"""

KEYS = ("OPENAI", "ANTHROPIC", "OPENROUTER", "TOGETHER", "GROQ")


def written(folder: Path, text: str) -> Path:
    """Write a configuration file."""
    path = folder / "moa.toml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_loaded_pipeline_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is chosen by name or default, any number of times; connections close with the block."""
    monkeypatch.setenv("RED_KEY", "red-key")
    monkeypatch.setenv("OPENAI_API_KEY", " blue-key\n")
    monkeypatch.chdir(tmp_path)
    async with ModelServer(default=Reply("Blue light.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        written(tmp_path, FILE.format(address=server.openai_url))
        async with moa.load() as pipelines:
            outcome = await moa.ask(pipelines["balanced"], QUESTION)
            assert (outcome.reply, outcome.pipeline) == ("Blue light.", "balanced")
            again = await moa.ask(pipelines.default, QUESTION)
            assert [answer.model for answer in again.answers] == ["red", "blue"]
            assert server.connections
        await server.all_closed()
        keys = {request.model: request.headers["authorization"] for request in server.questions}
    assert keys == {"red-1": "Bearer red-key", "blue-1": "Bearer blue-key"}


async def test_it_is_a_mapping_of_names_to_plans(tmp_path: Path) -> None:
    """Names can be listed and tested; each lookup returns the same plan."""
    variables = {"RED_KEY": "red-key", "OPENAI_API_KEY": "blue-key"}
    path = written(tmp_path, FILE.format(address="http://localhost:1/v1"))
    async with moa.load(path, variables=variables) as pipelines:
        assert list(pipelines) == ["balanced", "single"]
        assert len(pipelines) == 2
        assert "balanced" in pipelines
        assert "fast" not in pipelines
        assert pipelines.get("fast") is None
        assert all(isinstance(plan, Plan) for plan in pipelines.values())
        assert pipelines.default is pipelines["balanced"]


async def test_a_key_is_needed_by_the_pipelines_in_use_only(tmp_path: Path) -> None:
    """The error of a pipeline without its keys names every variable to set."""
    path = written(tmp_path, FILE.format(address="http://localhost:1/v1"))
    async with moa.load(str(path), variables={"RED_KEY": "red-key"}) as pipelines:
        assert pipelines["single"].name == "single"
        with pytest.raises(PipelineError, match="Set OPENAI_API_KEY, in the environment"):
            assert pipelines["balanced"]
    async with moa.load(path, variables={}) as pipelines:
        with pytest.raises(PipelineError) as raised:
            assert pipelines.default
    assert "RED_KEY" in str(raised.value)
    assert "OPENAI_API_KEY" in str(raised.value)


@pytest.mark.parametrize("kind", [PipelineError, KeyError])
async def test_an_unknown_pipeline_is_named(tmp_path: Path, kind: type[Exception]) -> None:
    """The error is both a PipelineError and a KeyError, and suggests a name."""
    path = written(tmp_path, FILE.format(address="http://localhost:1/v1"))
    async with moa.load(path, variables={}) as pipelines:
        with pytest.raises(kind) as raised:
            assert pipelines["balancd"]
    assert str(raised.value).startswith('There is no pipeline "balancd". Did you mean "balanced"?')


async def test_the_bots_own_file_can_be_loaded() -> None:
    """Settings that only the bot reads are no mistake; the example works with its keys."""
    async with moa.load(EXAMPLE, variables={f"{key}_API_KEY": "a-key" for key in KEYS}) as example:
        assert {"quick", "balanced", "deep", "single"} <= set(example)
        assert [plan.name for plan in example.values()] == list(example)
    known = {field.name for field in fields(Settings)}
    assert known - {"environment", "config", "config_source", "variables"} == BOT_TABLES


def mistaken() -> Iterable[tuple[str, list[str]]]:
    """Return wrong files with their error messages."""
    good = FILE.format(address="http://localhost:1/v1")
    yield (
        good.replace('model = "blue-1"', "modle = 1").replace('"red", "blue"', '"red", "bleu"'),
        ["moa.toml:", "models.blue.modle", "models.blue.model", 'Did you mean "blue"?'],
    )
    yield good + "[model.x]\n", ["model: unknown key", 'Did you mean "models"?']
    yield good.replace('"balanced"\n', '"balancd"\n', 1), ["default_pipeline", "balancd"]
    yield "models = ", ["moa.toml: invalid TOML"]
    yield "", ["models: define", "pipelines: define"]


@pytest.mark.parametrize(("text", "says"), [*mistaken()])
def test_every_mistake_of_the_file_is_named(tmp_path: Path, text: str, says: list[str]) -> None:
    """One error lists them all, before any call."""
    with pytest.raises(PipelineError) as raised:
        moa.load(written(tmp_path, text))
    assert [words for words in says if words not in str(raised.value)] == []


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    """The error is one sentence and suggests the closest file name."""
    written(tmp_path, "")
    with pytest.raises(
        PipelineError, match=r'File not found: mao\.toml\. Did you mean "moa\.toml"'
    ):
        moa.load(tmp_path / "mao.toml")
    (tmp_path / "moa.toml").write_bytes(b"\xe9")
    with pytest.raises(PipelineError, match="not a UTF-8 text file"):
        moa.load(tmp_path / "moa.toml")
    with pytest.raises(PipelineError, match="can't be read"):
        moa.load(tmp_path)
