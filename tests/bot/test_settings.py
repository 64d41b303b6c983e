"""Settings from the environment and `.env`, and how mistakes are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.limits import QUESTIONS_AN_HOUR
from bot.models import model_catalogue
from bot.settings import load
from moa import PipelineError
from moa.providers import Endpoints

CONFIG = """
default_pipeline = "main"

[models.gpt]
provider = "openai"
model = "gpt"

[pipelines.main]
aggregator = "gpt"
"""


def configure(folder: Path) -> None:
    """Write a `moa.toml` with one model."""
    (folder / "moa.toml").write_text(CONFIG, encoding="utf-8")


def test_a_dotenv_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """The error is one sentence, not a traceback."""
    (tmp_path / ".env").write_bytes(b"OPENAI_API_KEY=caf\xe9\n")
    with pytest.raises(ConfigurationError, match=r"^\.env: not a UTF-8 text file\.$"):
        load(tmp_path, {})


def test_space_around_a_key_is_removed(tmp_path: Path) -> None:
    """A line break copied with a key does no harm; blank means unset."""
    configure(tmp_path)
    settings = load(tmp_path, {"OPENAI_API_KEY": " sk-key\n", "BLUE_KEY": " "})
    assert settings.secret("OPENAI_API_KEY") == "sk-key"
    assert settings.secret("BLUE_KEY") is None
    assert settings.secret("GREEN_KEY") is None


def test_an_empty_key_chooses_no_models(tmp_path: Path) -> None:
    """Without a `moa.toml`, a key of spaces counts as unset."""
    keys = {"OPENAI_API_KEY": " ", "ANTHROPIC_API_KEY": "sk-ant-key"}
    assert load(tmp_path, keys).config_source == "ANTHROPIC_API_KEY (no moa.toml)"


LIMITS = CONFIG + "\n[limits]\n"


def test_limits_are_read_and_most_are_unlimited(tmp_path: Path) -> None:
    """Omitted limits are unlimited, except questions per person and hour."""
    configure(tmp_path)
    open_limits = load(tmp_path, {}).limits
    assert open_limits.questions_per_person_hour == QUESTIONS_AN_HOUR
    assert open_limits.at_once_per_person == "unlimited"
    amounts = {key: value for key, value in open_limits if key.endswith("_usd")}
    assert set(amounts.values()) == {None}
    text = f'{LIMITS}per_person_day_usd = 5\nquestions_per_person_hour = "unlimited"\n'
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    limits = load(tmp_path, {}).limits
    assert (limits.per_person_day_usd, limits.questions_per_person_hour) == (5.0, "unlimited")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("per_run_usd = 0", "limits.per_run_usd: must be greater than 0."),
        ("per_run_usd = nan", "limits.per_run_usd: must be a finite number."),
        ("per_run = 1", 'limits.per_run: unknown key. Did you mean "per_run_usd"?'),
        ("at_once_per_person = 0", 'limits.at_once_per_person: must be at least 1, or "unlimited"'),
        ("at_once_per_person = true", "limits.at_once_per_person: "),
    ],
)
def test_a_wrong_limit_is_named(tmp_path: Path, line: str, says: str) -> None:
    """An invalid limit is an error, never "no limit"."""
    (tmp_path / "moa.toml").write_text(f"{LIMITS}{line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, {})
    assert says in str(caught.value)


async def test_an_invalid_key_is_named_and_not_shown(tmp_path: Path) -> None:
    """The message names the model and the variable."""
    configure(tmp_path)
    settings = load(tmp_path, {"OPENAI_API_KEY": "sk-“curly”"})
    async with Endpoints() as endpoints:
        with pytest.raises(PipelineError, match=r"^models\.gpt: OPENAI_API_KEY: ") as caught:
            model_catalogue(settings, endpoints).plan("main")
    assert "curly" not in str(caught.value)


async def test_an_invalid_address_is_named(tmp_path: Path) -> None:
    """The message names the model."""
    configure(tmp_path)
    variables = {"OPENAI_API_KEY": "sk-key", "OPENAI_BASE_URL": "nowhere"}
    async with Endpoints() as endpoints:
        with pytest.raises(PipelineError, match=r"^models\.gpt: base_url = \"nowhere\""):
            model_catalogue(load(tmp_path, variables), endpoints).plan("main")


def test_an_anthropic_token_is_enough(tmp_path: Path) -> None:
    """ANTHROPIC_AUTH_TOKEN chooses the pipelines like a key."""
    found = load(tmp_path, {"ANTHROPIC_AUTH_TOKEN": "token"})
    assert {model.provider for model in found.config.models.values()} == {"anthropic"}
    assert "ANTHROPIC_AUTH_TOKEN" in found.config_source
