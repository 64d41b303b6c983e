"""Reads the sections of a brainstorm's result from a model's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from moa.brainstorm.values import BrainstormResult, Idea, NextStep, ShortListed

MAX_OWNER_CHARS: Final = 100
SECTIONS: Final = ("short_list", "dissent", "open_questions", "next_steps")

_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}\s(?P<title>.+)|\*\*(?P<bold>[^*]+)\*\*[:\s]*)$")
_NUMBER = re.compile(r"^\d[.)]\s*")
_BULLET = re.compile(r"^\s*(?:[-*+\u2022]|\d{1,2}[.)])\s+(?P<text>\S.*)$")
_BOLD_START = re.compile(r"^\*\*(?P<idea>.+?)\*\*\s*[:\u2013\u2014-]?\s*(?P<reason>.*)$")
_OWNER = re.compile(r"\((?:owner:\s*)?(?P<owner>[^()]{1,60})\)\s*\.?$", re.IGNORECASE)
_KEYWORDS: Final = {
    "short_list": re.compile(r"short[- ]?list", re.IGNORECASE),
    "dissent": re.compile(r"dissent|disagree", re.IGNORECASE),
    "open_questions": re.compile(r"question", re.IGNORECASE),
    "next_steps": re.compile(r"next|step", re.IGNORECASE),
}


def parse_result(text: str, ideas: Sequence[Idea] = (), material: str = "") -> BrainstormResult:
    """Return the sections of a reply to `result_prompt`, as far as they can be told apart.

    `ideas` and `material` say which owners people named; other owners are dropped.
    """
    bullets = _by_section(list(_sections(text)))
    named = "\n".join([material, *(idea.text for idea in ideas if not idea.from_model)]).casefold()
    return BrainstormResult(
        text,
        short_list=tuple(map(_short_listed, bullets.get("short_list", ()))),
        dissent=tuple(map(_plain, bullets.get("dissent", ()))),
        open_questions=tuple(map(_plain, bullets.get("open_questions", ()))),
        next_steps=tuple(_next_step(b, named) for b in bullets.get("next_steps", ())),
    )


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading and the bullets below it."""
    title: str | None = None
    bullets: list[str] = []
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            if title is not None:
                yield title, bullets
            title, bullets = (heading["title"] or heading["bold"]).strip(" #:*"), []
        elif found := _BULLET.match(line):
            bullets.append(found["text"].strip())
        elif bullets and line.startswith("  ") and line.strip():
            bullets[-1] += f" {line.strip()}"
    if title is not None:
        yield title, bullets


def _by_section(found: Sequence[tuple[str, list[str]]]) -> dict[str, list[str]]:
    """Return the bullets by section: by their English titles, or by order if all four are there."""
    sections: dict[str, list[str]] = {}
    for title, bullets in found:
        name = next((n for n, words in _KEYWORDS.items() if words.search(title)), None)
        if name:
            sections.setdefault(name, bullets)
    with_bullets = [bullets for _, bullets in found if bullets]
    if not sections and len(with_bullets) == len(SECTIONS):
        return dict(zip(SECTIONS, with_bullets, strict=True))
    return sections


def _short_listed(bullet: str) -> ShortListed:
    if found := _BOLD_START.match(bullet):
        return ShortListed(found["idea"].strip().rstrip(":"), found["reason"].strip())
    idea, _, reason = bullet.partition(": ")
    return ShortListed(_plain(idea), _plain(reason))


def _next_step(bullet: str, named: str) -> NextStep:
    """Return a step, with its owner if people's own words contain the name."""
    step = _plain(bullet)
    found = _OWNER.search(step, max(len(step) - MAX_OWNER_CHARS, 0))
    owner = found["owner"].strip() if found else None
    if found is None or owner is None:
        return NextStep(step)
    known = re.search(rf"(?<!\w){re.escape(owner.casefold())}(?!\w)", named) is not None
    return NextStep(step[: found.start()].rstrip(), owner) if known else NextStep(step)


def _plain(text: str) -> str:
    return _NUMBER.sub("", text.replace("**", "")).strip()
