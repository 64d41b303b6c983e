"""docs/models.md: each of its configurations works with a server like the real one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import moa
from moa.access import base_url_of
from moa.environment import lookup_in
from moa.pipeline.config import Config
from moa.pipeline.provider_presets import PRESETS
from moa.pipeline.toml_file import read_toml
from tests.models.certificates import Company
from tests.models.proxy import Proxy
from tests.models.vendors import KEY, VendorServer

GUIDE = Path(__file__).parents[1] / "docs" / "models.md"
NAMED = {"VERTEX_TOKEN", "VLLM_API_KEY", "GATEWAY_KEY", "COST_CENTRE"}
KEYS = {name: KEY for preset in PRESETS.values() for name in preset.key_variables} | dict.fromkeys(
    NAMED, KEY
)
CLOUD_HOSTS = (
    "bedrock-runtime.eu-central-1.amazonaws.com",
    "europe-west1-aiplatform.googleapis.com",
)
DEFAULT_HOSTS = ("api.openai.com", "api.anthropic.com")
WORKED = (
    "OpenAI",
    "Anthropic",
    "Azure OpenAI",
    "Amazon Bedrock",
    "Google Vertex",
    "Gemini",
    "OpenRouter",
    "Groq",
    "Mistral",
    "DeepSeek",
    "Ollama",
    "LM Studio",
    "vLLM",
    "llama.cpp",
    "Any other gateway",
    "Scripted models",
    "Headers",
    "Local servers",
)


def blocks() -> Iterator[tuple[str, str]]:
    """Return heading and text of each TOML block."""
    heading = ""
    pattern = re.compile(r"^## ([^\n]+)$|^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for found in pattern.finditer(GUIDE.read_text(encoding="utf-8")):
        heading = found[1] or heading
        if found[2]:
            yield heading, found[2]


BLOCKS = [*blocks()]


def with_pipeline(text: str) -> str:
    """Return the block as a complete file: if it has no pipelines, one is added for its models."""
    if "[pipelines." in text:
        return text
    names = re.findall(r"^\[models\.([\w-]+)\]$", text, re.MULTILINE)
    return f"{text}\n[pipelines.p]\naggregator = {names}\n"


def hosts_of(config: Config, variables: Mapping[str, str]) -> set[str]:
    addresses = [base_url_of(table, lookup_in(variables)) for table in config.models.values()]
    named = {urlsplit(address).hostname for address in addresses if address}
    return {host for host in named if host} | {*CLOUD_HOSTS, *DEFAULT_HOSTS}


@pytest.mark.parametrize(
    ("heading", "text"), BLOCKS, ids=[f"{n}-{heading}" for n, (heading, _) in enumerate(BLOCKS)]
)
async def test_a_configuration_of_the_guide_works(tmp_path: Path, heading: str, text: str) -> None:
    """Each pipeline answers: addresses, paths, queries and credentials are the service's.

    A proxy forwards requests for public names to a loopback server, which checks them.
    """
    path = tmp_path / "moa.toml"
    path.write_text(with_pipeline(text), encoding="utf-8")
    hosts = hosts_of(Config.from_table(read_toml(path)), KEYS)
    company = Company(tmp_path)
    async with (
        VendorServer(tls=company.server(*hosts)) as hosted,
        VendorServer() as local,
        Proxy(hosted.url) as secure,
        Proxy(local.url) as plain,
    ):
        network = {
            "HTTPS_PROXY": secure.url,
            "HTTP_PROXY": plain.url,
            "SSL_CERT_FILE": str(company.file),
        }
        async with moa.load(path, variables=KEYS | network) as pipelines:
            for plan in pipelines.values():
                outcome = await moa.ask(plan, "What is the capital of France?")
                assert (outcome.reply, outcome.status) == ("Paris.", "complete"), heading
                assert all(call.error_kind is None for call in outcome.calls)
    assert all(KEY in str(seen.headers) for seen in hosted.seen)


def test_each_server_has_a_section() -> None:
    """The section has at least one configuration."""
    assert {heading for heading, _ in BLOCKS} >= set(WORKED)


def test_the_table_has_every_provider() -> None:
    """The row has its address and the variable of its key."""
    text = GUIDE.read_text(encoding="utf-8")
    for name, preset in PRESETS.items():
        row = next(
            line for line in text.splitlines() if line.startswith("| `") and f"`{name}`" in line
        )
        assert all(f"`{variable}`" in row for variable in preset.key_variables)
        assert (preset.base_url or "") in row
