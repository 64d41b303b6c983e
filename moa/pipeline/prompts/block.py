"""Puts untrusted answers into one block at the end of the last user turn.

Never in the system text: untrusted text stays out of the system role. The thread before the block
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
from moa.pipeline.prompts.untrusted import add_datamarks, marker_for, neutralise
from moa.types import Answer, Prompt

MAX_REPEATED_CHARACTERS = 1_000
"""A request up to this long is repeated after the answers."""

NO_REMARKS: Mapping[str, str] = MappingProxyType({})


def answers_block(
    answers: Iterable[Answer],
    nonce: str,
    *,
    rankings: Iterable[Answer] = (),
    remarks: Mapping[str, str] = NO_REMARKS,
    datamark: bool = False,
) -> str:
    """Return answers and rankings between boundary lines that no author could know.

    Args:
        answers: labelled, in the order to show them.
        nonce: the random part of the boundary lines.
        rankings: labelled rankings of the answers.
        remarks: by label, a remark for that text's boundary line.
        datamark: whether to interleave the texts with a marker.
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
    """Return the thread with the block of answers in its last user turn, then the request again.

    For the arguments see `answers_block`. The request is repeated because models follow the end of
    the prompt best, and a small model would otherwise continue the answers.
    """
    *earlier, last = thread.messages
    introduction = templates.ANSWERS_FOLLOW.format(nonce=nonce)
    if datamark:
        introduction += " " + templates.DATAMARKED.format(marker=marker_for(nonce))
    block = answers_block(answers, nonce, rankings=rankings, remarks=remarks, datamark=datamark)
    content = f"{last.content}\n\n{introduction}\n\n{block}{_repeated_request(last.content)}"
    return replace(thread, messages=(*earlier, replace(last, content=content)))


def _repeated_request(content: str) -> str:
    """Return the message or its last paragraph, whichever is short enough, or ""."""
    request = content.strip()
    if len(request) > MAX_REPEATED_CHARACTERS:
        request = request.rpartition("\n\n")[2]
    return f"\n\n{request}" if len(request) <= MAX_REPEATED_CHARACTERS else ""


def with_system(thread: Prompt, *parts: str) -> Prompt:
    """Return the thread with more paragraphs before its system text."""
    return replace(thread, system="\n\n".join(part for part in (*parts, thread.system) if part))


def _boundary(kind: str, answer: Answer, nonce: str, remarks: Mapping[str, str]) -> str:
    shown = [templates.TRUNCATED_REMARK] if answer.status == "truncated" else []
    if remark := remarks.get(answer.label):
        shown.append(remark)
    suffix = f" ({'; '.join(shown)})" if shown else ""
    return f"=== {kind} {answer.label} {nonce}{suffix} ==="


def _text(answer: Answer, nonce: str, *, datamark: bool) -> str:
    text = neutralise(answer.text, nonce)
    return add_datamarks(text, marker_for(nonce)) if datamark else text
