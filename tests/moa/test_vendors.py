"""Azure OpenAI, Bedrock and Vertex are called as these services require."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from moa import PipelineError
from moa.providers import Endpoints, azure, cloud_clients
from tests.moa.configured import ask_from, model_from
from tests.models import Reply
from tests.models.vendors import AWS_SECRET, KEY, TOKEN, VendorServer

AZURE = 'provider = "azure"\nmodel = "my-gpt"\n'
BEDROCK = 'provider = "bedrock"\nmodel = "us.anthropic.claude-sonnet-5-5-v1:0"\n'
VERTEX = 'provider = "vertex"\nmodel = "claude-sonnet-5-5@20260901"\n'
AWS_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": AWS_SECRET}


@pytest.fixture
async def server() -> AsyncGenerator[VendorServer, None]:
    async with VendorServer() as running:
        yield running


@pytest.mark.parametrize("path", ["", "/", "/openai", "/openai/", "/openai/deployments/my-gpt"])
async def test_azure_is_called_by_deployment(server: VendorServer, path: str) -> None:
    """With an API version, a question goes to the deployment, for any copied address."""
    lines = f'{AZURE}api_version = "2024-10-21"\nbase_url = "{server.url}{path}"'
    collected = await ask_from(lines, {"AZURE_OPENAI_API_KEY": KEY})
    assert (collected.text, collected.stop, collected.error) == ("Paris.", "end", None)
    assert server.last.path == "/openai/deployments/my-gpt/chat/completions"
    assert dict(server.last.query) == {"api-version": "2024-10-21"}
    assert server.last.headers["api-key"] == KEY
    assert "authorization" not in server.last.headers


@pytest.mark.parametrize("path", ["", "/openai", "/openai/v1/"])
async def test_azure_without_a_version_uses_its_newest_api(server: VendorServer, path: str) -> None:
    """`/openai/v1` needs no version and finds the deployment in the request."""
    lines = f'{AZURE}base_url = "{server.url}/azure{path}"'
    assert (await ask_from(lines, {"AZURE_OPENAI_API_KEY": KEY})).text == "Paris."
    assert server.last.path == "/azure/openai/v1/chat/completions"
    assert server.last.body["model"] == "my-gpt"


async def test_azure_is_found_by_its_variables(server: VendorServer) -> None:
    """The variables in Azure's own examples are enough; a query in the address works too."""
    variables = {"AZURE_OPENAI_ENDPOINT": server.url, "AZURE_OPENAI_API_KEY": KEY}
    assert (
        await ask_from(AZURE, variables | {"OPENAI_API_VERSION": "2025-01-01"})
    ).text == "Paris."
    assert server.last.query["api-version"] == "2025-01-01"
    lines = f'{AZURE}base_url = "{server.url}?api-version=2024-06-01"'
    assert (await ask_from(lines, variables)).text == "Paris."
    assert server.last.query["api-version"] == "2024-06-01"


@pytest.mark.parametrize(
    ("lines", "variables"),
    [
        ("", {"AZURE_OPENAI_AD_TOKEN": KEY}),
        ("", {"AZURE_OPENAI_AD_TOKEN": TOKEN}),
        ('api_key_env = "ENTRA"', {"ENTRA": TOKEN}),
        ('headers = { Authorization = "Bearer env:ENTRA" }', {"ENTRA": TOKEN}),
    ],
)
async def test_azure_accepts_entra_tokens(
    server: VendorServer, lines: str, variables: Mapping[str, str]
) -> None:
    """A token is sent as a bearer token, never as a key."""
    collected = await ask_from(f'{AZURE}base_url = "{server.url}/azure"\n{lines}', variables)
    assert collected.text == "Paris."
    assert "api-key" not in server.last.headers


async def test_azure_errors_are_distinguished(server: VendorServer) -> None:
    """A wrong key and an unknown deployment have different messages."""
    address = f'base_url = "{server.url}/azure"'
    collected = await ask_from(f"{AZURE}{address}", {"AZURE_OPENAI_API_KEY": "wrong-key-000"})
    assert collected.kind == ("Rejected", "auth")
    lines = f'provider = "azure"\nmodel = "other"\n{address}'
    collected = await ask_from(lines, {"AZURE_OPENAI_API_KEY": KEY})
    assert collected.kind == ("Rejected", "not_found")


def test_azure_needs_an_address() -> None:
    """The message says where to find it, before any call."""
    with pytest.raises(PipelineError, match="AZURE_OPENAI_ENDPOINT"):
        model_from(AZURE, {"AZURE_OPENAI_API_KEY": KEY})


@pytest.mark.parametrize(
    ("base_url", "version", "address"),
    [
        ("https://r.openai.azure.com", None, "/openai/v1"),
        ("https://r.openai.azure.com?api-version=preview", None, "/openai/v1?api-version=preview"),
        ("https://r.openai.azure.com/openai/v1", "v1", "/openai/v1?api-version=v1"),
        (
            "https://r.openai.azure.com/",
            "2024-10-21",
            "/openai/deployments/d%2F1?api-version=2024-10-21",
        ),
        (
            "https://r.openai.azure.com/openai/deployments/x/chat/completions?api-version=2024",
            None,
            "/openai/deployments/x?api-version=2024",
        ),
    ],
)
def test_any_part_of_an_azure_address_will_do(
    base_url: str, version: str | None, address: str
) -> None:
    """Any form that Azure's pages offer works, from the resource to the full target URI."""
    expected = f"https://r.openai.azure.com{address}"
    assert azure.deployment_address(base_url, "d/1", version) == expected


async def test_bedrock_requests_are_signed_and_streams_are_read(server: VendorServer) -> None:
    """With AWS keys the request has a valid SigV4 signature; the event stream becomes text."""
    lines = f'{BEDROCK}base_url = "{server.url}"\nregion = "eu-west-1"'
    collected = await ask_from(lines, AWS_KEYS)
    assert (collected.text, collected.stop, collected.error) == ("Paris.", "end", None)
    assert collected.usage is not None
    assert collected.usage.output_tokens == 1
    sent = server.last
    assert sent.path.startswith("/model/us.anthropic.claude-sonnet-5-5-v1")
    assert sent.path.endswith("/invoke-with-response-stream")
    assert "/eu-west-1/bedrock/aws4_request" in sent.headers["authorization"]
    assert not {"model", "stream"} & sent.body.keys()


async def test_bedrock_accepts_session_tokens_and_api_keys(server: VendorServer) -> None:
    """A session token is signed and sent; a Bedrock API key is a bearer token."""
    lines = f'{BEDROCK}base_url = "{server.url}"'
    variables = AWS_KEYS | {"AWS_SESSION_TOKEN": "session-1", "AWS_REGION": "us-east-1"}
    assert (await ask_from(lines, variables)).text == "Paris."
    assert server.last.headers["x-amz-security-token"] == "session-1"
    variables = {"AWS_BEARER_TOKEN_BEDROCK": KEY, "AWS_DEFAULT_REGION": "us-east-1"}
    assert (await ask_from(lines, variables)).text == "Paris."
    assert server.last.headers["authorization"] == f"Bearer {KEY}"


async def test_bedrock_streams_long_answers() -> None:
    """Hundreds of frames, split anywhere by the network, are reassembled."""
    text = " ".join(f"word{number}" for number in range(800))
    async with VendorServer(Reply(text)) as server:
        collected = await ask_from(
            f'{BEDROCK}base_url = "{server.url}"\nregion = "eu-west-1"', AWS_KEYS
        )
    assert (collected.text, collected.error) == (text, None)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("throttlingException", ("RateLimited", "rate_limited")),
        ("modelTimeoutException", ("Unavailable", "timeout")),
        ("internalServerException", ("Unavailable", "unavailable")),
        ("serviceUnavailableException", ("Unavailable", "overloaded")),
    ],
)
async def test_an_exception_inside_a_bedrock_stream_ends_the_answer(
    kind: str, says: tuple[str, str]
) -> None:
    """It is classified like the same error before a stream."""
    async with VendorServer(aws_error=(kind, "Something is wrong.")) as server:
        lines = f'{BEDROCK}base_url = "{server.url}"\nregion = "eu-west-1"'
        assert (await ask_from(lines, AWS_KEYS)).kind == says


async def test_wrong_aws_keys_are_reported_as_such(server: VendorServer) -> None:
    """The server rejects a signature with another secret, as the service does."""
    lines = f'{BEDROCK}base_url = "{server.url}"\nregion = "eu-west-1"'
    collected = await ask_from(lines, AWS_KEYS | {"AWS_SECRET_ACCESS_KEY": "another-secret"})
    assert collected.kind == ("Rejected", "auth")
    assert collected.error is not None
    assert "UnrecognizedClient" not in str(collected.error)


async def test_missing_aws_settings_are_named(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a region or credentials, the message says which variables to set."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lines = f'{BEDROCK}base_url = "{server.url}"'
    collected = await ask_from(lines, {})
    assert collected.kind == ("Rejected", "auth")
    assert "AWS_REGION" in str(collected.error)
    collected = await ask_from(f'{lines}\nregion = "eu-west-1"', {})
    assert collected.kind == ("Rejected", "auth")
    assert "AWS_ACCESS_KEY_ID" in str(collected.error)


async def test_vertex_is_called_at_its_path(server: VendorServer) -> None:
    """Project, region and model are in the path, and the token is a bearer token."""
    lines = (
        f'{VERTEX}base_url = "{server.url}/v1"\nregion = "europe-west1"\nproject = "my-project"\n'
        'api_key_env = "TOKEN"'
    )
    collected = await ask_from(lines, {"TOKEN": KEY})
    assert (collected.text, collected.stop, collected.error) == ("Paris.", "end", None)
    assert server.last.path.replace("%40", "@").replace("%3A", ":") == (
        "/v1/projects/my-project/locations/europe-west1/publishers/anthropic/models/"
        "claude-sonnet-5-5@20260901:streamRawPredict"
    )
    assert "model" not in server.last.body
    assert server.last.body["stream"] is True


async def test_vertex_uses_a_service_account(server: VendorServer, tmp_path: Path) -> None:
    """GOOGLE_APPLICATION_CREDENTIALS names a key file, which is used to get tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "from-the-file",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": "bot@from-the-file.iam.gserviceaccount.com",
        "token_uri": f"{server.url}/token",
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account), encoding="utf-8")
    collected = await ask_from(
        f'{VERTEX}base_url = "{server.url}/v1"', {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}
    )
    assert (collected.text, collected.error) == ("Paris.", None)
    assert "/projects/from-the-file/locations/global/" in server.last.path


async def test_wrong_google_settings_are_named(server: VendorServer, tmp_path: Path) -> None:
    """A rejected token, a missing key file and a missing project have different messages."""
    lines = f'{VERTEX}base_url = "{server.url}/v1"\n'
    token = 'api_key_env = "TOKEN"\nproject = "p"'
    assert (await ask_from(lines + token, {"TOKEN": "x"})).kind == ("Rejected", "auth")
    missing = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")}
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str((await ask_from(lines, missing)).error)
    collected = await ask_from(f'{lines}api_key_env = "TOKEN"', {"TOKEN": KEY})
    assert "project" in str(collected.error)


@pytest.mark.parametrize(
    ("lines", "package"), [(BEDROCK, "boto3"), (VERTEX, "google.auth")], ids=["bedrock", "vertex"]
)
async def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, lines: str, package: str
) -> None:
    """Without the extra, the message has the command that installs it."""
    real = cloud_clients.find_spec

    def find(name: str) -> object:
        return None if name == package else real(name)

    monkeypatch.setattr(cloud_clients, "find_spec", find)
    async with Endpoints() as endpoints:
        with pytest.raises(PipelineError, match=r"pip install 'anthropic\["):
            model_from(lines, {}, endpoints)
