"""`moa-bot init` writes a moa.toml that works with the keys and servers it finds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import moa
from tests.cli.command import ROOT, moa_bot
from tests.models import ModelServer, Reply

OFF = {"MOA_LOCAL_SERVERS": "off"}
KEYS = {"OPENAI_API_KEY": "openai-key-1234", "ANTHROPIC_API_KEY": "anthropic-key-1234"}
SERVED = ("gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna", "text-embedding-3-large")
CLAUDES = ("claude-sonnet-5-5", "claude-opus-5-5")


def addresses(server: ModelServer) -> dict[str, str]:
    return OFF | {"OPENAI_BASE_URL": server.openai_url, "ANTHROPIC_BASE_URL": server.anthropic_url}


def written(folder: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads((folder / "moa.toml").read_text(encoding="utf-8"))


async def test_each_pipeline_of_the_file_can_be_asked(tmp_path: Path) -> None:
    """With two keys, the file uses both vendors, and all of it works unchanged."""
    models = dict.fromkeys([*SERVED, *CLAUDES], Reply("Paris."))
    async with ModelServer(models) as server:
        variables = addresses(server) | KEYS
        result = await moa_bot(tmp_path, "init", variables=variables)
        assert (result.code, result.err) == (0, "")
        assert "OPENAI_API_KEY" in result.out
        assert "moa-bot check" in result.out
        pipelines = written(tmp_path)["pipelines"]
        assert list(pipelines) == ["quick", "balanced", "deep", "single"]
        for name in pipelines:
            asked = await moa_bot(
                tmp_path, "ask", "Where?", "--pipeline", name, variables=variables
            )
            assert asked.code == 0, asked.err
        checked = await moa_bot(tmp_path, "check", variables=variables)
        assert "failed" not in checked.out.partition("Database")[0]
    providers = {model["provider"] for model in written(tmp_path)["models"].values()}  # type: ignore[index]
    assert providers == {"openai", "anthropic"}
    assert "1234" not in (tmp_path / "moa.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS)
async def test_the_models_offered_by_a_service_are_used(tmp_path: Path, key: str) -> None:
    """Without our default models, those in its list are used, except embedding models."""
    models = {"text-embedding-3": Reply(), "house-model": Reply("Paris.")}
    async with ModelServer(models) as server:
        vendor = key.removesuffix("_API_KEY")
        address = {f"{vendor}_BASE_URL": addresses(server)[f"{vendor}_BASE_URL"]}
        variables = OFF | address | {key: KEYS[key]}
        assert (await moa_bot(tmp_path, "init", variables=variables)).code == 0
        names = [model["model"] for model in written(tmp_path)["models"].values()]  # type: ignore[index]
        assert names == ["house-model"]
        asked = await moa_bot(tmp_path, "ask", "Where?", variables=variables)
        assert "Paris." in asked.out


async def test_a_refused_key_is_left_out(tmp_path: Path) -> None:
    """A pipeline with it would be unusable; the output says why it is missing."""
    async with ModelServer(
        dict.fromkeys(CLAUDES, Reply("Paris.")), key=KEYS["ANTHROPIC_API_KEY"]
    ) as server:
        result = await moa_bot(tmp_path, "init", variables=addresses(server) | KEYS)
    assert "OPENAI_API_KEY: refused by openai (401)" in result.out
    providers = {model["provider"] for model in written(tmp_path)["models"].values()}  # type: ignore[index]
    assert providers == {"anthropic"}


async def test_local_servers_are_found(tmp_path: Path) -> None:
    """Their models become pipelines with longer deadlines, beside those of a key."""
    local = {"llama3.2:3b": Reply("Paris."), "qwen2.5:7b": Reply("Rome.")}
    async with ModelServer(local) as server, ModelServer(default=Reply("Oslo.")) as hosted:
        here = {"MOA_LOCAL_SERVERS": server.url}
        assert (await moa_bot(tmp_path, "init", variables=here)).code == 0
        assert (await moa_bot(tmp_path, "ask", "Where?", variables=here)).code == 0
        assert written(tmp_path)["pipelines"]["balanced"]["deadline_s"] == 240  # type: ignore[index]
        both = here | {"OPENAI_BASE_URL": hosted.openai_url, "OPENAI_API_KEY": "k" * 12}
        result = await moa_bot(tmp_path, "init", "--force", variables=both)
        assert result.code == 0
        asked = ("ask", "Where?", "--pipeline", "local-balanced")
        assert (await moa_bot(tmp_path, *asked, variables=both)).code == 0


async def test_a_file_is_not_replaced_without_force(tmp_path: Path) -> None:
    """--force replaces it, --output writes another file, and - only prints."""
    (tmp_path / "moa.toml").write_text("mine = 1\n", encoding="utf-8")
    async with ModelServer(dict.fromkeys(SERVED, Reply("Paris."))) as server:
        variables = addresses(server) | {"OPENAI_API_KEY": "k" * 12}
        refused = await moa_bot(tmp_path, "init", variables=variables)
        assert refused.code == 2
        assert "--force" in refused.err
        assert (tmp_path / "moa.toml").read_text(encoding="utf-8") == "mine = 1\n"
        other = await moa_bot(tmp_path, "init", "--output", "other.toml", variables=variables)
        assert other.code == 0
        printed = await moa_bot(tmp_path, "init", "--output", "-", variables=variables)
        assert printed.out == (tmp_path / "other.toml").read_text(encoding="utf-8")
        assert "OPENAI_API_KEY" in printed.err
        assert (await moa_bot(tmp_path, "init", "--force", variables=variables)).code == 0
    assert "pipelines" in written(tmp_path)


async def test_names_are_distinct_and_valid(tmp_path: Path) -> None:
    """Equal model names on two servers, and names with special characters, get valid keys."""
    models = {'team/odd "name".gguf': Reply("Paris."), "other/llama3": Reply("Rome.")}
    async with ModelServer(models) as one, ModelServer({"llama3": Reply("Oslo.")}) as two:
        variables = {"MOA_LOCAL_SERVERS": f"{one.url},{two.url}"}
        assert (await moa_bot(tmp_path, "init", variables=variables)).code == 0
        names = list(moa.load(tmp_path / "moa.toml"))
        assert "balanced" in names
        for name in names:
            asked = await moa_bot(
                tmp_path, "ask", "Where?", "--pipeline", name, variables=variables
            )
            assert asked.code == 0, asked.err


async def test_the_demo_model_is_named_as_such(tmp_path: Path) -> None:
    """With no key and no server, the file has the demo model, and the output says what is next."""
    result = await moa_bot(tmp_path, "init", variables=OFF)
    if result.code == 2:
        assert "No model is set up" in result.err
        return
    assert "no key and no model server" in result.out + result.err
    assert "moa-bot init --force" in result.out + result.err


async def test_the_example_is_printed(tmp_path: Path) -> None:
    """It needs no repository and no key, and writes nothing."""
    result = await moa_bot(tmp_path, "init", "--example")
    assert result.out == (ROOT / "moa.example.toml").read_text(encoding="utf-8")
    assert not (tmp_path / "moa.toml").exists()


async def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """Before anything is looked for: a folder, and a file in a folder that doesn't exist."""
    (tmp_path / "folder").mkdir()
    for output, said in (
        ("folder", "folder is a folder. Name a file, such as folder/moa.toml."),
        ("missing/moa.toml", "missing/moa.toml: there is no folder missing. Create it first."),
    ):
        for more in ([], ["--force"]):
            done = await moa_bot(tmp_path, "init", "--output", output, *more, variables=OFF)
            assert (done.code, done.out) == (2, "")
            assert said in done.err


@pytest.mark.parametrize(
    ("models", "described"),
    [
        (("llama3.3",), "One model on this machine asked three times, one reply. The default."),
        (("llama3.3", "qwen3"), "Two models on this machine, one reply. The default."),
        (("llama3.3", "qwen3", "gemma3"), "Three models on this machine, one reply. The default."),
    ],
)
async def test_pipelines_say_who_is_asked(
    tmp_path: Path, models: tuple[str, ...], described: str
) -> None:
    """The description names the number of models and calls, in words."""
    async with ModelServer(dict.fromkeys(models, Reply("Paris."))) as server:
        variables = {"MOA_LOCAL_SERVERS": server.openai_url}
        assert (await moa_bot(tmp_path, "init", variables=variables)).code == 0
    assert written(tmp_path)["pipelines"]["balanced"]["description"] == described  # type: ignore[index]
