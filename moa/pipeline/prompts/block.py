"""Where untrusted text stands in a prompt: one block, in the last user turn, after its message.

Never in the system text: untrusted words stay out of the system role, and the thread before them
is the same for every model, which keeps the providers' prompt caches warm.

    === ANSWER A 5f1c… ===
    text
    === ANSWER B 5f1c… (cut off at a length limit) ===
    text
    === RANKING R1 5f1c… ===
    text
    === END OF ANSWERS 5f1c… ===

    the message, or its last paragraph, once more
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from moa.pipeline.prompts import templates
from moa.pipeline.prompts.untrusted import datamarked, marker_of, neutralised
from moa.types import Answer, Prompt

LONGEST_REQUEST = 1_000
"""Characters up to which a request is said once more after the answers to it."""

NO_REMARKS: Mapping[str, str] = MappingProxyType({})


def block(
    answers: Iterable[Answer],
    nonce: str,
    *,
    rankings: Iterable[Answer] = (),
    remarks: Mapping[str, str] = NO_REMARKS,
    datamark: bool = False,
) -> str:
    """The answers, and rankings of them, between boundary lines that no author could know.

    Args:
        answers: labelled, in the order in which they are to be read.
        nonce: the boundary's random part.
        rankings: labelled texts about the answers.
        remarks: by label, what is to be said of a text in its boundary line.
        datamark: whether their text is interleaved with a marker.
    """
    shown = [("ANSWER", a) for a in answers] + [("RANKING", r) for r in rankings]
    parts = [
        f"{_boundary(kind, answer, nonce, remarks)}\n{_text(answer, nonce, datamark=datamark)}"
        for kind, answer in shown
    ]
    return "\n\n".join([*parts, f"=== END OF ANSWERS {nonce} ==="])


def with_answers(
    thread: Prompt,
    answers: Iterable[Answer],
    nonce: str,
    *,
    rankings: Iterable[Answer] = (),
    remarks: Mapping[str, str] = NO_REMARKS,
    datamark: bool = False,
) -> Prompt:
    """The thread with the block of answers in its last user turn, and the request after it.

    See `block`. The request is said once more at the end, since a model heeds best what it reads
    last, and a small one goes on with the answers otherwise.
    """
    *earlier, last = thread.messages
    introduction = templates.ANSWERS_FOLLOW.format(nonce=nonce)
    if datamark:
        introduction += " " + templates.DATAMARKED.format(marker=marker_of(nonce))
    laid = block(answers, nonce, rankings=rankings, remarks=remarks, datamark=datamark)
    content = f"{last.content}\n\n{introduction}\n\n{laid}{_once_more(last.content)}"
    return replace(thread, messages=(*earlier, replace(last, content=content)))


def _once_more(content: str) -> str:
    """The request again: the message, or its last paragraph, where that is short."""
    shown = content.strip()
    if len(shown) > LONGEST_REQUEST:
        shown = shown.rpartition("\n\n")[2]
    return f"\n\n{shown}" if len(shown) <= LONGEST_REQUEST else ""


def with_system(thread: Prompt, *parts: str) -> Prompt:
    """The thread with more system text in front of its own."""
    return replace(thread, system="\n\n".join(part for part in (*parts, thread.system) if part))


def _boundary(kind: str, answer: Answer, nonce: str, remarks: Mapping[str, str]) -> str:
    said = [templates.TRUNCATED] if answer.status == "truncated" else []
    if remark := remarks.get(answer.label):
        said.append(remark)
    remarked = f" ({'; '.join(said)})" if said else ""
    return f"=== {kind} {answer.label} {nonce}{remarked} ==="


def _text(answer: Answer, nonce: str, *, datamark: bool) -> str:
    text = neutralised(answer.text, nonce)
    return datamarked(text, marker_of(nonce)) if datamark else text
