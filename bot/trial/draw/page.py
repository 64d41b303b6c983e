"""The templates: one environment that escapes everything."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from bot.playground.render.dates import ReaderClock
from bot.playground.render.text import Names, plain
from bot.trial.draw.markdown import draw_markdown
from bot.trial.draw.mentions import is_safe_link
from bot.trial.draw.mrkdwn import draw_mrkdwn
from bot.trial.draw.rich_text import draw_rich_text

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def templates() -> Environment:
    """Return the environment. It escapes every value that isn't already drawn."""
    environment = Environment(
        loader=PackageLoader("bot.trial"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    environment.tests |= _TESTS
    return environment


def draw(template: str, **values: Any) -> str:
    """Draw a template."""
    return templates().get_template(template).render(**values)


def _text_object(value: dict[str, Any], names: Names) -> Markup:
    """Draw a text object in its own format."""
    if value.get("type") == "mrkdwn":
        return draw_mrkdwn(str(value.get("text", "")), names)
    return Markup("<br>").join(plain(value).split("\n"))


def _clock(ts: str, reader: ReaderClock) -> str:
    """Return the time of a ts where it is read, such as "14:05"; with its day if that is past."""
    at = reader.local(float(ts))
    return (
        f"{at:%H:%M}"
        if at.date() == reader.local(reader.now).date()
        else f"{at:%b} {at.day} {at:%H:%M}"
    )


def _initial(name: str) -> str:
    return next((letter.upper() for letter in name if letter.isalnum()), "?")


def _hue(name: str) -> int:
    """Return one of eight colours for a name."""
    return (15 * sum(name.encode()) + 6 * len(name)) % 8


def _size(count: int) -> str:
    return f"{count / 1024:,.0f} KB" if count >= 1024 else f"{count} bytes"  # noqa: PLR2004 - a KB


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "mrkdwn": draw_mrkdwn,
    "markdown": draw_markdown,
    "rich_text": draw_rich_text,
    "plain": plain,
    "text_object": _text_object,
    "clock": _clock,
    "initial": _initial,
    "hue": _hue,
    "size": _size,
    "compact": _compact,
}
_TESTS: Final[dict[str, Callable[..., Any]]] = {"safe_link": is_safe_link}
