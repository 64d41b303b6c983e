"""Error bodies of servers, and the kinds they map to."""

from __future__ import annotations

from typing import Any

OVERFLOW = ("Overflow", "overflow")
KEY = ("Rejected", "auth")
CREDIT = ("Rejected", "quota")
MODERATION = ("Rejected", "moderation")
NO_MODEL = ("Rejected", "not_found")
WRONG_PATH = ("Rejected", "wrong_path")
WRONG_API = ("Rejected", "wrong_api")
UNSUPPORTED = ("Rejected", "unsupported")
REJECTED = ("Rejected", "rejected")
LOADING = ("Unavailable", "loading")
OVERLOADED = ("Unavailable", "overloaded")
FAILED = ("Unavailable", "unavailable")
RATE = ("RateLimited", "rate_limited")

Case = tuple[str, int, Any, tuple[str, str]]


def of(message: str, **more: Any) -> dict[str, Any]:
    """OpenAI's form, with codes only if given."""
    return {"error": {"message": message, "type": None, "param": None, "code": None, **more}}


def of_openrouter(code: int, message: str, **metadata: Any) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "metadata": metadata}}
