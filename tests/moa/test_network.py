"""Company networks: proxies in every spelling, exceptions, and custom certificates."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from os import pathsep
from pathlib import Path

import pytest

from moa.environment import lookup_in
from moa.network import Network, UnusableNetworkError
from tests.moa.configured import ask_from
from tests.models import ModelServer, Reply
from tests.models.certificates import Company
from tests.models.proxy import Proxy
from tests.models.vendors import VendorServer

PROXY = "http://proxy.corp:3128"
GPT = 'provider = "openai"\nmodel = "m"\n'


def proxy_for(address: str, **variables: str) -> str | None:
    return Network(lookup_in(variables)).proxy_for(address)


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", "https_proxy", "Https_Proxy", "ALL_PROXY", "all_proxy"]
)
@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "wss://wss-primary.slack.com/"])
def test_a_proxy_may_be_set_by_any_variable(name: str, address: str) -> None:
    """The variable may be upper or lower case, or the one for all schemes."""
    assert proxy_for(address, **{name: PROXY}) == PROXY


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_each_scheme_has_its_own_proxy(name: str) -> None:
    """`http_proxy` is only for http, as in other programs."""
    assert proxy_for("http://models.corp/v1", **{name: PROXY}) == PROXY
    assert proxy_for("https://models.corp/v1", **{name: PROXY}) is None


def test_a_proxy_without_a_scheme_is_an_http_proxy() -> None:
    """This is curl's rule. Credentials in it are kept for the proxy."""
    assert proxy_for("https://a.example", HTTPS_PROXY="proxy.corp:3128") == PROXY
    secret = "http://user:p%40ss@proxy.corp:3128"
    assert proxy_for("https://a.example", HTTPS_PROXY=secret) == secret


EXEMPT = [
    ("https://models.corp/v1", "models.corp"),
    ("https://MODELS.corp/v1", "Models.Corp"),
    ("https://models.corp./v1", "models.corp"),
    ("https://eu.models.corp/v1", "models.corp"),
    ("https://eu.models.corp/v1", ".models.corp"),
    ("https://eu.models.corp/v1", "*.models.corp"),
    ("https://models.corp/v1", ".models.corp"),
    ("https://models.corp/v1", "other, models.corp"),
    ("https://models.corp/v1", "other models.corp"),
    ("https://models.corp/v1", "models.corp:443"),
    ("https://models.corp:8443/v1", "models.corp:8443"),
    ("https://models.corp/v1", "https://models.corp"),
    ("https://anything.example/v1", "*"),
    ("https://anything.example/v1", "localhost,*"),
    ("https://10.1.2.3/v1", "10.0.0.0/8"),
    ("https://10.1.2.3:8000/v1", "10.1.2.3"),
    ("https://10.1.2.3:8000/v1", "10.1.2.3:8000"),
    ("https://10.1.2.3/v1", "10.1.*"),
    ("https://[fd00::1]/v1", "fd00::/8"),
    ("https://[::1]:8000/v1", "::1"),
    ("https://[::1]:8000/v1", "[::1]"),
    ("https://[::1]:8000/v1", "[::1]:8000"),
]
PROXIED = [
    ("https://models.corp/v1", "notmodels.corp"),
    ("https://notmodels.corp/v1", "models.corp"),
    ("https://models.corp.evil.example/v1", "models.corp"),
    ("https://models.corp/v1", "models.corp:8443"),
    ("https://11.1.2.3/v1", "10.0.0.0/8"),
    ("https://models.corp/v1", "10.0.0.0/8"),
    ("https://models.corp/v1", ","),
    ("https://models.corp/v1", "models.corp/path"),
]


@pytest.mark.parametrize(("address", "exempt"), EXEMPT)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_exempts(address: str, exempt: str, name: str) -> None:
    """It may list hosts, domains with their subdomains, ports, networks, patterns and `*`."""
    assert proxy_for(address, HTTPS_PROXY=PROXY, **{name: exempt}) is None


@pytest.mark.parametrize(("address", "exempt"), PROXIED)
def test_no_proxy_exempts_nothing_else(address: str, exempt: str) -> None:
    """A name that only looks similar still goes through the proxy."""
    assert proxy_for(address, HTTPS_PROXY=PROXY, NO_PROXY=exempt) == PROXY


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("socks5://user:secret-word@proxy:1080", "a socks5:// proxy"),
        ("socks://proxy:1080", "a socks:// proxy"),
        ("socks5h://proxy:1080", "a socks5h:// proxy"),
        ("https://proxy:3129", "a https:// proxy"),
        ("http://", "no usable address"),
        ("http://proxy:port", "no usable address"),
        ("proxy:99999", "no usable address"),
    ],
)
def test_an_unusable_proxy_is_reported(value: str, says: str) -> None:
    """The message names the variable and its kind, and no password."""
    with pytest.raises(UnusableNetworkError) as raised:
        proxy_for("https://api.openai.com", all_proxy=value)
    assert says in str(raised.value)
    assert "all_proxy" in str(raised.value)
    assert "secret-word" not in str(raised.value)


def test_an_unusable_proxy_does_not_affect_exempt_servers() -> None:
    """A server in NO_PROXY is reached anyway."""
    assert proxy_for("https://in.corp", ALL_PROXY="socks5://p:1", NO_PROXY=".corp") is None


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
async def server(company: Company) -> AsyncGenerator[VendorServer, None]:
    async with VendorServer(tls=company.server("api.groq.com", "127.0.0.1")) as running:
        yield running


CERTIFICATES = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]


@pytest.mark.parametrize("variable", CERTIFICATES)
async def test_a_public_server_is_reached_through_a_company_proxy(
    server: VendorServer, company: Company, variable: str
) -> None:
    """A CONNECT tunnel leads to the service's own name, with the company's certificate."""
    async with Proxy(server.url, credentials="user:p@ss") as proxy:
        address = proxy.url.replace("//", "//user:p%40ss@")
        variables = {"HTTPS_PROXY": address, variable: str(company.file), "GROQ_API_KEY": "k" * 9}
        collected = await ask_from('provider = "groq"\nmodel = "m"', variables)
    assert (collected.text, collected.error) == ("Paris.", None)
    assert proxy.hosts == ["api.groq.com:443"]
    assert server.last.path == "/openai/v1/chat/completions"
    assert server.last.headers["authorization"] == "Bearer kkkkkkkkk"
    assert "proxy-authorization" not in server.last.headers


async def test_a_folder_of_certificates_is_read(
    server: VendorServer, company: Company, tmp_path: Path
) -> None:
    """SSL_CERT_DIR contains files named by their hash, as created by `openssl rehash`."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    asked = ("x509", "-hash", "-noout", "-in", str(company.file))
    openssl = await asyncio.create_subprocess_exec("openssl", *asked, stdout=PIPE)
    hashed = (await openssl.communicate())[0].decode().strip()
    (folder / f"{hashed}.0").write_bytes(company.file.read_bytes())
    lines = f'{GPT}base_url = "{server.url}/v1"'
    assert (await ask_from(lines, {"SSL_CERT_DIR": str(folder)})).text == "Paris."
    several = f"{tmp_path}{pathsep}{folder}"
    assert (await ask_from(lines, {"SSL_CERT_DIR": several})).text == "Paris."


def test_certificates_are_loaded_once_and_again_when_their_file_changes(
    company: Company, tmp_path: Path
) -> None:
    """Loading takes 70 ms; a renewed file is used from then on."""
    file = tmp_path / "authorities.pem"
    file.write_bytes(company.file.read_bytes())
    variables = {"SSL_CERT_FILE": str(file)}
    first = Network(variables.get).tls()
    assert Network(variables.get).tls() is first
    file.write_bytes(company.file.read_bytes() * 2)
    assert Network(variables.get).tls() is not first


async def test_a_plain_proxy_gets_its_credentials(company: Company) -> None:
    """Unencrypted requests have them too, and the model's server never sees them."""
    async with VendorServer() as server, Proxy(server.url, credentials="user:p@ss") as proxy:
        variables = {"ALL_PROXY": proxy.url.replace("//", "//user:p%40ss@")}
        collected = await ask_from(f'{GPT}base_url = "http://models.corp/v1"', variables)
    assert collected.text == "Paris."
    assert proxy.hosts == ["models.corp"]


async def test_an_untrusted_certificate_is_reported_as_such(server: VendorServer) -> None:
    """The message has OpenSSL's reason and the setting, instead of "could not be reached"."""
    collected = await ask_from(f'{GPT}base_url = "{server.url}/v1"')
    assert collected.kind == ("Rejected", "certificate")
    assert "self-signed" in str(collected.error) or "local issuer" in str(collected.error)
    assert "SSL_CERT_FILE" in str(collected.error)


async def test_a_certificate_for_another_host_is_reported_as_such(company: Company) -> None:
    """The message differs from that for an unknown authority."""
    async with VendorServer(tls=company.server("other.example")) as server:
        lines = f'{GPT}base_url = "{server.url}/v1"'
        collected = await ask_from(lines, {"SSL_CERT_FILE": str(company.file)})
    assert collected.kind == ("Rejected", "certificate")
    assert "127.0.0.1" in str(collected.error)


async def test_a_server_without_encryption_is_reported_as_such() -> None:
    """https:// in front of a plain server is a common mistake."""
    async with ModelServer({"m": Reply("Paris.")}) as server:
        address = server.openai_url.replace("http:", "https:")
        collected = await ask_from(f'{GPT}base_url = "{address}"')
    assert collected.kind == ("Unavailable", "connection")
    assert "http://" in str(collected.error)


@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_an_unusable_certificate_file_is_named(
    server: VendorServer, tmp_path: Path, content: str | None
) -> None:
    """A missing file and one in another format are reported, not ignored."""
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    collected = await ask_from(f'{GPT}base_url = "{server.url}/v1"', {"SSL_CERT_FILE": str(path)})
    assert collected.kind == ("Rejected", "certificate")
    assert "SSL_CERT_FILE" in str(collected.error)


async def test_a_refusing_proxy_is_reported_as_such(server: VendorServer, company: Company) -> None:
    """Wrong credentials, a forbidden host and an unreachable proxy have their own messages."""
    lines = f'{GPT}base_url = "{server.url}/v1"'
    trusted = {"SSL_CERT_FILE": str(company.file)}
    async with Proxy(server.url, credentials="user:right") as proxy:
        collected = await ask_from(lines, trusted | {"HTTPS_PROXY": proxy.url})
        assert collected.kind == ("Unavailable", "proxy")
        assert "407" in str(collected.error)
    async with Proxy(server.url, refuses=403) as proxy:
        collected = await ask_from(lines, trusted | {"https_proxy": proxy.url})
        assert "403" in str(collected.error)
    collected = await ask_from(lines, trusted | {"HTTPS_PROXY": proxy.url})
    assert collected.kind == ("Unavailable", "proxy")
    assert "proxy" in str(collected.error)
    assert server.seen == []
