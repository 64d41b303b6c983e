"""Tables of configuration read into values, with messages that say what is allowed and nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from moa.errors import PipelineError


class StrictModel(BaseModel):
    """A table of a configuration file. Unknown keys are mistakes, and values are not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


T = TypeVar("T", bound=StrictModel)

_UNION_TAGS: Final = frozenset({"str", "list", "int", "float", "literal"})


def parse_table(kind: type[T], table: object, where: str) -> T:
    """A value of `kind` from a table that stands at the key `where`.

    Raises:
        PipelineError: naming every wrong key, what is allowed there, and the nearest name.
    """
    if not isinstance(table, Mapping):
        raise PipelineError(f"{where}: must be a table, not {_named(table)}.")
    try:
        return kind.model_validate(dict[str, object](table))
    except ValidationError as error:
        raise PipelineError("\n".join(_lines(kind, error, where))) from None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Words that help with an unknown name: the nearest one, and all that are allowed."""
    names = sorted(allowed)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f'Did you mean "{close[0]}"? ' if close else ""
    return f"{guess}Allowed: {', '.join(names) or 'none is defined yet'}."


_WANTED: Final[Mapping[str, str]] = {
    "string_type": "must be a text in quotes",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "missing": "is missing and must be set",
    "string_too_short": "must not be empty",
}
"""What is said of pydantic's kinds of errors where its own words are not those of TOML."""


def _lines(kind: type[StrictModel], error: ValidationError, where: str) -> Iterable[str]:
    """A line for each wrong key, with all that it may be where several kinds of value may stand."""
    found: dict[str, dict[str, None]] = {}
    for detail in error.errors(include_url=False):
        key, problem = _problem(kind, detail, where)
        found.setdefault(key, {})[problem] = None
    for key in sorted(found):
        # A list with one wrong item is not also wrong for being no text.
        if not any(other.startswith(f"{key}[") for other in found):
            yield f"{key}: {' or '.join(found[key])}."


def _problem(kind: type[StrictModel], detail: ErrorDetails, where: str) -> tuple[str, str]:
    """The key of a mistake, and what is wrong with it."""
    path = [part for part in detail["loc"] if not _is_union_tag(part)]
    key = where + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path)
    match detail["type"]:
        case "extra_forbidden":
            return key, f"unknown key. {nearest(str(path[-1]), _keys(kind, path[:-1]))}".rstrip(".")
        case "too_short" | "too_long" as size:
            context = detail.get("ctx", {})
            bound = context.get("min_length" if size == "too_short" else "max_length")
            return key, f"must hold at {'least' if size == 'too_short' else 'most'} {bound}"
        case known if known in _WANTED:
            return key, _WANTED[known]
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return key, message.replace("Input should be", "must be")


def _is_union_tag(part: int | str) -> bool:
    """Pydantic names the tried branch of a union (`str`, `list[str]`) in an error's place."""
    return isinstance(part, str) and part.partition("[")[0] in _UNION_TAGS


def _keys(kind: type[StrictModel], path: Iterable[int | str]) -> Iterable[str]:
    """The keys that a table at this path of nested tables may hold."""
    for part in path:
        if isinstance(part, int) or part not in kind.model_fields:
            continue
        inner = [*_tables_in(kind.model_fields[part].annotation)]
        kind = inner[0] if inner else kind
    return (field.alias or name for name, field in kind.model_fields.items())


def _tables_in(annotation: object) -> Iterable[type[StrictModel]]:
    if isinstance(annotation, type) and issubclass(annotation, StrictModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _tables_in(argument)


def _named(value: object) -> str:
    return "a list" if isinstance(value, list) else "a single value"
