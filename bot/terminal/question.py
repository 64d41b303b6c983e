"""The question as it was given: as an argument, or on standard input."""

from __future__ import annotations

from typing import BinaryIO

from bot.errors import ConfigurationError

MAX_BYTES = 1_000_000
"""More than any model's context window holds."""

FROM_INPUT = "-"


def read(argument: str, stdin: BinaryIO) -> str:
    """The question's text.

    Args:
        argument: the question, or `-` for what stands on standard input.
        stdin: standard input as bytes.

    Raises:
        ConfigurationError: it is empty, too long, or not text.
    """
    if argument == FROM_INPUT:
        data = stdin.read(MAX_BYTES + 1)
    else:
        # What of an argument is not UTF-8 arrives as halves of characters, and fails below.
        data = argument.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"The question is too long: more than {MAX_BYTES:,} bytes. Shorten it."
        )
    text = _decoded(data)
    if not text.strip():
        raise ConfigurationError('The question is empty. Ask one: moa-bot ask "…"')
    return text


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is not UTF-8"
    else:
        if "\0" not in text:
            return text
        where = "it holds zero bytes"
    raise ConfigurationError(f"The question is not text: {where}. Save it as UTF-8 text.")
