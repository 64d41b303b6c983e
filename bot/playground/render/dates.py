"""Renders Slack's date tokens in the reader's time zone.

Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

_DATE: Final = re.compile(r"!date\^(?P<at>\d{1,15})\^(?P<shape>[^^|]+)(?:\^(?P<link>[^|]+))?\|")
_FIELD: Final = re.compile(r"\{(\w+)\}")
_NEAR_DAYS: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_TEENS: Final = (11, 12, 13)
_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True, slots=True)
class ReaderClock:
    """The time zone of a reader, and the moment of reading in epoch seconds."""

    zone: tzinfo
    now: float

    def local(self, at: float) -> datetime:
        """Return epoch seconds as the reader's local time."""
        return datetime.fromtimestamp(at, self.zone)


@dataclass(frozen=True, slots=True)
class ShownDate:
    """A date as it is read. `link` is "" if it leads nowhere."""

    text: str
    link: str = ""


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name, such as "Europe/Berlin"; UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return UTC


def is_zone(name: str) -> bool:
    """Return whether a time zone has this name."""
    return zone_of(name) is not UTC


def render_date(token: str, reader: ReaderClock | None) -> ShownDate | None:
    """Return a date token as its reader sees it: `!date^1392734382^{date} at {time}|fallback`.

    Without a reader, or with a field or a date that Slack would not know, it is the fallback.
    None if it is no date token.
    """
    found = _DATE.match(token)
    if not found:
        return None
    fallback = ShownDate(token[found.end() :], found["link"] or "")
    if reader is None or not {*_FIELD.findall(found["shape"])} <= _FIELDS.keys():
        return fallback
    try:
        at = reader.local(int(found["at"]))
    except (ValueError, OverflowError, OSError):
        return fallback
    now = reader.local(reader.now)
    text = _FIELD.sub(lambda field: _FIELDS[field[1]](at, now), found["shape"])
    return ShownDate(text[:1].upper() + text[1:], found["link"] or "")


def _pretty(full: Callable[[datetime, datetime], str]) -> Callable[[datetime, datetime], str]:
    """Return a field that says "today" where that is shorter."""

    def pretty(at: datetime, now: datetime) -> str:
        return _NEAR_DAYS.get((at.date() - now.date()) // timedelta(days=1)) or full(at, now)

    return pretty


def _long_month(at: datetime, _now: datetime) -> str:
    ending = "th" if at.day % 100 in _TEENS else _ENDINGS.get(at.day % 10, "th")
    return f"{at:%B} {at.day}{ending}, {at.year}"


def _long(at: datetime, now: datetime) -> str:
    return f"{at:%A}, {_long_month(at, now)}"


def _short(at: datetime, _now: datetime) -> str:
    return f"{at:%b} {at.day}, {at.year}"


def _ago(at: datetime, now: datetime) -> str:
    seconds = round((now - at).total_seconds())
    size, unit = next((each for each in _UNITS if abs(seconds) >= each[0]), _UNITS[-1])
    count = abs(seconds) // size
    span = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{span} ago" if seconds >= 0 else f"in {span}"


_FIELDS: Final[dict[str, Callable[[datetime, datetime], str]]] = {
    "date_num": lambda at, _now: f"{at:%Y-%m-%d}",
    "date_slash": lambda at, _now: f"{at:%m/%d/%Y}",
    "date": _long_month,
    "date_pretty": _pretty(_long_month),
    "date_short": _short,
    "date_short_pretty": _pretty(_short),
    "date_long": _long,
    "date_long_full": _long,
    "date_long_pretty": _pretty(_long),
    "time": lambda at, _now: f"{at:%H:%M}",
    "time_secs": lambda at, _now: f"{at:%H:%M:%S}",
    "ago": _ago,
}
"""Slack's fields. Times are on the 24-hour clock, which people can choose in Slack."""
