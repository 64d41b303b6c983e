"""The shapes in which compatible servers write what Chat Completions and Messages have one for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from moa.providers.error_mapping import as_mapping
from moa.types import Stop

_TEXT_PARTS: Final = frozenset({"", "text", "text_delta", "output_text"})
"""Types of parts that belong to the answer; others hold thoughts, calls of tools or references."""

_GOES_ON: Final = frozenset({"", "null", "none", "unknown", "finish_reason_unspecified"})
_BROKEN_OFF: Final = re.compile(r"error|insufficient|abort|cancel|malformed|overload|timeout")
_REFUSED: Final = re.compile(
    r"filter|safety|block|refus|moderat|prohibit|guardrail|recitation|sensitive|spii|violation"
)
_LIMITED: Final = re.compile(r"length|limit|max_?tokens|max_|truncat|exceeded|incomplete")


def text_of(content: object) -> str:
    """The answer's text in a `content`: a string, a part, or a list of either."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_of(part) for part in cast("list[object]", content))
    part = as_mapping(content)
    text = part.get("text")
    return text if isinstance(text, str) and part.get("type", "") in _TEXT_PARTS else ""


def refusal_of(said: Mapping[str, Any]) -> str:
    """The words with which a model declines, where the API has a field or a part for them."""
    content = said.get("content")
    if isinstance(content, str) and "refusal" not in said:
        return ""
    parts = cast("list[object]", content) if isinstance(content, list) else []
    refusals = [said.get("refusal"), *(as_mapping(part).get("refusal") for part in parts)]
    return "".join(refusal for refusal in refusals if isinstance(refusal, str))


def choice_of(choices: object, index: int | None) -> tuple[Mapping[str, Any] | None, int | None]:
    """The choice that is read, and its index: the one read so far, else the lowest that came.

    One answer was asked for. Where a server sends several, their texts must not mix.
    """
    if not isinstance(choices, list):
        return None, index
    if len(choices) == 1 and index is not None:  # nearly all of them
        only = as_mapping(cast("list[object]", choices)[0])
        return only if _index_of(only, index) == index else None, index
    found = {
        _index_of(choice, index): choice
        for choice in map(as_mapping, reversed(cast("list[object]", choices)))
    }
    wanted = min(found, default=0) if index is None else index
    return found.get(wanted), wanted if found else index


def _index_of(choice: Mapping[str, Any], index: int | None) -> int:
    own = choice.get("index")
    return own if isinstance(own, int) else index or 0


def stop_of(reason: object) -> Stop | Literal["broken"] | None:
    """What a reason to finish means, however it is spelt; None where the answer goes on.

    OpenAI "length", Gemini "MAX_TOKENS", Mistral "model_length"; "content_filter", "SAFETY",
    "guardrail_intervened"; DeepSeek "insufficient_system_resource", OpenRouter "error". Every
    other word is an end like any other.
    """
    word = reason.strip().lower().replace("-", "_") if isinstance(reason, str) else ""
    if word in _GOES_ON:
        return None
    if _BROKEN_OFF.search(word):
        return "broken"
    if _REFUSED.search(word):
        return "refusal"
    return "length" if _LIMITED.search(word) else "end"
