"""The tags around models' thoughts and at the ends of their answers, and which text may become one.

Sources: the chat templates of Qwen3, DeepSeek-R1, QwQ (`<think>`), Seed-OSS (`<seed:think>`),
Magistral (`[THINK]`), Kimi-VL, Command A Reasoning, Gemma and Sky-T1, and gpt-oss's harmony format
(https://cookbook.openai.com/articles/openai-harmony).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LONGEST_TAG: Final = 320
"""Characters within which a tag always fits, its attributes or its channel's header included."""

_NAMES: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
_ANY_NAME: Final = "|".join(_NAMES)
_HEADER: Final = r"<\|channel\|>\s*{0}\b[^<]{{0,150}}(?:<\|constrain\|>[^<]{{0,50}})?<\|message\|>"
_FINAL: Final = r"(?:<\|start\|>\s*assistant\s*)?" + _HEADER.format("final")
_FINAL_SQUASHED: Final = "<|start|>assistant<|channel|>final<|message|>"

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
"""What some templates write before the answer itself."""

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
STRUCK: Final = "<s>"
"""HTML's mark of struck text, whose end looks like an end token."""

_ENDINGS: Final = (*(token.lower() for token in _END_TOKENS), STRUCK)

_CLOSER_OF_ANY: Final = "|".join(closer for _, closer in _PAIRS)
_OPENER: Final = re.compile("|".join(opener for opener, _ in _PAIRS), re.IGNORECASE)
_CHANNEL_OPENER: Final = re.compile(_CHANNELS[0], re.IGNORECASE)
_CHANNEL_CLOSER: Final = re.compile(_CHANNELS[1], re.IGNORECASE)
_PREAMBLE: Final = re.compile("|".join((*_PREAMBLES, _FINAL)), re.IGNORECASE)
_HALF_OPENER: Final = re.compile(rf"<(?:{_ANY_NAME})(?:\s[^<>]*|/)?", re.IGNORECASE)
_HALF_CLOSER: Final = re.compile(rf"</(?:{_ANY_NAME})\s*", re.IGNORECASE)
CLOSER: Final = re.compile(_CLOSER_OF_ANY, re.IGNORECASE)
"""The end of a thought; one that another kind of tag has opened may end so too."""

UNOPENED_CLOSER: Final = re.compile(f"{_CLOSER_OF_ANY}|{_FINAL}", re.IGNORECASE)
"""What ends a thought that the text itself has not opened."""

END_TOKEN: Final = re.compile("|".join(map(re.escape, _END_TOKENS)), re.IGNORECASE)
END_TOKENS: Final = re.compile(rf"(?:{END_TOKEN.pattern}|\s)+", re.IGNORECASE)
NEXT_TURN: Final = re.compile("|".join(map(re.escape, _NEXT_TURNS)), re.IGNORECASE)
MARK: Final = re.compile("[<\\[\u25c1]")
"""Each tag begins with one of these."""

_SENTENCE_GOES_ON: Final = re.compile("[ \\t]+[^\\W\\d_A-Z]|[.,;:!?)\"'\u201d\u2019\u00bb]")
_QUOTES: Final = ('"', "'", "`", "\u201c", "\u2018", "\u00ab", "(")


class Opening(NamedTuple):
    """What an answer begins with: where it ends, and how the thought that it opens is closed."""

    end: int
    closer: re.Pattern[str] | None


def opening(text: str) -> Opening | None:
    """The tag, or the part of a chat template, with which a text begins, if it does."""
    if found := _OPENER.match(text):
        return Opening(found.end(), None if found[0].endswith("/>") else CLOSER)
    if found := _CHANNEL_OPENER.match(text):
        return Opening(found.end(), _CHANNEL_CLOSER)
    found = _PREAMBLE.match(text) or CLOSER.match(text)
    return Opening(found.end(), None) if found else None


def may_open(text: str) -> bool:
    """Whether more text could make this one begin with what `opening` finds."""
    if len(text) > LONGEST_TAG:
        return False
    half = _HALF_OPENER.fullmatch(text) or _HALF_CLOSER.fullmatch(text)
    known = _is_start_of((*_OPENINGS, *_CLOSINGS), text) or _is_header(text, "<|channel|>")
    return half is not None or known


def may_close(text: str) -> bool:
    """Whether more text could make this one begin with a closing tag or an end token."""
    if len(text) > LONGEST_TAG:
        return False
    known = _is_start_of((*_CLOSINGS, *_ENDINGS), text) or _is_header(text, "<|channel|>final")
    return known or _HALF_CLOSER.fullmatch(text) is not None


def may_end(text: str) -> bool:
    """Whether what stands behind an end token could become one more, or another turn."""
    return _is_start_of((*_ENDINGS, *_NEXT_TURNS), text) or may_close(text)


def is_mention(before: str, tag: str, after: str) -> bool:
    """Whether a sentence or code speaks of a closing tag, so that it closes nothing.

    It does where the tag was opened in mid-text, is in code or in quotes, or has a sentence going
    on at both sides.
    """
    line = before.rpartition("\n")[2]
    in_code = before.count("```") % 2 or line.count("`") % 2
    if in_code or before.endswith(_QUOTES) or _OPENER.search(before):
        return True
    in_sentence = line.strip() and line[-1] in " \t" and _SENTENCE_GOES_ON.match(after)
    return bool(in_sentence) and not tag.lower().endswith("<|message|>")


def _is_start_of(tags: tuple[str, ...], text: str) -> bool:
    lower = text.lower()
    return any(tag.startswith(lower) for tag in tags)


def _is_header(text: str, start: str) -> bool:
    """Whether this is the beginning of a harmony header, whose end is a long way off."""
    squashed = "".join(text.lower().split())
    if _FINAL_SQUASHED.startswith(squashed) or start.startswith(squashed):
        return True
    inner = squashed.removeprefix("<|start|>assistant")
    return inner.startswith(start) and "<|message|>" not in inner
