"""Reads TOML files, with errors that name the file and the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from moa.errors import PipelineError
from moa.pipeline.strict_model import nearest


def read_toml(path: Path, *, set_by: str | None = None) -> dict[str, Any]:
    """Return the file's tables.

    Args:
        path: the file.
        set_by: the variable that names the file, for the error message.

    Raises:
        PipelineError: the file doesn't exist, can't be read, isn't UTF-8 or isn't TOML.
    """
    text = ""
    if path == Path():
        raise PipelineError("The name of the TOML file is empty.")
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows write a BOM
        return tomllib.loads(text)
    except FileNotFoundError:
        source = f" ({set_by})" if set_by else ""
        raise PipelineError(f"File not found: {path.name}{source}. {_others(path)}") from None
    except UnicodeDecodeError:
        raise PipelineError(f"{path.name}: not a UTF-8 text file.") from None
    except OSError as error:
        raise PipelineError(f"{path.name}: can't be read ({error.strerror}).") from None
    except tomllib.TOMLDecodeError as error:
        raise PipelineError(f"{path.name}: invalid TOML. {error}.{_hint(text, error)}") from None
    except ValueError:
        raise PipelineError(
            "Not a file's name: it has a character that no name may have."
        ) from None


def _others(path: Path) -> str:
    """Return which files the caller may have meant instead of a missing one."""
    if not path.parent.is_dir():
        return f"There is no folder {path.parent.name}."
    others = [each.name for each in path.parent.glob("*.toml")]
    if not others:
        return "There is no other TOML file in its folder."
    return nearest(path.name, others, label="TOML files in its folder")


def _hint(text: str, error: tomllib.TOMLDecodeError) -> str:
    """Return advice for common mistakes in the line of a syntax error."""
    found = re.search(r"at line (\d+)", str(error))
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and int(found[1]) <= len(lines) else ""
    if line.count("{") > line.count("}"):
        return " A table in braces must be on one line: { input = 1.0, output = 5.0 }."
    if re.match(r"\s*[\w.-]+\s*:", line) or re.search(r"\{\s*[\w.-]+\s*:", line):
        return " Write NAME = VALUE, not NAME: VALUE."
    if re.match(r"\s*[\w.-]+\s*=\s*[A-Za-z]", line):
        return ' Text must be in quotes: NAME = "text".'
    return ""
