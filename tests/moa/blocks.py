"""A strict parser for the block of answers. It is given the nonce and trusts nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from moa import Answer, Prompt
from moa.pipeline.prompts import templates


@dataclass(frozen=True)
class Section:
    """One text of a block: its kind, label and remark."""

    kind: str
    label: str
    remark: str
    text: str


@dataclass(frozen=True)
class Block:
    """A parsed last user turn."""

    question: str
    introduction: str
    sections: Sequence[Section]

    @property
    def labels(self) -> list[str]:
        return [section.label for section in self.sections]

    @property
    def remarks(self) -> dict[str, str]:
        return {section.label: section.remark for section in self.sections if section.remark}


def parse(content: str, nonce: str) -> Block:
    """Parse a last user turn.

    Raises:
        ValueError: unless it is a question, one introduction, the sections and one end line.
    """
    begin = templates.ANSWERS_FOLLOW.format(nonce=nonce)
    if content.count(begin) != 1:
        raise ValueError("the introduction must occur once")
    question, rest = content.split(begin)
    introduction, _, body = rest.partition("\n\n")
    last = f"=== END OF ANSWERS {nonce} ==="
    inside, found_last, after = f"{body}\n".partition(f"\n{last}\n")
    if not found_last or last in after:
        raise ValueError("the block must end with one end line")
    request = after.strip()
    if not question.strip().endswith(request):
        raise ValueError("only the request may follow the block")
    lines = inside.split("\n")
    boundary = re.compile(rf"=== (ANSWER|RANKING) ([A-Z]+\d*) {nonce}(?: \(([^()\n]+)\))? ===")
    sections: list[Section] = []
    texts: list[list[str]] = []
    for line in lines:
        if found := boundary.fullmatch(line):
            sections.append(Section(found[1], found[2], found[3] or "", ""))
            texts.append([])
        elif nonce in line or not texts:
            raise ValueError(f"unexpected line: {line!r}")
        else:
            texts[-1].append(line)
    read = zip(sections, texts, strict=True)
    whole = [Section(s.kind, s.label, s.remark, _inner(text)) for s, text in read]
    if not question.endswith("\n\n"):
        raise ValueError("no empty line after the question")
    return Block(question[:-2], begin + introduction, whole)


def _inner(lines: Sequence[str]) -> str:
    """Return a text without the empty line after it."""
    if lines and lines[-1] == "":
        return "\n".join(lines[:-1])
    raise ValueError("no empty line after a text")


def block_of(prompt: Prompt, nonce: str) -> Block:
    """Return the block at the end of a prompt's last turn."""
    return parse(prompt.messages[-1].content, nonce)


def answer(label: str, text: str, *, model: str = "", position: int = 1, **more: str) -> Answer:
    """Return a labelled answer."""
    status = "truncated" if more.get("status") == "truncated" else "used"
    return Answer(model or f"model {label}", 1, position, status, text, label)
