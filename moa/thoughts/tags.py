"""The tags around thoughts, the tokens that end answers, and which text may become one.

Sources: the chat templates of Qwen3, DeepSeek-R1, QwQ (`<think>`), Seed-OSS (`<seed:think>`),
Magistral (`[THINK]`), Kimi-VL, Command A Reasoning, Gemma and Sky-T1, and gpt-oss's harmony format
(https://cookbook.openai.com/articles/openai-harmony).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MAX_TAG_CHARS: Final = 320
"""The longest tag, with its attributes or its channel's header."""

_NAMES: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
_ANY_NAME: Final = "|".join(_NAMES)
_HEADER: Final = r"<\|channel\|>\s*{0}\b[^<]{{0,150}}(?:<\|constrain\|>[^<]{{0,50}})?<\|message\|>"
_FINAL: Final = r"(?:<\|start\|>\s*assistant\s*)?" + _HEADER.format("final")
_COMPACT_FINAL_HEADER: Final = "<|start|>assistant<|channel|>final<|message|>"

_PAIRS: Final = (
    (rf"<(?:{_ANY_NAME})(?:\s[^<>]{{0,200}}|/)?>", rf"</(?:{_ANY_NAME})\s*>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|channel>\s*thought\b", r"<channel\|>"),
    (r"<unused94>", r"<unused95>"),
)
_CHANNELS: Final = (
    r"(?:<\|start\|>\s*assistant\s*)?" + _HEADER.format("(?:analysis|commentary)"),
    r"<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)",
)
_PREAMBLES: Final = (
    r"<\|im_start\|>\s*assistant",
    r"<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>",
    r"<start_of_turn>\s*model",
    r"<\|begin_of_solution\|>",
    r"<\|START_RESPONSE\|>",
    r"<\|begin_of_text\|>",
    r"<\|message\|>",
)
"""What some chat templates put before the answer."""

_END_TOKENS: Final = (
    "<|im_end|>",
    "</s>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<end_of_turn>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|end_of_solution|>",
    "<|END_RESPONSE|>",
    "<|end_of_sentence|>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<eos>",
    "<turn|>",
)
_NEXT_TURNS: Final = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "<|start|>")

_OPENINGS: Final = (
    *(f"<{name}>" for name in _NAMES),
    "[think]",
    "\u25c1think\u25b7",
    "<|begin_of_thought|>",
    "<|start_thinking|>",
    "<|channel>thought",
    "<unused94>",
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<start_of_turn>model",
    "<|begin_of_solution|>",
    "<|start_response|>",
    "<|begin_of_text|>",
    "<|message|>",
    "<|start|>assistant<|channel|>",
)
_CLOSINGS: Final = (
    *(f"</{name}>" for name in _NAMES),
    "[/think]",
    "\u25c1/think\u25b7",
    "<|end_of_thought|>",
    "<|end_thinking|>",
    "<channel|>",
    "<unused95>",
)
STRIKETHROUGH_TAG: Final = "<s>"
"""HTML's strikethrough tag. Its closing tag looks like an end token."""

_ENDINGS: Final = (*(token.lower() for token in _END_TOKENS), STRIKETHROUGH_TAG)

_ANY_CLOSER: Final = "|".join(closer for _, closer in _PAIRS)
_OPENER: Final = re.compile("|".join(opener for opener, _ in _PAIRS), re.IGNORECASE)
_CHANNEL_OPENER: Final = re.compile(_CHANNELS[0], re.IGNORECASE)
_CHANNEL_CLOSER: Final = re.compile(_CHANNELS[1], re.IGNORECASE)
_PREAMBLE: Final = re.compile("|".join((*_PREAMBLES, _FINAL)), re.IGNORECASE)
_PARTIAL_OPENER: Final = re.compile(rf"<(?:{_ANY_NAME})(?:\s[^<>]*|/)?", re.IGNORECASE)
_PARTIAL_CLOSER: Final = re.compile(rf"</(?:{_ANY_NAME})\s*", re.IGNORECASE)
CLOSER: Final = re.compile(_ANY_CLOSER, re.IGNORECASE)
"""Closes a thought. Any kind of closing tag closes any kind of thought."""

UNOPENED_CLOSER: Final = re.compile(f"{_ANY_CLOSER}|{_FINAL}", re.IGNORECASE)
"""Closes a thought that the text didn't open."""

END_TOKEN: Final = re.compile("|".join(map(re.escape, _END_TOKENS)), re.IGNORECASE)
END_TOKENS: Final = re.compile(rf"(?:{END_TOKEN.pattern}|\s)+", re.IGNORECASE)
NEXT_TURN: Final = re.compile("|".join(map(re.escape, _NEXT_TURNS)), re.IGNORECASE)
TAG_START: Final = re.compile("[<\\[\u25c1]")
"""The first character of any tag."""

_SENTENCE_CONTINUES: Final = re.compile("[ \\t]+[^\\W\\d_A-Z]|[.,;:!?)\"'\u201d\u2019\u00bb]")
_QUOTES: Final = ('"', "'", "`", "\u201c", "\u2018", "\u00ab", "(")


class Opening(NamedTuple):
    """The start of an answer that is not part of its text.

    Attributes:
        end: the index at which it ends.
        closer: closes the thought it opens; None if it opens none.
    """

    end: int
    closer: re.Pattern[str] | None


def match_opening(text: str) -> Opening | None:
    """Return the tag or chat template part at the start of the text, or None."""
    if match := _OPENER.match(text):
        return Opening(match.end(), None if match[0].endswith("/>") else CLOSER)
    if match := _CHANNEL_OPENER.match(text):
        return Opening(match.end(), _CHANNEL_CLOSER)
    match = _PREAMBLE.match(text) or CLOSER.match(text)
    return Opening(match.end(), None) if match else None


def may_open(text: str) -> bool:
    """Return whether `match_opening` may find something once more text has arrived."""
    if len(text) > MAX_TAG_CHARS:
        return False
    partial = _PARTIAL_OPENER.fullmatch(text) or _PARTIAL_CLOSER.fullmatch(text)
    is_known = _is_prefix_of_any((*_OPENINGS, *_CLOSINGS), text) or _is_partial_header(
        text, "<|channel|>"
    )
    return partial is not None or is_known


def may_close(text: str) -> bool:
    """Return whether the text may become a closing tag or an end token."""
    if len(text) > MAX_TAG_CHARS:
        return False
    is_known = _is_prefix_of_any((*_CLOSINGS, *_ENDINGS), text) or _is_partial_header(
        text, "<|channel|>final"
    )
    return is_known or _PARTIAL_CLOSER.fullmatch(text) is not None


def may_end(text: str) -> bool:
    """Return whether the text after an end token may become another one, or a new turn."""
    return _is_prefix_of_any((*_ENDINGS, *_NEXT_TURNS), text) or may_close(text)


def is_mention(before: str, tag: str, after: str) -> bool:
    """Return whether the text only mentions a closing tag, so that it closes nothing.

    True if the text contains an opening tag, if the closing tag is in code or quotes, or if it is
    in the middle of a sentence.
    """
    line = before.rpartition("\n")[2]
    in_code = before.count("```") % 2 or line.count("`") % 2
    if in_code or before.endswith(_QUOTES) or _OPENER.search(before):
        return True
    in_sentence = line.strip() and line[-1] in " \t" and _SENTENCE_CONTINUES.match(after)
    return bool(in_sentence) and not tag.lower().endswith("<|message|>")


def _is_prefix_of_any(tags: tuple[str, ...], text: str) -> bool:
    lower = text.lower()
    return any(tag.startswith(lower) for tag in tags)


def _is_partial_header(text: str, start: str) -> bool:
    """Return whether the text may be the start of a harmony header, which can be long."""
    compact = "".join(text.lower().split())
    if _COMPACT_FINAL_HEADER.startswith(compact) or start.startswith(compact):
        return True
    inner = compact.removeprefix("<|start|>assistant")
    return inner.startswith(start) and "<|message|>" not in inner
