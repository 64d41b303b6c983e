"""Finds the lines of a TOML file that error messages are about."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast


def with_lines(message: str, file: Path) -> str:
    """Return a message with " (line 12)" after each of its lines that names a key of the file.

    Args:
        message: lines that begin with a key's path, such as "models.gpt.layers[1].quorum: …".
        file: a valid TOML file.
    """
    lines = file.read_text(encoding="utf-8-sig").split("\n")
    _, tables = _parse(lines, len(lines))

    def located(problem: str) -> str:
        steps = [*_steps(tables, problem.partition(": ")[0])]
        return f"{problem} (line {_line_of(steps, lines)})" if steps else problem

    return "\n".join(map(located, message.split("\n")))


def _parse(lines: Sequence[str], count: int) -> tuple[int, dict[str, Any]]:
    """Return the tables of the first `count` lines, or of fewer if those end within a value."""
    while True:
        try:
            return count, tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            count -= 1


def _steps(value: object, path: str) -> Iterator[str | int]:
    """Yield the keys and indexes that lead as far along the path as there is something."""
    if isinstance(value, list) and (index := re.match(r"\[(\d+)\]", path)):
        items, number = cast("list[object]", value), int(index[1]) - 1
        if number < len(items):
            yield number
            yield from _steps(items[number], path[index.end() :])
    elif isinstance(value, dict):
        table, path = cast("dict[str, object]", value), path.removeprefix(".")
        for key in sorted(table, key=len, reverse=True):  # a key may hold dots
            if path == key or path.startswith((f"{key}.", f"{key}[")):
                yield key
                yield from _steps(table[key], path[len(key) :])
                return


def _line_of(steps: Sequence[str | int], lines: Sequence[str]) -> int:
    """Return the line, from 1, with which the file first holds what the steps lead to.

    What a longer part of the file holds includes what a shorter one does, so bisection finds it.
    """
    lacking, holding = 0, len(lines)
    while holding - lacking > 1:
        middle = (lacking + holding) // 2
        count, tables = _parse(lines, middle)
        if _holds(tables, steps):
            holding = count
        else:
            lacking = middle
    before, _ = _parse(lines, holding - 1)
    return next(n for n in range(before + 1, holding + 1) if lines[n - 1].split("#")[0].strip())


def _holds(value: Any, steps: Sequence[str | int]) -> bool:
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
