"""What a provider's error body says, in whichever of the many forms it comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic_core import from_json

from moa.redaction import redacted

MOST_TEXT: Final = 4_000
"""Characters of a body that are looked at: none of the known messages is longer."""

MOST_REASON: Final = 300
"""Characters of a provider's message that an operator is shown."""

_DEEPEST: Final = 8
_MOST_ITEMS: Final = 10
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
"""Keys under which messages or further error objects stand. Keys that repeat the question, such as
pydantic's `input` and OpenRouter's `flagged_input`, are not among them."""

_FLAGGED: Final = "flagged_input"


@dataclass(frozen=True, slots=True)
class Details:
    """What a server says of an error; empty where it says nothing.

    Attributes:
        code, type, param: the outermost of each.
        status: an HTTP status that the body holds; 0 for none.
        words: every code and type, of nested errors too, in lower case.
        places: the parameters that it names, by `param` or by `loc`.
        text: its messages, for people, as they came. They may hold a key: see `reason`.
    """

    code: str = ""
    type: str = ""
    param: str = ""
    status: int = 0
    words: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    text: str = ""

    def reason(self, status: int) -> str:
        """Status, code, parameter and the beginning of the message, without anything key-like."""
        code = self.code or self.type
        place = self.param or next(iter(self.places), "")
        head = [str(status) if status else "", code if code != str(status) else ""]
        head += [f"(parameter {place})"] if place else []
        said = " ".join(redacted(self.text).split())
        return ": ".join(part for part in (" ".join(filter(None, head)), _cut(said)) if part)


def _cut(text: str) -> str:
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= MOST_REASON else f"{text[: MOST_REASON - 1]}…"


def details_of(body: object) -> Details:
    """Read an error body: a JSON value, the text of one, or any other text.

    Known forms are OpenAI's, Anthropic's, lists of either, FastAPI's `detail` with `loc`, plain
    strings, and errors within errors (`metadata.raw`, JSON inside a message).
    """
    found = _Found()
    found.read(body, 0)
    texts = dict.fromkeys(text for text in found.texts if text)
    return Details(
        code=_first([c for c in found.codes if not c.isdecimal()] or found.codes),
        type=_first(found.types),
        param=_first(found.params),
        status=found.status,
        words=frozenset(word.lower() for word in (*found.codes, *found.types)),
        places=tuple(dict.fromkeys([*found.params, *found.places])),
        text=": ".join(texts)[:MOST_TEXT],
    )


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _first(words: list[str]) -> str:
    return words[0] if words else ""


@dataclass(slots=True)
class _Found:
    codes: list[str] = field(default_factory=list[str])
    types: list[str] = field(default_factory=list[str])
    params: list[str] = field(default_factory=list[str])
    places: list[str] = field(default_factory=list[str])
    texts: list[str] = field(default_factory=list[str])
    status: int = 0

    def read(self, value: object, depth: int) -> None:
        if depth > _DEEPEST:
            return
        if isinstance(value, str):
            self._read_text(value[:MOST_TEXT].strip(), depth)
        elif isinstance(value, list):
            for item in cast("list[object]", value)[:_MOST_ITEMS]:
                self.read(item, depth + 1)
        elif isinstance(value, dict):
            self._read_object(as_mapping(value), depth)

    def _read_object(self, error: Mapping[str, Any], depth: int) -> None:
        self.codes += filter(None, (_word(error.get(key)) for key in _CODES))
        self.types += [w for w in (_word(error.get(k)) for k in _TYPES) if w and w != "error"]
        self.params += filter(None, [_place(error.get("param"))])
        self.places += _located(error.get("loc"))
        if _FLAGGED in error:
            self.types.append(_FLAGGED)
        for key in _NUMBERS:
            self.status = self.status or _status(error.get(key))
        for key in _NESTED:
            self.read(error.get(key), depth + 1)

    def _read_text(self, text: str, depth: int) -> None:
        """A message, and the JSON inside it: gateways quote the error that they were sent."""
        start, end = text.find("{"), text.rfind("}") + 1
        inner = _parsed(text[start:end]) if 0 <= start < end else None
        if inner is None:
            self.texts.append(_without_tags(text))
            return
        self.texts.append(text[:start].strip(" -:\n\t[(b'\""))
        self.read(inner, depth + 1)


def _word(value: object) -> str:
    # A hostile server may write anything here; only what looks like a code is kept.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _PLAIN_CODE.fullmatch(text) else ""


def _place(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if text in {"None", "null"} or not re.fullmatch(r"[\w.\-\[\]]{1,64}", text):
        return ""
    return text


def _located(loc: object) -> list[str]:
    """The names on the way to a wrong value; "body" is where all of them begin."""
    parts = cast("list[object]", loc) if isinstance(loc, list) else [loc]
    return [p for p in map(_place, parts) if p and p not in {"body", "request"}]


def _status(value: object) -> int:
    text = str(value) if isinstance(value, str | int) else ""
    return int(text) if len(text) == len("400") and text.isdecimal() and int(text) in _ERRORS else 0


def _parsed(text: str) -> object:
    try:
        value = from_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _without_tags(text: str) -> str:
    if not text.startswith("<"):
        return text
    title = re.search(r"<(title|h1)[^>]*>([^<]{1,300})<", text, re.IGNORECASE)
    return title[2] if title else re.sub(r"<[^>]{0,300}>", " ", text)
