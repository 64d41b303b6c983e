"""A strict reader of the block of answers: it knows the nonce, and takes nothing on trust."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from moa import Answer, Prompt
from moa.pipeline.prompts import templates


@dataclass(frozen=True)
class Section:
    """One text of a block: what kind it is, its label, what is remarked on it."""

    kind: str
    label: str
    remark: str
    text: str


@dataclass(frozen=True)
class Block:
    """A last user turn, taken apart."""

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
    """Take a last user turn apart.

    Raises:
        ValueError: for anything but a question, one introduction, the sections and one last line.
    """
    begin = templates.ANSWERS_FOLLOW.format(nonce=nonce)
    if content.count(begin) != 1:
        raise ValueError("the introduction stands not once")
    question, rest = content.split(begin)
    introduction, _, body = rest.partition("\n\n")
    last = f"=== END OF ANSWERS {nonce} ==="
    inside, found_last, after = f"{body}\n".partition(f"\n{last}\n")
    if not found_last or last in after:
        raise ValueError("the block does not end with one last line")
    request = after.strip()
    if not question.strip().endswith(request):
        raise ValueError("after the block stands something else than the request")
    lines = inside.split("\n")
    boundary = re.compile(rf"=== (ANSWER|RANKING) ([A-Z]+\d*) {nonce}(?: \(([^()\n]+)\))? ===")
    sections: list[Section] = []
    texts: list[list[str]] = []
    for line in lines:
        if found := boundary.fullmatch(line):
            sections.append(Section(found[1], found[2], found[3] or "", ""))
            texts.append([])
        elif nonce in line or not texts:
            raise ValueError(f"not a place for this line: {line!r}")
        else:
            texts[-1].append(line)
    read = zip(sections, texts, strict=True)
    whole = [Section(s.kind, s.label, s.remark, _inner(text)) for s, text in read]
    if not question.endswith("\n\n"):
        raise ValueError("the question is not set apart")
    return Block(question[:-2], begin + introduction, whole)


def _inner(lines: Sequence[str]) -> str:
    """A text without the empty line that follows it."""
    if lines and lines[-1] == "":
        return "\n".join(lines[:-1])
    raise ValueError("a text is not set apart from what follows")


def block_of(prompt: Prompt, nonce: str) -> Block:
    """The block at the end of a prompt's last turn."""
    return parse(prompt.messages[-1].content, nonce)


def answer(label: str, text: str, *, model: str = "", position: int = 1, **more: str) -> Answer:
    """A labelled answer."""
    status = "truncated" if more.get("status") == "truncated" else "used"
    return Answer(model or f"model {label}", 1, position, status, text, label)
