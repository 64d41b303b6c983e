"""Behind a company's proxy and with its certificates, `ask` and `check` work, from `.env` too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.playground.server import LocalSlack
from tests.cli.command import moa_bot
from tests.models import ModelServer, Redirect, Reply
from tests.models.certificates import Company
from tests.models.proxy import Proxy
from tests.models.vendors import VendorServer

MODEL = '[models.m]\nprovider = "{provider}"\nmodel = "m"\n{lines}\n'
PIPELINE = '[pipelines.p]\naggregator = "m"\n'


def configure(folder: Path, provider: str, lines: str = "", **variables: str) -> None:
    text = MODEL.format(provider=provider, lines=lines) + PIPELINE
    (folder / "moa.toml").write_text(text, encoding="utf-8")
    env = "".join(f"{name}={value}\n" for name, value in variables.items())
    (folder / ".env").write_text(env, encoding="utf-8")


@pytest.mark.parametrize("spelling", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_in_dotenv_leads_to_a_model(tmp_path: Path, spelling: str) -> None:
    """Setting it in `.env`, where people put it, is enough."""
    company = Company(tmp_path)
    async with (
        VendorServer(tls=company.server("api.mistral.ai")) as server,
        Proxy(server.url) as proxy,
    ):
        variables = {spelling: proxy.url, "SSL_CERT_FILE": str(company.file)}
        configure(tmp_path, "mistral", MISTRAL_API_KEY="mistral-key-1", **variables)
        result = await moa_bot(tmp_path, "ask", "Where?")
    assert (result.code, "Paris." in result.out) == (0, True)
    assert set(proxy.hosts) == {"api.mistral.ai:443"}


@pytest.mark.parametrize("command", [("ask", "Where?"), ("check",)], ids=["ask", "check"])
async def test_an_unusable_proxy_is_reported(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The message explains it, and nothing is sent around the proxy."""
    async with ModelServer({"m": Reply("Paris.")}) as server:
        lines = f'base_url = "{server.openai_url}"'
        configure(tmp_path, "openai", lines, ALL_PROXY="socks5://user:pass-word@127.0.0.1:9")
        result = await moa_bot(tmp_path, *command)
        assert result.code == 1
        assert "a socks5:// proxy" in result.out + result.err
        assert "pass-word" not in result.out + result.err
        assert server.requests == []


@pytest.mark.parametrize("command", [("ask", "Where?"), ("check",)], ids=["ask", "check"])
async def test_an_untrusted_certificate_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The message says which setting adds the certificate."""
    company = Company(tmp_path)
    async with VendorServer(tls=company.server("127.0.0.1")) as server:
        configure(tmp_path, "openai", f'base_url = "{server.url}/v1"')
        result = await moa_bot(tmp_path, *command)
    assert result.code == 1
    assert "isn't trusted" in result.out + result.err
    assert "SSL_CERT_FILE" in result.out + result.err


@pytest.mark.parametrize("command", [("ask", "Where?"), ("check",)], ids=["ask", "check"])
async def test_a_moved_server_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    """The new address can be copied from the message."""
    async with ModelServer() as server:
        place = "https://new.example.com/api/v1/chat/completions"
        server.models["m"] = Reply(fault=Redirect(place, 301))
        configure(tmp_path, "openai", f'base_url = "{server.openai_url}"')
        result = await moa_bot(tmp_path, *command)
    assert 'Set base_url = "https://new.example.com/api/v1".' in result.out + result.err


@asynccontextmanager
async def encrypted(url: str, company: Company, host: str) -> AsyncGenerator[str, None]:
    """Serve https in front of a plain server, like Slack."""
    port = urlsplit(url).port

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            await asyncio.gather(copy(reader, back), copy(there, writer))

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(lead, "127.0.0.1", 0, ssl=company.server(host))
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


SCRIPTED = ("scripted", 'reply = "x"')


async def test_slack_is_reached_through_the_proxy(tmp_path: Path) -> None:
    """It uses the company's certificate, and also works if only ALL_PROXY is set."""
    company = Company(tmp_path)
    async with (
        LocalSlack() as slack,
        encrypted(slack.api_url, company, "slack.com") as address,
        Proxy(address) as proxy,
    ):
        tokens = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": "https://slack.com/api/",
        }
        trusted = {"ALL_PROXY": proxy.url, "SSL_CERT_FILE": str(company.file)}
        configure(tmp_path, *SCRIPTED, **tokens, **trusted)
        result = await moa_bot(tmp_path, "check")
        assert "SLACK_APP_TOKEN: accepted" in result.out, result.out
        assert set(proxy.hosts) == {"slack.com:443"}
        configure(tmp_path, *SCRIPTED, **tokens, ALL_PROXY=proxy.url)
        result = await moa_bot(tmp_path, "check")
        assert "its certificate isn't trusted" in result.out
        configure(tmp_path, *SCRIPTED, **tokens, ALL_PROXY="socks4://127.0.0.1:9")
        assert "a socks4:// proxy" in (await moa_bot(tmp_path, "check")).out


async def test_slack_may_be_exempt_from_the_proxy(tmp_path: Path) -> None:
    """NO_PROXY applies to Slack too, whatever the environment tells Slack's SDK."""
    async with LocalSlack() as slack, Proxy("http://127.0.0.1:9", refuses=403) as proxy:
        tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
        configure(tmp_path, *SCRIPTED, **tokens)
        variables = {"HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url}
        result = await moa_bot(tmp_path, "check", variables=variables)
        assert "in the workspace" not in result.out
        exempt = variables | {"NO_PROXY": "127.0.0.0/8"}
        result = await moa_bot(tmp_path, "check", variables=exempt)
        assert "SLACK_BOT_TOKEN: " in result.out
        assert "in the workspace" in result.out
