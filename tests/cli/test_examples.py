"""The example files work as they are."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bot.models import model_catalogue
from bot.settings import Environment, load
from moa.providers import Endpoints
from tests.cli.command import ROOT

KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHER_API_KEY",
    "GROQ_API_KEY",
)


async def test_the_example_configuration_works(tmp_path: Path) -> None:
    """With the keys it names, every pipeline can be used."""
    shutil.copy(ROOT / "moa.example.toml", tmp_path / "moa.toml")
    settings = load(tmp_path, dict.fromkeys(KEYS, "a-key"))
    assert settings.slack.reveal == "members"
    async with Endpoints() as endpoints:
        catalogue = model_catalogue(settings, endpoints)
        assert {"quick", "balanced", "deep", "single"} <= set(catalogue.pipelines)
        for name in catalogue.pipelines:
            assert catalogue.plan(name).name == name


def test_every_model_of_the_example_is_used(tmp_path: Path) -> None:
    """No key is requested for an unused model."""
    shutil.copy(ROOT / "moa.example.toml", tmp_path / "moa.toml")
    config = load(tmp_path, {}).config
    used = {n for p in config.pipelines.values() for layer in p.layers for n in layer.proposers}
    used |= {name for p in config.pipelines.values() for name in p.aggregators}
    assert used == set(config.models)


def test_the_example_environment_is_complete_and_empty(tmp_path: Path) -> None:
    """It has every variable the bot reads, and copying it changes nothing."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    providers = {f"{p}_{what}" for p in ("OPENAI", "ANTHROPIC") for what in ("API_KEY", "BASE_URL")}
    assert set(variables) == {name.upper() for name in Environment.model_fields} | providers
    assert set(variables.values()) == {""}
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    assert load(tmp_path, {"OPENAI_API_KEY": "a-key"}).environment == Environment()
