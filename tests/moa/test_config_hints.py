"""Common mistakes in moa.toml get a message that explains them and their location."""

from __future__ import annotations

from pathlib import Path

import pytest

import moa
from bot.errors import ConfigurationError
from bot.settings import load
from moa import PipelineError

MODEL = '[models.a]\nprovider = "scripted"\nmodel = "echo"\n'
PIPELINE = '[pipelines.p]\naggregator = "a"\n'
LAYER = '[[pipelines.p.layers]]\nproposers = ["a"]\n'


def message(folder: Path, text: str) -> str:
    """Return the error of a moa.toml, which must be the same in the bot and the library."""
    (folder / "moa.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as for_the_bot:
        load(folder, {})
    if not any(f"[{table}]" in text for table in ("slack", "limits", "storage", "work")):
        with pytest.raises(PipelineError) as for_programs:
            moa.load(folder / "moa.toml", variables={})
        assert str(for_programs.value) == str(for_the_bot.value)
    return str(for_the_bot.value)


def test_an_unknown_top_level_key_lists_all_allowed_keys(tmp_path: Path) -> None:
    """The list includes the bot's own tables."""
    found = message(tmp_path, f"[limit]\nx = 1\n{MODEL}{PIPELINE}")
    for table in ("default_pipeline", "limits", "models", "pipelines", "slack", "storage", "work"):
        assert table in found
    assert 'Did you mean "limits"?' in found


@pytest.mark.parametrize(
    ("end", "header"),
    [
        (PIPELINE, "[pipelines.p]"),
        (PIPELINE + LAYER, "[[pipelines.p.layers]]"),
        (PIPELINE + "[models.a.options]\n", "[models.a.options]"),
        (PIPELINE + "[slack]\n", "[slack]"),
        (PIPELINE + "[work]\nat_once = 3\n", "[work]"),
    ],
)
def test_a_default_pipeline_at_the_end_is_explained(tmp_path: Path, end: str, header: str) -> None:
    """It became part of the last table; there is no other error."""
    found = message(tmp_path, f'{MODEL}{end}default_pipeline = "p"\n')
    assert f"default_pipeline: it comes after {header}" in found
    assert "top of the file" in found
    assert len(found.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            MODEL + PIPELINE + LAYER + "price = { input = 1.0, output = 5.0 }\n",
            "pipelines.p.layers[1].price: unknown key here. It belongs to [models.NAME]",
        ),
        (MODEL + 'aggregator = "a"\n' + PIPELINE, "models.a.aggregator: unknown key here"),
        (
            MODEL + PIPELINE + 'proposers = ["a"]\n',
            "pipelines.p.proposers: unknown key here. It belongs to [[pipelines.NAME.layers]]",
        ),
        (
            MODEL + PIPELINE + '[pipelines.p.layers]\nproposers = ["a"]\n',
            "pipelines.p.layers: must be a list. Write [[pipelines.p.layers]] with two brackets.",
        ),
        (
            MODEL + PIPELINE + '[[pipelines.layers]]\nproposers = ["a"]\n',
            "pipelines.layers: write [[pipelines.NAME.layers]]",
        ),
        (
            MODEL + PIPELINE + '[[layers]]\nproposers = ["a"]\n',
            "layers: unknown key at the top of the file. It belongs to [[pipelines.NAME.layers]]",
        ),
        (
            MODEL.replace("[models.a]", "[[models.a]]") + PIPELINE,
            "models.a: must be a table, not a list. Write [models.a] with one bracket.",
        ),
        (MODEL + "price = 5\n" + PIPELINE, "models.a.price: must be a table."),
        (
            MODEL + 'price = { input = "1", output = 5 }\n' + PIPELINE,
            "models.a.price.input: must be",
        ),
        (
            MODEL + "price = { inputs = 1, output = 5 }\n" + PIPELINE,
            "models.a.price.inputs: unknown",
        ),
        (
            MODEL + PIPELINE + LAYER + '[[pipelines.p.layers]]\nproposers = ["b"]\n',
            'pipelines.p.layers[2].proposers: there is no model "b"',
        ),
    ],
)
def test_a_mistake_is_shown_where_it_is(tmp_path: Path, text: str, says: str) -> None:
    """Each line starts with the path of the wrong key, as it is written in the file."""
    assert any(line.startswith(says) for line in message(tmp_path, text).splitlines())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("price = { input = 1.0,\n  output = 5.0 }", "must be on one line"),
        ("price = { input: 1.0, output: 5.0 }", "NAME = VALUE"),
        ("model: gpt", "NAME = VALUE"),
        ("persona = calm", "in quotes"),
    ],
)
def test_a_syntax_error_has_its_line_and_advice(tmp_path: Path, line: str, says: str) -> None:
    """TOML's own message is short; the line number and the usual fix are added."""
    found = message(tmp_path, MODEL + line + "\n" + PIPELINE)
    assert "line 4" in found
    assert says in found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_accepted(tmp_path: Path, encoding: str) -> None:
    """Editors on Windows add one, also to `.env`."""
    text = f'default_pipeline = "p"\n{MODEL}{PIPELINE}'
    (tmp_path / "moa.toml").write_text(text, encoding=encoding)
    (tmp_path / ".env").write_text("FIRST=1\nSECOND=2\n", encoding=encoding)
    settings = load(tmp_path, {})
    assert settings.config.default_pipeline == "p"
    assert (settings.secret("FIRST"), settings.secret("SECOND")) == ("1", "2")
    assert list(moa.load(tmp_path / "moa.toml")) == ["p"]
