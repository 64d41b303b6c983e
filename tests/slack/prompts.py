"""Reads prompts without times and the channel's line, for tests of the texts only."""

from __future__ import annotations

import re

_TIME = re.compile(r"^\[[MTWFS][a-z]{2} \d{1,2} [A-Z][a-z]{2}, \d\d:\d\d\] ", re.MULTILINE)
_CHANNEL = re.compile(r"^This is in the channel #[\w-]+\.\n\n", re.MULTILINE)


def without_times(prompt: str) -> str:
    """Return a turn of a prompt without times and the channel's line."""
    return _TIME.sub("", _CHANNEL.sub("", prompt))
