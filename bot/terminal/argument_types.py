"""Types of command-line arguments, with an error that says what is allowed."""

from __future__ import annotations

import argparse
from typing import Final

LARGEST_PORT: Final = 65535


def filled(text: str) -> str:
    """Return a text that is not blank."""
    if text.strip():
        return text
    raise argparse.ArgumentTypeError("must not be empty")


def port(text: str) -> int:
    """Return a port."""
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(
        f'"{text}" is not a port: use a number from 0 to {LARGEST_PORT}'
    )


def duration(text: str) -> float:
    """Return a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if 0 <= seconds < float("inf"):
        return seconds
    raise argparse.ArgumentTypeError(f'"{text}" is not a number of seconds')
