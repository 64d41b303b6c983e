"""Every setting explains an invalid value in words, and shows no secret."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ConfigurationError
from bot.models import model_catalogue
from bot.settings import load
from moa import PipelineError
from moa.addresses import address_problem, shown_address
from moa.providers import Endpoints
from moa.redaction import redacted
from tests.cli.command import configure, moa_bot, pipeline, scripted

CONFIG = """
default_pipeline = "main"

[models.gpt]
provider = "openai"
model = "gpt"

[models.own]
provider = "anthropic"
model = "own"
base_url = {url}
api_key_env = "OWN_KEY"

[pipelines.main]
aggregator = "gpt"
"""
SECRET = "hunter2-hunter2"
NAMES = [
    *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL"),
    *("DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OWN_KEY"),
]
ADDRESSES = [
    f"https://ana:{SECRET}@host/v1",
    f"https://{SECRET}@host/v1",
    f"ana:{SECRET}@host",
    f"postgresql://ana:{SECRET}@[::1",
    f"postgresql://ana:{SECRET}@host:port/db",
    f"mysql://ana:{SECRET}@host/db",
    "http://[",
    "http://host:99999",
    "http://a..b/",
    f"http://{'a' * 300}.example/",
    "://",
    "sqlite:///" + "a" * 5_000,
]
TOKENS = [
    f"xoxb-{SECRET}\nX: y",
    f"{SECRET}\x00",
    f"{SECRET} \u2019",
    f"\u00e9 {SECRET}",
    f"a {SECRET}",
]
odd = st.sampled_from(ADDRESSES + TOKENS) | st.text(max_size=30)


async def settings_error(folder: Path, variables: dict[str, str]) -> str:
    """Return the message about reading all settings and building all models."""
    try:
        found = load(folder, {"OPENAI_API_KEY": "sk-key", "OWN_KEY": "key"} | variables)
    except ConfigurationError as error:
        return str(error)
    said: list[str] = []
    async with Endpoints() as endpoints:
        catalogue = model_catalogue(found, endpoints)
        for name in catalogue.tables:
            try:
                catalogue.model(name)
            except PipelineError as error:
                said.append(str(error))
    return "\n".join(said)


@given(name=st.sampled_from(NAMES), value=odd)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_variable_causes_a_traceback(tmp_path: Path, name: str, value: str) -> None:
    """Any value is accepted or explained, and a secret is never quoted."""
    (tmp_path / "moa.toml").write_text(CONFIG.format(url='"http://localhost"'), encoding="utf-8")
    assert SECRET not in await settings_error(tmp_path, {name: value})


@given(value=odd)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_model_address_causes_a_traceback(tmp_path: Path, value: str) -> None:
    """The same holds for `base_url` in the file."""
    with contextlib.suppress(UnicodeEncodeError):  # a lone surrogate is not valid text
        (tmp_path / "moa.toml").write_text(CONFIG.format(url=json.dumps(value)), encoding="utf-8")
    assert SECRET not in await settings_error(tmp_path, {})


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
@pytest.mark.parametrize("value", TOKENS)
async def test_a_token_with_invalid_characters_is_named(
    tmp_path: Path, name: str, value: str
) -> None:
    """A line break or a curly quote in a token is reported as a copying mistake."""
    configure(tmp_path, {"one": scripted()}, pipeline("one", aggregator="one"))
    said = await settings_error(tmp_path, {name: value})
    assert f"{name}: holds a character that no token has. Was it copied correctly?" in said


async def test_a_login_in_slacks_address_is_refused(tmp_path: Path) -> None:
    """It would replace the token, so the message says to remove it."""
    (tmp_path / "moa.toml").write_text(CONFIG.format(url='"http://localhost"'), encoding="utf-8")
    said = await settings_error(tmp_path, {"SLACK_API_URL": f"https://ana:{SECRET}@host/"})
    assert "must not contain a user name or password" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/v1", "https://host/v1"),
        ("https://host/v1?key=abc&v=1", "https://host/v1?key=[hidden]&v=[hidden]"),
        ("https://ana:pw@host/v1?k=v#x", "https://host/v1?k=[hidden]#x"),
        ("https://ana:p@w@host/", "https://host/"),
    ],
)
def test_addresses_are_shown_without_their_secrets(address: str, shown: str) -> None:
    """Anything that may be a login or a key never appears in a report."""
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "https://host",
        "http://127.0.0.1:8080/v1",
        "http://[::1]:80/",
        "https://ex\u00e4mple.com/?a=b",
    ],
)
def test_ordinary_addresses_are_accepted(address: str) -> None:
    """Hosts by name or number, with a port, a path and a query, are accepted."""
    assert address_problem(address) is None


async def test_a_key_in_an_address_is_hidden_everywhere(tmp_path: Path) -> None:
    """`check` does not print it, and it is redacted from provider errors."""
    address = f"http://127.0.0.1:1/v1?code={SECRET}&api-version=1"
    own = f'provider = "openai"\nmodel = "own"\nbase_url = "{address}"'
    configure(tmp_path, {"own": own}, pipeline("own", aggregator="own"))
    result = await moa_bot(tmp_path, "check")
    assert "http://127.0.0.1:1/v1?code=[hidden]" in result.out
    assert SECRET not in result.out + result.err
    assert SECRET not in redacted(f"tried {SECRET} in vain")
