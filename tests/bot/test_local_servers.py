"""Model servers on this machine are found and used; other programs are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.defaults import default_config
from bot.errors import ConfigurationError
from bot.local_servers import FoundServer, find_servers, ollama_address
from bot.settings import load
from moa.pipeline.config import Config
from tests.models import ModelServer, Reply
from tests.models.local_servers import lm_studio, ollama


def host_of(server: ModelServer) -> str:
    """Return an address in the form of OLLAMA_HOST."""
    return urlsplit(server.url).netloc


async def found(**variables: str) -> list[FoundServer]:
    """Look for servers on a thread, since the tests' servers run on the event loop."""
    return await asyncio.to_thread(find_servers, variables)


async def chosen(**variables: str) -> tuple[Config, str]:
    """Return the models used without a moa.toml."""
    return await asyncio.to_thread(default_config, variables)


async def test_ollama_models_form_a_mixture() -> None:
    """Up to three are used, no embedding models; the largest is the aggregator."""
    async with ollama() as server:
        config, source = await chosen(OLLAMA_HOST=host_of(server))
    balanced = config.pipelines["balanced"]
    assert [layer.proposers for layer in balanced.layers] == [
        ["llama3.2:3b", "qwen2.5:7b", "mistral:7b"]
    ]
    assert balanced.aggregators == ("mistral:7b", "qwen2.5:7b", "llama3.2:3b")
    assert {model.base_url for model in config.models.values()} == {server.openai_url}
    assert {model.context_window for model in config.models.values()} == {4096}
    assert source == f"Ollama at {server.openai_url} (no key, no moa.toml)"


async def test_one_model_is_sampled_several_times() -> None:
    """Self-MoA: its answers differ."""
    async with ollama({"gemma3:4b": "gemma3"}) as server:
        config, _ = await chosen(OLLAMA_HOST=host_of(server), OLLAMA_CONTEXT_LENGTH="16384")
    assert config.pipelines["balanced"].layers[0].proposers == ["gemma3:4b"] * 3
    assert config.pipelines["balanced"].description.startswith("One model asked three times")
    assert config.models["gemma3:4b"].context_window == 16384


async def test_different_families_come_first() -> None:
    """With five models of two families, both families are used, and the line gives the counts."""
    names = {f"qwen3:{n}b": "qwen3" for n in range(1, 5)} | {"llama3.2": "llama"}
    async with ollama(names) as server:
        config, source = await chosen(OLLAMA_HOST=host_of(server))
    assert list(config.models) == ["qwen3:1b", "llama3.2", "qwen3:2b"]
    assert "(3 of 5 models)" in source


async def test_local_models_get_longer_deadlines() -> None:
    """They get more time than hosted models, no breaker opens meanwhile, and they cost nothing."""
    async with ollama() as server:
        config, _ = await chosen(OLLAMA_HOST=host_of(server))
    hosted, _ = default_config({"OPENAI_API_KEY": "k"})
    for name, pipeline in config.pipelines.items():
        assert pipeline.deadline_s > 2 * hosted.pipelines[name].deadline_s
        assert pipeline.aggregator_deadline_s > 2 * hosted.pipelines[name].aggregator_deadline_s
    for model in config.models.values():
        assert model.timeout_s >= 240
        assert model.breaker.silent_s >= 240
        assert model.price is not None
        assert model.price.output == 0


async def test_lm_studio_vllm_and_llama_cpp_are_asked() -> None:
    """Each server's description of its models is understood, and all servers are used together."""
    vllm = ModelServer({"Qwen/Qwen3-8B": Reply()}, owner="vllm")
    llama_cpp = ModelServer({"/models/phi-4-q4.gguf": Reply()}, owner="llamacpp")
    async with lm_studio() as studio, vllm, llama_cpp:
        addresses = ",".join(server.url for server in (studio, vllm, llama_cpp))
        servers = await found(MOA_LOCAL_SERVERS=addresses)
        config, source = await chosen(MOA_LOCAL_SERVERS=addresses)
    assert [[model.id for model in server.models] for server in servers] == [
        ["qwen3-8b", "gemma-3-4b"],
        ["Qwen/Qwen3-8B"],
        ["/models/phi-4-q4.gguf"],
    ]
    assert [server.name for server in servers[1:]] == ["vLLM", "llama.cpp"]
    assert servers[0].models[0].context_window == 6000
    assert set(config.models) == {"qwen3-8b", "phi-4-q4", "gemma-3-4b"}
    assert source == (
        f"LM Studio at {studio.openai_url}, llama.cpp at {llama_cpp.openai_url} "
        "(no key, no moa.toml)"
    )


@pytest.mark.parametrize("suffix", ["/v1", "", "/v1/"])
async def test_openai_base_url_alone_is_asked(suffix: str) -> None:
    """It needs no key, and a missing /v1 is added."""
    async with ModelServer({"own-1": Reply("Yes.")}) as server:
        config, source = await chosen(OPENAI_BASE_URL=server.url + suffix)
    assert config.models["own-1"].base_url == server.openai_url
    assert f"OPENAI_BASE_URL at {server.openai_url}" in source


async def test_openai_base_url_without_models_is_an_error() -> None:
    """The address was set on purpose, so nothing else is used instead."""
    with pytest.raises(ConfigurationError, match=r"^OPENAI_BASE_URL: no models are listed at http"):
        await chosen(OPENAI_BASE_URL="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    "name",
    [
        "nomic-embed-text:latest",
        "mxbai-embed-large",
        "BAAI/bge-m3",
        "bge-reranker-v2-m3",
        "Qwen/Qwen3-Reranker-0.6B",
        "text-embedding-3-small",
        "intfloat/e5-mistral-7b-instruct",
        "snowflake-arctic-embed2",
        "sentence-transformers/all-MiniLM-L6-v2",
        "openai/whisper-large-v3",
        "kokoro-tts",
        "llama-guard3:8b",
        "stable-diffusion-3.5",
        "black-forest-labs/FLUX.1-dev",
    ],
)
async def test_models_that_cannot_answer_are_left_out(name: str) -> None:
    """Models for embeddings, reranking, speech, images and moderation are left out."""
    async with ModelServer({name: Reply(), "tinyllama:1.1b": Reply()}) as server:
        [one] = await found(MOA_LOCAL_SERVERS=server.url)
    assert [model.id for model in one.models] == ["tinyllama:1.1b"]


@pytest.mark.parametrize(
    "name",
    [
        "llama3.3",
        "deepseek-r1:8b",
        "mistral-small",
        "Qwen/Qwen2.5-VL-7B-Instruct",
        "gpt-oss:20b",
        "phi4-mini",
        "smollm2:1.7b",
        "granite3.3:8b",
        "command-r7b",
        "starling-lm",
        "exaone3.5",
        "HuggingFaceTB/SmolLM3-3B",
    ],
)
async def test_models_that_can_answer_are_kept(name: str) -> None:
    """They are kept, whatever their names start with."""
    async with ModelServer({name: Reply()}) as server:
        [one] = await found(MOA_LOCAL_SERVERS=server.url)
    assert [model.id for model in one.models] == [name]


async def _hang(_: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.Response()


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def _redirect(_: web.Request) -> web.Response:
    raise web.HTTPFound("/v1/models")


async def _html(_: web.Request) -> web.Response:
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


async def _forbidden(_: web.Request) -> web.Response:
    return web.json_response({"error": "no"}, status=403)


async def _other_json(_: web.Request) -> web.Response:
    return web.json_response({"data": [{"id": 5, "model": "Golf"}]})


async def _a_list(_: web.Request) -> web.Response:
    return web.json_response(["llama"])


STRANGERS = (_hang, _drip, _redirect, _html, _forbidden, _other_json, _a_list)


@asynccontextmanager
async def strangers() -> AsyncGenerator[Sequence[str], None]:
    """Programs that have a model server's usual port but aren't one."""
    async with AsyncExitStack() as stack:
        addresses: list[str] = []
        for handler in STRANGERS:
            app = web.Application()
            app.router.add_get("/{path:.*}", handler)
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            addresses.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield addresses


async def test_other_programs_on_those_ports_are_ignored() -> None:
    """HTML, redirects, errors, other JSON, silence and endless bodies do no harm."""
    async with strangers() as addresses, ollama() as server:
        listed = ",".join([*addresses, server.url, "http://127.0.0.1:9"])
        assert [one.base_url for one in await found(MOA_LOCAL_SERVERS=listed)] == [
            server.openai_url
        ]


async def test_an_old_ollama_is_found_by_its_native_list() -> None:
    """Its native model list is used if the OpenAI-compatible one is missing."""

    async def tags(_: web.Request) -> web.Response:
        return web.json_response(
            {"models": [{"name": "llama3.2:3b"}, {"name": "nomic-embed-text"}]}
        )

    app = web.Application()
    app.router.add_get("/api/tags", tags)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    [server] = await found(OLLAMA_HOST=host)
    await runner.cleanup()
    assert (server.name, server.base_url) == ("Ollama", f"http://{host}/v1")
    assert [model.id for model in server.models] == ["llama3.2:3b"]


async def test_keys_and_files_take_precedence_over_servers(tmp_path: Path) -> None:
    """The order is moa.toml, keys, servers, embedded model; unused servers get no request."""
    async with ollama() as server:
        variables = {"OLLAMA_HOST": host_of(server), "ANTHROPIC_API_KEY": "k"}
        settings = await asyncio.to_thread(load, tmp_path, variables)
        assert settings.config_source == "ANTHROPIC_API_KEY (no moa.toml)"
        assert server.requests == []
        del variables["ANTHROPIC_API_KEY"]
        settings = await asyncio.to_thread(load, tmp_path, variables)
        assert settings.config_source.startswith("Ollama at ")


async def test_the_search_for_servers_can_be_disabled() -> None:
    """MOA_LOCAL_SERVERS=off disables it."""
    async with ollama() as server:
        assert await found(OLLAMA_HOST=host_of(server), MOA_LOCAL_SERVERS="off") == []
        assert server.requests == []


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:11500", "http://127.0.0.1:11500"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":11500", "http://127.0.0.1:11500"),
        ("gpu-box", "http://gpu-box:11434"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("https://gpu-box/ollama/", "https://gpu-box:443/ollama"),
        ("[::1]:11500", "http://[::1]:11500"),
        ("[::]", "http://127.0.0.1:11434"),
        ("gpu-box:many", "http://gpu-box:11434"),
    ],
)
def test_ollama_host_is_parsed_as_by_ollama(host: str, address: str) -> None:
    """It may be a host, a port, both or a URL. The address 0.0.0.0 means this machine."""
    assert ollama_address(host) == address
