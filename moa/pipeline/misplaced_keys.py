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
    lifted = {name: _without(value, name, found) for name, value in table.items()}
    for _, value in found[:1]:
        lifted.setdefault(DEFAULT_PIPELINE, value)
    return lifted, [_explained(header) for header, _ in found]


def _explained(header: str) -> str:
    return (
        f"{DEFAULT_PIPELINE}: it comes after {header}, so it is part of that table. "
        "Move it to the top of the file, before the first table."
    )


def _without(value: Any, path: str, found: list[tuple[str, str]]) -> Any:
    """Return a copy without `default_pipeline`; collect where it was, and its value."""
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_item_without(item, path, found) for item in items]
    if not isinstance(value, dict):
        return value
    return _table_without(cast("dict[str, Any]", value), path, f"[{path}]", found)


def _item_without(item: Any, path: str, found: list[tuple[str, str]]) -> Any:
    if not isinstance(item, dict):
        return item
    return _table_without(cast("dict[str, Any]", item), path, f"[[{path}]]", found)


def _table_without(
    table: dict[str, Any], path: str, header: str, found: list[tuple[str, str]]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in table.items():
        if key == DEFAULT_PIPELINE and isinstance(value, str):
            found.append((header, value))
        else:
            kept[key] = _without(value, f"{path}.{key}", found)
    return kept
