"""Slack's date tokens in a reader's time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.playground.render.dates import ReaderClock, render_date
from bot.playground.render.text import Names, render_mrkdwn
from bot.trial.draw.mrkdwn import draw_mrkdwn
from bot.trial.draw.rich_text import draw_rich_text

BERLIN = ZoneInfo("Europe/Berlin")
AT = 1795517880  # 2026-11-24 10:58 UTC, 11:58 in Berlin


def reader(now: str, zone: ZoneInfo = BERLIN) -> ReaderClock:
    return ReaderClock(zone, datetime.fromisoformat(now).replace(tzinfo=zone).timestamp())


SAME_DAY = reader("2026-11-24T12:00")


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ("{time}", "11:58"),
        ("{time_secs}", "11:58:00"),
        ("{date_num}", "2026-11-24"),
        ("{date_slash}", "11/24/2026"),
        ("{date}", "November 24th, 2026"),
        ("{date_short}", "Nov 24, 2026"),
        ("{date_long}", "Tuesday, November 24th, 2026"),
        ("{date_pretty}", "Today"),
        ("{date_short_pretty} {time}", "Today 11:58"),
        ("on {date_long_pretty} at {time}", "On today at 11:58"),
        ("{ago}", "2 minutes ago"),
        ("{no_such_field}", "fallback"),
    ],
)
def test_each_field_is_shown_in_the_readers_time(shape: str, shown: str) -> None:
    """Every field of Slack is known, and a token with any other one shows its fallback."""
    date = render_date(f"!date^{AT}^{shape}|fallback", SAME_DAY)
    assert date
    assert (date.text, date.link) == (shown, "")


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        ("2026-11-23T23:59", "Tomorrow"),
        ("2026-11-25T00:01", "Yesterday"),
        ("2026-11-26T00:01", "November 24th, 2026"),
        ("2025-11-24T11:00", "November 24th, 2026"),
    ],
)
def test_near_days_have_names(now: str, shown: str) -> None:
    """A day is near by the reader's calendar, not by hours."""
    date = render_date(f"!date^{AT}^{{date_pretty}}|x", reader(now))
    assert date
    assert date.text == shown


@pytest.mark.parametrize(
    ("day", "shown"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_days_have_their_endings(day: int, shown: str) -> None:
    """A day of the month has its English ordinal ending."""
    at = int(datetime(2026, 5, day, 12, tzinfo=BERLIN).timestamp())
    date = render_date(f"!date^{at}^{{date}}|x", SAME_DAY)
    assert date
    assert date.text == f"May {shown}, 2026"


def test_each_reader_has_a_time_of_their_own() -> None:
    """The same token is another hour, and another day, on the other side of the world."""
    names = Names({}, reader("2026-11-24T12:00", ZoneInfo("Pacific/Auckland")))
    token = f"*until <!date^{AT}^{{date_short_pretty}} {{time}}|10:58 UTC>*"
    assert draw_mrkdwn(token, names) == "<strong>until Today 23:58</strong>"
    assert render_mrkdwn(token, names) == "*until Today 23:58*"
    assert render_mrkdwn(token, Names({})) == "*until 10:58 UTC*"
    element = {"type": "date", "timestamp": AT, "format": "{time}", "fallback": "x"}
    section = {"type": "rich_text_section", "elements": [element]}
    assert draw_rich_text({"elements": [section]}, names) == "<div>23:58</div>"


@pytest.mark.parametrize(
    ("token", "drawn"),
    [
        ("<!date^1^{date}^https://e.org/a|1 May>", 'href="https://e.org/a"'),
        ("<!date^1^{date}^javascript:alert(1)|1 May>", "(javascript:alert(1))"),
        ("<!date^999999999999999^{date}|far>", "far"),
        ("<!date^x^{date}|never>", "never"),
        ("<!date^1^{time}<b>|never>", "never"),
    ],
)
def test_odd_dates_are_harmless(token: str, drawn: str) -> None:
    """A link is drawn only if it leads to a page; a date that makes no sense is its fallback."""
    html = draw_mrkdwn(token, Names({}, SAME_DAY))
    assert drawn in html
    assert "<b>" not in html
    assert 'href="javascript' not in html
