"""Keys pasted into the wrong place are explained, and never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import moa_bot

KEYS = {
    "OpenAI": "sk-proj-abcDEF0123456789abcDEF0123456789",
    "Anthropic": "sk-ant-api03-abcdefghijklmnop-0123456789",
    "Groq": "gsk_abcDEF0123456789abcDEF0123456789",
    "Gemini": "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "xAI": "xai-0123456789abcdefABCDEF0123456789",
    "Azure": "0123456789abcdef0123456789abcdef",
    "Mistral": "AbCdEf0123456789GhIjKlMnOpQrStUv",
    "JWT": "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.c2lnbmF0dXJl",
}
PIPELINE = '\n[pipelines.p]\naggregator = "m"\n'
PLACES = {
    "api_key_env": '[models.m]\nprovider = "openai"\nmodel = "gpt"\napi_key_env = "{key}"\n',
    "model": '[models.m]\nprovider = "openai"\nmodel = "{key}"\n',
    "provider": '[models.m]\nprovider = "{key}"\nmodel = "gpt"\n',
    "hedge_with": (
        '[models.m]\nprovider = "openai"\nmodel = "gpt"\nhedge_with = "{key}"\nhedge_after_s = 1\n'
    ),
    "headers": '[models.m]\nprovider = "openai"\nmodel = "gpt"\nheaders = {{ "{key}" = "x" }}\n',
    "key": '[models.m]\nprovider = "openai"\nmodel = "gpt"\n"{key}" = "x"\n',
}


@pytest.mark.parametrize("command", [("ask", "Why?"), ("check",)], ids=["ask", "check"])
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
async def test_a_key_instead_of_its_variable_is_explained(
    tmp_path: Path, command: tuple[str, ...], key: str
) -> None:
    """Most misplaced keys are in `api_key_env`; the message says where the key belongs."""
    text = PLACES["api_key_env"].format(key=key) + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, *command)
    assert result.code != 0
    printed = result.out + result.err
    assert key not in printed
    assert "models.m.api_key_env" in printed
    assert "name of an environment variable, not a key" in printed


@pytest.mark.parametrize("command", [("ask", "Why?"), ("check",)], ids=["ask", "check"])
@pytest.mark.parametrize("place", PLACES)
async def test_a_key_in_any_wrong_place_is_not_printed(
    tmp_path: Path, command: tuple[str, ...], place: str
) -> None:
    """The message still names the setting."""
    key = KEYS["OpenAI"]
    text = PLACES[place].format(key=key) + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, *command)
    assert result.code != 0
    assert key not in result.out + result.err
    assert "models.m" in result.out + result.err


@pytest.mark.parametrize(
    "line",
    [
        'default_pipeline = "{key}"\n',
        '"{key}" = 1\n',
        "default_pipeline = {key}\n",
        "{key}\n",
    ],
)
async def test_a_key_at_the_top_is_not_printed(tmp_path: Path, line: str) -> None:
    """Even the TOML parser's own message is not shown."""
    key = KEYS["OpenAI"]
    text = line.format(key=key) + PLACES["model"].format(key="gpt") + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, "ask", "Why?")
    assert result.code == 2
    assert key not in result.out + result.err


async def test_a_key_in_a_pipeline_is_not_printed(tmp_path: Path) -> None:
    """It may be a proposer, an aggregator, a strategy, or a command-line argument."""
    key = KEYS["Groq"]
    models = PLACES["model"].format(key="gpt")
    (tmp_path / "moa.toml").write_text(
        f'{models}[pipelines.p]\naggregator = "{key}"\nstrategy = "{key}"\n'
        f'[[pipelines.p.layers]]\nproposers = ["{key}"]\nrequired = ["{key}"]\n',
        encoding="utf-8",
    )
    result = await moa_bot(tmp_path, "ask", "Why?")
    assert key not in result.out + result.err
    (tmp_path / "moa.toml").write_text(models + PIPELINE, encoding="utf-8")
    variables = {"OPENAI_API_KEY": "k" * 12}
    result = await moa_bot(tmp_path, "ask", "Why?", "--pipeline", key, variables=variables)
    assert result.code == 2
    assert key not in result.out + result.err


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "my_key",
        "GROQ_API_KEY_2",
        "TEAM_A_OPENAI_PRODUCTION_API_KEY_2026",
        "key1",
        "_KEY",
        "TOKEN",
    ],
)
async def test_variable_names_are_accepted(tmp_path: Path, name: str) -> None:
    """Any name that a shell can set is accepted."""
    text = PLACES["api_key_env"].format(key=name) + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, "ask", "Why?")
    assert f"Set {name}" in result.err


@pytest.mark.parametrize("name", ["$OPENAI_API_KEY", "env:KEY", "MY KEY", "my-key", "", "9KEY"])
async def test_other_names_are_explained(tmp_path: Path, name: str) -> None:
    """The message says which characters a name may contain."""
    text = PLACES["api_key_env"].format(key=name) + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, "ask", "Why?")
    assert "letters, digits and underscores" in result.err


async def test_credentials_in_an_address_are_not_printed(tmp_path: Path) -> None:
    """`check` shows the effective address without them, from moa.toml and from variables."""
    text = (
        '[models.m]\nprovider = "openai"\nmodel = "gpt"\n'
        'base_url = "http://user:hunter2-secret@127.0.0.1:9/v1"\n' + PIPELINE
    )
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    result = await moa_bot(tmp_path, "check")
    assert "hunter2" not in result.out + result.err
    assert "127.0.0.1:9/v1" in result.out


async def test_a_password_of_the_database_is_not_printed(tmp_path: Path) -> None:
    """An @ in it is explained."""
    text = '[models.m]\nprovider = "scripted"\nmodel = "echo"\n' + PIPELINE
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    variables = {"DATABASE_URL": "postgresql://ana:p@ss-word@127.0.0.1/moa"}
    for command in ("check", "runs"):
        result = await moa_bot(tmp_path, command, variables=variables)
        assert "ss-word" not in result.out + result.err
        assert "Percent-encode" in result.out + result.err
