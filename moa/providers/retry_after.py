"""Reads how long to wait before a retry from response headers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait before a retry, or None if the headers don't say.

    Reads `retry-after-ms` first (OpenAI sends it), then `Retry-After` as seconds or an HTTP date
    (RFC 9110, 10.2.3). A date is compared with the server's own `Date` header if present, so clock
    skew does no harm.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    header = headers.get("retry-after")
    seconds = _number(header)
    return seconds if seconds is not None else _until(header, headers.get("date"))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _until(moment: str | None, now: str | None) -> float | None:
    then = _date(moment)
    if then is None:
        return None
    return max(0.0, (then - (_date(now) or datetime.now(UTC))).total_seconds())


def _date(text: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):  # a year or an offset of twenty digits
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
