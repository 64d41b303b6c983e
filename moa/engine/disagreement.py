"""Asks a model where the answers agree and differ, and parses its JSON strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from moa.pipeline import prompts
from moa.pipeline.strategies import PromptContext, build_prompt
from moa.types import Answer, Call, Difference, Disagreement, Prompt, View

MIN_ANSWERS = 2
"""One answer cannot differ from itself."""

GRACE_S = 2.0
"""How long the run waits for the analyst after the reply is complete."""

MAX_STATEMENTS = 10
"""Twice what the prompt asks for. A model that writes more has misread the task."""

Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _View(_Form):
    view: Statement
    answers: list[str] = Field(min_length=1)


class _Difference(_Form):
    topic: Statement
    views: list[_View] = Field(min_length=2)


class _DisagreementReply(_Form):
    agreements: list[Statement] = Field(max_length=MAX_STATEMENTS)
    differences: list[_Difference] = Field(max_length=MAX_STATEMENTS)


def compare(context: PromptContext) -> Prompt:
    """Build the prompt that asks to compare the answers, not to answer the question."""
    return build_prompt(context, prompts.ANALYST)


def parse_disagreement(text: str, answers: Sequence[Answer]) -> Disagreement | None:
    """Parse an analyst's text, and map its letters to the models that wrote the answers.

    Return None unless the text is exactly one JSON object in the requested form (a code fence
    around it is allowed) and every letter belongs to an answer. Don't trust the content of a reply
    whose form is wrong.
    """
    authors = {answer.label: answer.model for answer in answers}
    try:
        reply = _DisagreementReply.model_validate_json(
            _strip_fence(text).encode("utf-8", "replace")
        )
    except ValidationError:
        return None
    views = [view for difference in reply.differences for view in difference.views]
    if not {label for view in views for label in view.answers} <= authors.keys():
        return None
    return Disagreement(
        tuple(map(_one_line, reply.agreements)),
        tuple(
            Difference(_one_line(d.topic), tuple(_to_view(v, authors) for v in d.views))
            for d in reply.differences
        ),
    )


def parse_answer(
    answer: Answer, call: Call, answers: Sequence[Answer]
) -> tuple[Disagreement | None, Call]:
    """Return the disagreement in an analyst's answer, and the call to log.

    If a complete answer cannot be parsed, the call is logged as failed, with kind `garbled`.
    """
    if not answer.readable:
        return None, call
    found = parse_disagreement(answer.text, answers)
    return found, call if found else replace(call, state="failed", error_kind="garbled")


def _to_view(view: _View, authors: Mapping[str, str]) -> View:
    labels = tuple(dict.fromkeys(view.answers))
    return View(_one_line(view.view), labels, tuple(authors[label] for label in labels))


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


def _strip_fence(text: str) -> str:
    """Remove a code fence around the whole text; many models add one."""
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].strip() in {"```", "```json"} and lines[-1].strip() == "```":
        lines = lines[1:-1]
    return "\n".join(lines)
