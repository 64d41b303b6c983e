"""Reads the variants that compatible servers use for fields of both APIs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from moa.providers.error_details import as_mapping
from moa.types import Stop

_TEXT_PARTS: Final = frozenset({"", "text", "text_delta", "output_text"})
"""Part types that belong to the answer; other parts hold reasoning, tool calls or citations."""

_CONTINUES: Final = frozenset({"", "null", "none", "unknown", "finish_reason_unspecified"})
_BROKEN: Final = re.compile(r"error|insufficient|abort|cancel|malformed|overload|timeout")
_REFUSED: Final = re.compile(
    r"filter|safety|block|refus|moderat|prohibit|guardrail|recitation|sensitive|spii|violation"
)
_LIMITED: Final = re.compile(r"length|limit|max_?tokens|max_|truncat|exceeded|incomplete")


MAX_PARTS: Final = 10_000
"""Parts of a text, or choices, that are read. Millions of empty ones would block the event loop."""


def extract_text(content: object) -> str:
    """Return the answer's text from a `content`: a string, a part, or a list of either."""
    if isinstance(content, list):
        return "".join(map(_text_of_part, cast("list[object]", content)[:MAX_PARTS]))
    return _text_of_part(content)


def _text_of_part(content: object) -> str:
    if isinstance(content, str):
        return content
    part = as_mapping(content)
    text = part.get("text")
    return text if isinstance(text, str) and part.get("type", "") in _TEXT_PARTS else ""


def extract_refusal(delta: Mapping[str, Any]) -> str:
    """Return the refusal text from a dedicated field or part, if any."""
    content = delta.get("content")
    if isinstance(content, str) and "refusal" not in delta:
        return ""
    parts = cast("list[object]", content)[:MAX_PARTS] if isinstance(content, list) else []
    refusals = [delta.get("refusal"), *(as_mapping(part).get("refusal") for part in parts)]
    return "".join(refusal for refusal in refusals if isinstance(refusal, str))


def select_choice(
    choices: object, index: int | None
) -> tuple[Mapping[str, Any] | None, int | None]:
    """Return the choice to read and its index: the one read so far, else the lowest.

    We ask for one answer. If a server sends several, their texts must not mix.
    """
    if not isinstance(choices, list):
        return None, index
    if len(choices) == 1 and index is not None:  # the common case
        only = as_mapping(cast("list[object]", choices)[0])
        return only if _choice_index(only, index) == index else None, index
    found = {
        _choice_index(choice, index): choice
        for choice in map(as_mapping, reversed(cast("list[object]", choices)[:MAX_PARTS]))
    }
    wanted = min(found, default=0) if index is None else index
    return found.get(wanted), wanted if found else index


def _choice_index(choice: Mapping[str, Any], index: int | None) -> int:
    sent = choice.get("index")
    return sent if isinstance(sent, int) else index or 0


def parse_stop(reason: object) -> Stop | Literal["broken"] | None:
    """Map a finish reason in any spelling; None while the answer continues.

    OpenAI "length", Gemini "MAX_TOKENS", Mistral "model_length"; "content_filter", "SAFETY",
    "guardrail_intervened"; DeepSeek "insufficient_system_resource", OpenRouter "error". Any other
    word is a normal end.
    """
    word = reason.strip().lower().replace("-", "_") if isinstance(reason, str) else ""
    if word in _CONTINUES:
        return None
    if _BROKEN.search(word):
        return "broken"
    if _REFUSED.search(word):
        return "refusal"
    return "length" if _LIMITED.search(word) else "end"
