"""Parses configuration tables, with error messages that list allowed keys and the closest match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from moa.errors import PipelineError


class StrictModel(BaseModel):
    """A configuration table. Unknown keys are errors, and values are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


T = TypeVar("T", bound=StrictModel)

_UNION_TAGS: Final = frozenset({"str", "list", "int", "float", "literal"})


def parse_table(
    kind: type[T], table: object, where: str, *, homes: Mapping[str, str] | None = None
) -> T:
    """Parse a table as `kind`.

    Args:
        kind: the model to build.
        table: the parsed TOML.
        where: the table's key in the file, for messages.
        homes: keys of other tables, with the headers of those.

    Raises:
        PipelineError: names every wrong key, the allowed ones and the closest match.
    """
    if not isinstance(table, Mapping):
        doubled = isinstance(table, list) and any(isinstance(item, Mapping) for item in table)
        hint = f" Write [{where}] with one bracket." if doubled else ""
        raise PipelineError(f"{where}: must be a table, not {_describe(table)}.{hint}")
    try:
        return kind.model_validate(dict[str, object](table))
    except ValidationError as error:
        lines = _error_lines(kind, error, where, homes or {})
        raise PipelineError("\n".join(lines)) from None


def nearest(name: str, allowed: Iterable[str], *, label: str = "Allowed") -> str:
    """Return help for an unknown name: the closest allowed name, and all of them."""
    names = sorted(allowed)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f'Did you mean "{close[0]}"? ' if close else ""
    return f"{guess}{label}: {', '.join(names) or 'none defined yet'}."


_REQUIREMENTS: Final[Mapping[str, str]] = {
    "string_type": "must be text in quotes",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "missing": "is missing and must be set",
    "string_too_short": "must not be empty",
}
"""Messages for pydantic error types whose own wording does not fit TOML."""


def _error_lines(
    kind: type[StrictModel], error: ValidationError, where: str, homes: Mapping[str, str]
) -> Iterable[str]:
    """Yield one line for each wrong key; a key with a union type lists every alternative."""
    problems: dict[str, dict[str, None]] = {}
    for detail in error.errors(include_url=False):
        key, problem = _problem(kind, detail, where, homes)
        problems.setdefault(key, {})[problem] = None
    for key in sorted(problems):
        # If an item of a list is wrong, the error that the list is not text is noise.
        if not any(other.startswith(f"{key}[") for other in problems):
            yield f"{key}: {' or '.join(problems[key])}."


def _problem(
    kind: type[StrictModel], detail: ErrorDetails, where: str, homes: Mapping[str, str]
) -> tuple[str, str]:
    """Return the wrong key and what is wrong with it."""
    path = [part for part in detail["loc"] if not _is_union_tag(part)]
    key = where + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path)
    match detail["type"]:
        case "extra_forbidden":
            return key, _unknown_key(str(path[-1]), _allowed_keys(kind, path[:-1]), homes)
        case "list_type" if isinstance(detail.get("input"), Mapping):
            return key, f"must be a list. Write [[{key}]] with two brackets"
        case "too_short" | "too_long" as size:
            context = detail.get("ctx", {})
            bound = context.get("min_length" if size == "too_short" else "max_length")
            return key, f"must hold at {'least' if size == 'too_short' else 'most'} {bound}"
        case known if known in _REQUIREMENTS:
            return key, _REQUIREMENTS[known]
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            return key, message.replace("Input should be", "must be")


def _unknown_key(name: str, allowed: Iterable[str], homes: Mapping[str, str]) -> str:
    known = list(allowed)
    home = homes.get(name)
    if home and name not in known:
        return f"unknown key here. It belongs to {home}: move it there"
    return f"unknown key. {nearest(name, known)}".rstrip(".")


def _is_union_tag(part: int | str) -> bool:
    """Return whether pydantic added this part to name the union branch (`str`, `list[str]`)."""
    return isinstance(part, str) and part.partition("[")[0] in _UNION_TAGS


def _allowed_keys(kind: type[StrictModel], path: Iterable[int | str]) -> Iterable[str]:
    """Return the allowed keys of the nested table at this path."""
    for part in path:
        if isinstance(part, int) or part not in kind.model_fields:
            continue
        inner = [*_nested_models(kind.model_fields[part].annotation)]
        kind = inner[0] if inner else kind
    return kind.model_fields


def _nested_models(annotation: object) -> Iterable[type[StrictModel]]:
    if isinstance(annotation, type) and issubclass(annotation, StrictModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _nested_models(argument)


def _describe(value: object) -> str:
    return "a list" if isinstance(value, list) else "a single value"
