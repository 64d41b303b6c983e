"""Reads TOML files, with errors that name the file."""

from __future__ import annotations

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
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = nearest(path.name, (p.name for p in path.parent.glob("*.toml")))
        source = f" ({set_by})" if set_by else ""
        raise PipelineError(f"File not found: {path.name}{source}. {near}") from None
    except UnicodeDecodeError:
        raise PipelineError(f"{path.name}: not a UTF-8 text file.") from None
    except OSError as error:
        raise PipelineError(f"{path.name}: can't be read ({error.strerror}).") from None
    except tomllib.TOMLDecodeError as error:
        raise PipelineError(f"{path.name}: invalid TOML. {error}.") from None
