"""What the answers agree on and where they differ: asked of a model as JSON, and read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from moa.pipeline import prompts
from moa.pipeline.strategies import PromptContext, lay_out
from moa.types import Answer, Call, Difference, Disagreement, Prompt, View

LEAST_ANSWERS = 2
"""One answer cannot differ from itself."""

GRACE_S = 2.0
"""How long the account is waited for when the reply has been given in full."""

MOST = 10
"""Statements of a kind: twice what is asked for. Who writes more has not understood the task."""

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
    agreements: list[Statement] = Field(max_length=MOST)
    differences: list[_Difference] = Field(max_length=MOST)


def compare(brief: PromptContext) -> Prompt:
    """The thread and the answers, to be compared and not to be answered; a strategy."""
    return lay_out(brief, prompts.ANALYST)


def read(text: str, answers: Sequence[Answer]) -> Disagreement | None:
    """The account in an analyst's text, its letters mapped back to the answers' authors.

    None when the text is anything but one JSON object of the form asked for (a code fence around
    it is let pass), or when it names a letter that stands for none of the answers: an account that
    is wrong in its form is not trusted in its content.
    """
    authors = {answer.label: answer.model for answer in answers}
    try:
        account = _DisagreementReply.model_validate_json(_bare(text).encode("utf-8", "replace"))
    except ValidationError:
        return None
    views = [view for difference in account.differences for view in difference.views]
    if not {label for view in views for label in view.answers} <= authors.keys():
        return None
    return Disagreement(
        tuple(map(_one_line, account.agreements)),
        tuple(
            Difference(_one_line(found.topic), tuple(_view(v, authors) for v in found.views))
            for found in account.differences
        ),
    )


def judged(
    answer: Answer, line: Call, answers: Sequence[Answer]
) -> tuple[Disagreement | None, Call]:
    """The account in an analyst's answer, and the call's line in the ledger.

    Where the answer is whole but cannot be read, the line says so: it was paid for in vain.
    """
    if not answer.readable:
        return None, line
    account = read(answer.text, answers)
    return account, line if account else replace(line, state="failed", error_kind="garbled")


def _view(found: _View, authors: Mapping[str, str]) -> View:
    labels = tuple(dict.fromkeys(found.answers))
    return View(_one_line(found.view), labels, tuple(authors[label] for label in labels))


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


def _bare(text: str) -> str:
    """The text without a code fence that encloses all of it; models add one unasked."""
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].strip() in {"```", "```json"} and lines[-1].strip() == "```":
        lines = lines[1:-1]
    return "\n".join(lines)
