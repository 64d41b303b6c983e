"""Writes TOML, which the standard library can only read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """Return a key, or a part of a table's name, quoted if necessary."""
    return name if _BARE.fullmatch(name) else value(name)


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
