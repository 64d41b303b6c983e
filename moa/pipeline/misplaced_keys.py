"""Explains keys that TOML put into a different table than their author meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

DEFAULT_PIPELINE: Final = "default_pipeline"
"""The only top-level key that isn't a table: below any `[table]`, it becomes part of that table."""


def lift_default_pipeline(table: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the file's tables with `default_pipeline` at the top, and an error if it wasn't there.

    Args:
        table: the parsed TOML file.
    """
    found: list[tuple[str, str]] = []
    lifted = {name: _without(value, name, f"[{name}]", found) for name, value in table.items()}
    for _, value in found[:1]:
        lifted.setdefault(DEFAULT_PIPELINE, value)
    return lifted, [_explained(header) for header, _ in found]


def _explained(header: str) -> str:
    return (
        f"{DEFAULT_PIPELINE}: it comes after {header}, so it is part of that table. "
        "Move it to the top of the file, before the first table."
    )


def _without(value: Any, path: str, header: str, found: list[tuple[str, str]]) -> Any:
    """Return a copy without `default_pipeline`; collect where it was, and its value."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_without(item, path, f"[[{path}]]", found) for item in items]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, item in cast("dict[str, Any]", value).items():
        if key == DEFAULT_PIPELINE and isinstance(item, str):
            found.append((header, item))
        else:
            kept[key] = _without(item, f"{path}.{key}", f"[{path}.{key}]", found)
    return kept
