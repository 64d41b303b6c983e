"""Short names for servers, headers, and credentials in addresses."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import moa
from moa import PipelineError
from moa.access import base_url_of, unset_variable
from moa.addresses import shown_address
from moa.environment import lookup_in
from moa.pipeline.config import ModelDefinition
from moa.pipeline.provider_presets import PRESETS
from tests.moa.configured import ask_from, model_from
from tests.models.certificates import Company
from tests.models.proxy import Proxy
from tests.models.vendors import KEY, VendorServer

CHAT = {name: preset for name, preset in PRESETS.items() if preset.api == "openai"}
HOSTED = [name for name, preset in CHAT.items() if preset.needs_key and preset.base_url]
OWN_SERVERS = [name for name, preset in CHAT.items() if not preset.needs_key]
GPT = 'provider = "openai"\nmodel = "m"\n'
CLAUDE = 'provider = "anthropic"\nmodel = "m"\n'
OURS = {
    "OPENAI_API_KEY": "openai-key-1",
    "OPENAI_ORG_ID": "org-1",
    "OPENAI_PROJECT_ID": "proj-1",
    "OPENAI_CUSTOM_HEADERS": "X-Ours: openai",
    "ANTHROPIC_API_KEY": "anthropic-key-1",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Ours: anthropic\nX-Team: moa",
}


@pytest.fixture
async def server() -> AsyncGenerator[VendorServer, None]:
    async with VendorServer() as running:
        yield running


@asynccontextmanager
async def internet(
    folder: Path, *hosts: str
) -> AsyncGenerator[tuple[VendorServer, Proxy, dict[str, str]], None]:
    """Run a server for public names and the proxy to it; yield them with their variables."""
    company = Company(folder)
    async with VendorServer(tls=company.server(*hosts)) as server, Proxy(server.url) as proxy:
        yield server, proxy, {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(company.file)}


@pytest.mark.parametrize("provider", HOSTED)
async def test_a_name_selects_a_service_and_its_key(tmp_path: Path, provider: str) -> None:
    """The question reaches the service's own host and path, with the key from its own variable."""
    preset = PRESETS[provider]
    url = urlsplit(preset.base_url or "")
    async with internet(tmp_path, url.hostname or "") as (server, proxy, variables):
        lines = f'provider = "{provider}"\nmodel = "some/model"'
        collected = await ask_from(lines, variables | OURS | {preset.key_variables[-1]: KEY})
    assert (collected.text, collected.error) == ("Paris.", None)
    assert proxy.hosts == [f"{url.hostname}:443"]
    assert server.last.path == f"{url.path}/chat/completions"
    assert server.last.headers["authorization"] == f"Bearer {KEY}"
    assert server.last.body["model"] == "some/model"
    assert not {"openai-organization", "openai-project", "x-ours"} & server.last.headers.keys()


@pytest.mark.parametrize("provider", OWN_SERVERS)
def test_a_name_selects_a_local_server(provider: str) -> None:
    """Local servers are expected on their usual ports, and need no key."""
    model_from(f'provider = "{provider}"\nmodel = "m"', {})
    url = urlsplit(PRESETS[provider].base_url or "")
    assert (url.hostname, url.path) == ("localhost", "/v1")


async def test_a_name_may_have_another_address(server: VendorServer) -> None:
    """A base_url changes only the address; the service's key is not sent there."""
    lines = f'provider = "groq"\nmodel = "m"\nbase_url = "{server.url}/v1"'
    assert (await ask_from(lines, {"GROQ_API_KEY": KEY})).text == "Paris."
    assert KEY not in str(server.last.headers)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:11435", "http://127.0.0.1:11435/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999/v1"),
        (":5000", "http://127.0.0.1:5000/v1"),
        ("gpu.corp", "http://gpu.corp:11434/v1"),
        ("http://gpu.corp:11434/", "http://gpu.corp:11434/v1"),
        ("https://ollama.corp", "https://ollama.corp:443/v1"),
        ("https://ollama.corp/v1", "https://ollama.corp:443/v1"),
        ("[::1]:11434", "http://[::1]:11434/v1"),
    ],
)
def test_ollama_is_found_at_its_variables_address(host: str, address: str) -> None:
    """OLLAMA_HOST may have any form that Ollama accepts."""
    table = ModelDefinition(provider="ollama", model="m")
    assert base_url_of(table, lookup_in({"OLLAMA_HOST": host})) == address


async def test_a_reference_may_use_a_name(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`moa.ask(models=["ollama:…"])` needs neither a key nor a file."""
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    outcome = await moa.ask("What is the capital of France?", models=["ollama:llama3.2:3b"])
    assert outcome.reply == "Paris."
    assert server.last.body["model"] == "llama3.2:3b"
    with pytest.raises(PipelineError, match="Set GROQ_API_KEY"):
        await moa.ask("Why?", models=["groq:m"])


@pytest.mark.parametrize("wrong", ["olama", "open-router", "Gemini"])
def test_an_unknown_name_is_explained(wrong: str) -> None:
    """The message lists the closest name and all others."""
    with pytest.raises(PipelineError) as raised:
        model_from(f'provider = "{wrong}"\nmodel = "m"', {})
    assert "Did you mean" in str(raised.value)
    assert "openrouter" in str(raised.value)


async def test_headers_are_sent(server: VendorServer) -> None:
    """`env:NAME` is replaced by the variable, also after a scheme; other values are unchanged."""
    lines = (
        f'{GPT}base_url = "{server.url}/v1"\n[headers]\nX-Team = "moa"\nX-Token = "env:TOKEN"\n'
        'authorization = "Bearer env:TOKEN"'
    )
    assert (await ask_from(lines, {"TOKEN": "token-1"})).text == "Paris."
    sent = server.last.headers
    assert (sent["x-team"], sent["x-token"], sent["authorization"]) == (
        "moa",
        "token-1",
        "Bearer token-1",
    )


async def test_a_header_may_contain_the_key(server: VendorServer) -> None:
    """Then there is no Authorization header, which some gateways reject."""
    for base in (f'{GPT}base_url = "{server.url}/v1"', f'{CLAUDE}base_url = "{server.url}"'):
        assert (await ask_from(f'{base}\nheaders = {{ x-api-key = "env:K" }}', {"K": KEY})).text
        assert server.last.headers["x-api-key"] == KEY
        assert "authorization" not in server.last.headers


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ('{ "X A" = "1" }', "invalid header name"),
        ('{ Host = "x" }', "Host"),
        ('{ X-A = "a\\nb" }', "invalid character"),
        ("{ X-A = 1 }", "must be text"),
    ],
)
def test_a_wrong_header_is_found_before_any_call(headers: str, says: str) -> None:
    """The message names the header or the variable, never a value."""
    lines = f'{GPT}base_url = "http://localhost/v1"\nheaders = {headers}'
    with pytest.raises(PipelineError, match=says):
        model_from(lines, {})


def test_an_unset_variable_in_a_header_is_named() -> None:
    """As with a missing key, this happens before any call."""
    table = ModelDefinition(provider="ollama", model="m", headers={"X-A": "Bearer env:MISSING"})
    assert unset_variable(table, lookup_in({})) == "MISSING"


async def test_organisation_and_project_are_sent_to_openai(server: VendorServer) -> None:
    """They are sent only with the OpenAI key, and come from the same source."""
    assert (await ask_from(GPT, OURS | {"OPENAI_BASE_URL": f"{server.url}/v1"})).text == "Paris."
    sent = server.last.headers
    assert (sent["openai-organization"], sent["openai-project"]) == ("org-1", "proj-1")
    assert (sent["authorization"], sent["x-ours"]) == ("Bearer openai-key-1", "openai")


async def test_our_headers_go_to_no_third_party(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDKs would send organisation, project and custom headers to any address."""
    for name, value in OURS.items():
        monkeypatch.setenv(name, value)
    aws = {"AWS_BEARER_TOKEN_BEDROCK": KEY, "AWS_REGION": "eu-west-1"}
    vertex = 'provider = "vertex"\nmodel = "m"\nproject = "p"\napi_key_env = "KEY"\n'
    azure = 'provider = "azure"\nmodel = "my-gpt"\napi_version = "2024-10-21"\n'
    for lines in (
        f'{GPT}base_url = "{server.url}/v1"',
        f'{CLAUDE}base_url = "{server.url}"',
        f'provider = "bedrock"\nmodel = "m"\nbase_url = "{server.url}"',
        f'{vertex}base_url = "{server.url}/v1"',
        f'{azure}base_url = "{server.url}"',
    ):
        variables = OURS | aws | {"KEY": KEY, "AZURE_OPENAI_API_KEY": KEY}
        assert (await ask_from(lines, variables)).text == "Paris."
        sent = str(server.last.headers)
        assert not [value for value in ("org-1", "proj-1", "x-ours", "x-team") if value in sent]
        assert not [value for value in ("openai-key-1", "anthropic-key-1") if value in sent]


@pytest.mark.parametrize(
    ("lines", "variables"),
    [(GPT, {"OPENAI_API_KEY": "openai-key-1"}), (CLAUDE, {"ANTHROPIC_API_KEY": "k-12345678"})],
)
async def test_custom_headers_reach_their_own_vendor(
    server: VendorServer, lines: str, variables: dict[str, str]
) -> None:
    """OPENAI_CUSTOM_HEADERS and ANTHROPIC_CUSTOM_HEADERS work, from .env as well."""
    addresses = {"OPENAI_BASE_URL": f"{server.url}/v1", "ANTHROPIC_BASE_URL": server.url}
    assert (await ask_from(lines, OURS | addresses | variables)).text == "Paris."
    assert server.last.headers["x-ours"] in {"openai", "anthropic"}


async def test_a_token_replaces_anthropics_key(server: VendorServer) -> None:
    """ANTHROPIC_AUTH_TOKEN is sent as a bearer token; the key wins if both are set."""
    variables = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_AUTH_TOKEN": "token-12345678"}
    assert (await ask_from(CLAUDE, variables)).text == "Paris."
    assert server.last.headers["authorization"] == "Bearer token-12345678"
    assert (await ask_from(CLAUDE, variables | {"ANTHROPIC_API_KEY": "key-12345678"})).text
    assert "token-12345678" not in str(server.last.headers)


@pytest.mark.parametrize("lines", [GPT, CLAUDE], ids=["openai", "anthropic"])
async def test_credentials_and_queries_in_an_address_work(server: VendorServer, lines: str) -> None:
    """Credentials become a Basic header, and the query is added to every request."""
    path = "/v1" if lines is GPT else ""
    place = server.url.replace("//", "//user:p%40ss@")
    collected = await ask_from(f'{lines}base_url = "{place}{path}?api-version=7&team=a%20b"')
    assert (collected.text, collected.error) == ("Paris.", None)
    assert server.last.headers["authorization"] == f"Basic {b64encode(b'user:p@ss').decode()}"
    assert dict(server.last.query) == {"api-version": "7", "team": "a b"}


def test_an_address_is_shown_without_its_secrets() -> None:
    """Credentials are hidden wherever an address is displayed."""
    shown = shown_address("https://user:p@ss-word@gateway.corp/v1?key=sk-abcdefghijkl0123456789")
    assert shown.startswith("https://gateway.corp/v1")
    assert "ss-word" not in shown
    assert "abcdefghijkl" not in shown
    assert shown_address("http://localhost:11434/v1") == "http://localhost:11434/v1"
