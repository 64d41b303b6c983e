"""Creates files that only their owner can read, and finds files that others can read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create_private(path: Path) -> None:
    """Create an empty file that only its owner can read; leave an existing one as it is.

    Raises:
        OSError: it can't be created.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


def others_can_open(path: Path) -> bool:
    """Return whether other users of this computer may read or write a file.

    False if the file doesn't exist, and on Windows, where the mode doesn't hold a file's rights.
    """
    if os.name == "nt":
        return False
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False
