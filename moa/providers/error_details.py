"""Parses providers' error bodies, which come in many forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic_core import from_json

from moa.redaction import redacted

MAX_TEXT: Final = 4_000
"""The most characters read from a body; no known message is longer."""

MAX_REASON: Final = 300
"""The most characters of a provider's message shown to operators."""

_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 10
_ERRORS: Final = range(400, 600)
_PLAIN_CODE: Final = re.compile(r"[\w.\-]{1,64}")

_CODES: Final = ("code", "error_code")
_TYPES: Final = ("type", "status", "reason", "__type")
_NUMBERS: Final = ("code", "status", "status_code")
_NESTED: Final = (
    "message",
    "Message",
    "msg",
    "error_msg",
    "error",
    "detail",
    "errors",
    "details",
    "innererror",
    "metadata",
    "raw",
)
"""Keys that hold messages or nested errors. Keys that repeat the question, such as pydantic's
`input` and OpenRouter's `flagged_input`, are left out on purpose."""

_FLAGGED: Final = "flagged_input"


@dataclass(frozen=True, slots=True)
class Details:
    """The content of an error body; empty fields where it says nothing.

    Attributes:
        code, type: the outermost of each.
        status: the HTTP status in the body; 0 if none.
        codes: every code and type, nested errors included, in lower case.
        params: the parameters named by `param`, then those named by `loc`.
        text: the messages, unredacted. They may hold a key: show `reason` instead.
    """

    code: str = ""
    type: str = ""
    status: int = 0
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    text: str = ""

    def reason(self, status: int) -> str:
        """Return status, code, parameter and the start of the message, with keys redacted."""
        code = self.code or self.type
        head = [str(status) if status else "", code if code != str(status) else ""]
        head += [f"(parameter {name})" for name in self.params[:1]]
        message = " ".join(redacted(self.text).split())
        return ": ".join(part for part in (" ".join(filter(None, head)), _shorten(message)) if part)


def _shorten(text: str) -> str:
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"


def parse_details(body: object) -> Details:
    """Parse an error body: a JSON value, JSON text, or any other text.

    Known forms are OpenAI's, Anthropic's, lists of either, FastAPI's `detail` with `loc`, plain
    strings, and nested errors (`metadata.raw`, JSON inside a message).
    """
    found = _ErrorBodyReader()
    found.collect(body, 0)
    texts = dict.fromkeys(text for text in found.texts if text)
    return Details(
        code=_first_or_empty([c for c in found.codes if not c.isdecimal()] or found.codes),
        type=_first_or_empty(found.types),
        status=found.status,
        codes=frozenset(code.lower() for code in (*found.codes, *found.types)),
        params=tuple(dict.fromkeys([*found.params, *found.loc_names])),
        text=": ".join(texts)[:MAX_TEXT],
    )


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a JSON object, else an empty mapping."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _first_or_empty(values: list[str]) -> str:
    return values[0] if values else ""


@dataclass(slots=True)
class _ErrorBodyReader:
    codes: list[str] = field(default_factory=list[str])
    types: list[str] = field(default_factory=list[str])
    params: list[str] = field(default_factory=list[str])
    loc_names: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])
    status: int = 0

    def collect(self, value: object, depth: int) -> None:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, str):
            self._collect_text(value[:MAX_TEXT].strip(), depth)
        elif isinstance(value, list):
            for item in cast("list[object]", value)[:_MAX_ITEMS]:
                self.collect(item, depth + 1)
        elif isinstance(value, dict):
            self._collect_object(as_mapping(value), depth)

    def _collect_object(self, error: Mapping[str, Any], depth: int) -> None:
        self.codes += filter(None, (_plain_code(error.get(key)) for key in _CODES))
        self.types += [w for w in (_plain_code(error.get(k)) for k in _TYPES) if w and w != "error"]
        self.params += filter(None, [_parameter_name(error.get("param"))])
        self.loc_names += _names_in_loc(error.get("loc"))
        if _FLAGGED in error:
            self.types.append(_FLAGGED)
        for key in _NUMBERS:
            self.status = self.status or _status(error.get(key))
        for key in _NESTED:
            self.collect(error.get(key), depth + 1)

    def _collect_text(self, text: str, depth: int) -> None:
        """Collect a message and any JSON inside it: gateways quote the error they received."""
        start, end = text.find("{"), text.rfind("}") + 1
        inner = _parse_object(text[start:end]) if 0 <= start < end else None
        if inner is None:
            self.texts.append(_strip_tags(text))
            return
        self.texts.append(text[:start].strip(" -:\n\t[(b'\""))
        self.collect(inner, depth + 1)


def _plain_code(value: object) -> str:
    # A hostile server may write anything here: keep only what looks like a code.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _PLAIN_CODE.fullmatch(text) else ""


def _parameter_name(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if text in {"None", "null"} or not re.fullmatch(r"[\w.\-\[\]]{1,64}", text):
        return ""
    return text


def _names_in_loc(loc: object) -> list[str]:
    """Return the names in the path to an invalid value, without the leading "body"."""
    parts = cast("list[object]", loc) if isinstance(loc, list) else [loc]
    return [p for p in map(_parameter_name, parts) if p and p not in {"body", "request"}]


def _status(value: object) -> int:
    text = str(value) if isinstance(value, str | int) else ""
    return int(text) if len(text) == len("400") and text.isdecimal() and int(text) in _ERRORS else 0


def _parse_object(text: str) -> object:
    try:
        value = from_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _strip_tags(text: str) -> str:
    if not text.startswith("<"):
        return text
    title = re.search(r"<(title|h1)[^>]*>([^<]{1,300})<", text, re.IGNORECASE)
    return title[2] if title else re.sub(r"<[^>]{0,300}>", " ", text)
