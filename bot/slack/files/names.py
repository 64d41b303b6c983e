"""A file's name as it may be shown: whoever uploaded the file chose it."""

from __future__ import annotations

from bot.slack.characters import clean
from bot.slack.links import holds_address
from bot.slack.people import one_line

UNNAMED = "a file"

_BRACKETS = str.maketrans({'"': "'", "[": "(", "]": ")", "`": "'"})


def shown_name(name: str) -> str:
    """The name on one line, with nothing hidden and nothing that ends a quotation."""
    return one_line(clean(name).translate(_BRACKETS)) or UNNAMED


def inert_name(name: str) -> str:
    """The same for mrkdwn, where Slack would make a link of a name like `www.host.example`."""
    shown = shown_name(name)
    return f"`{shown}`" if holds_address(shown) else shown
