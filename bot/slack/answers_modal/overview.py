"""The modal's first page: who wrote the reply, where the answers differ, and how each model did."""

from __future__ import annotations

from bot.figures import cost, seconds
from bot.ports import Run
from bot.slack.answers_modal.layers import bullets, comparison, layers, named, title, words
from bot.slack.answers_modal.model import RunForViewer, answer_details
from bot.slack.markdown.rich_text import BLOCK_LIMIT
from bot.slack.markdown.rich_text_inline import Json
from bot.slack.markdown.rich_text_pages import pages
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.blocks import Block, context, section
from bot.slack.ui.footer import figures_line
from bot.slack.ui.model_names import failure_reason, is_combined, status_text
from bot.slack.ui.strings import answers_modal as strings
from bot.slack.ui.strings.footer import FOOTER_ANSWERS
from moa import Answer


def overview_heading(viewed: RunForViewer) -> str:
    """Return how the run ended, as a heading."""
    run = viewed.run
    if not run.reply:
        return strings.OVERVIEW_HEAD_FAILED
    if run.status == "unsynthesised":
        return strings.OVERVIEW_HEAD_DRAFT
    if run.status == "partial":
        return strings.OVERVIEW_HEAD_PARTIAL
    if not run.answers:
        return strings.OVERVIEW_HEAD_ALONE
    count = len(_used_answers(run))
    return strings.OVERVIEW_HEAD_ONE if count == 1 else strings.OVERVIEW_HEAD.format(count=count)


def overview(viewed: RunForViewer) -> list[Block]:
    """Return the blocks below the heading."""
    groups = [*comparison(viewed), *layers(viewed), _aggregators(viewed), _notes(viewed)]
    blocks = [block for group in groups if group for block in pages(group, BLOCK_LIMIT)]
    return [
        section(_outcome(viewed)),
        context(escape_mrkdwn(_figures(viewed))),
        *([section(best)] if (best := _best(viewed)) else []),
        *blocks,
        *([context(legend)] if (legend := _legend(viewed)) else []),
    ]


def _outcome(viewed: RunForViewer) -> str:
    """Return who wrote the reply, as mrkdwn."""
    run = viewed.run
    if not run.reply:
        return strings.OVERVIEW_FAILED
    if run.writer is None:
        draft = _draft(run)
        if draft is None:
            return strings.OVERVIEW_DRAFT
        name = escape_mrkdwn(viewed.model_names.author(draft))
        return strings.OVERVIEW_DRAFT_OF.format(model=name)
    sentence = strings.OVERVIEW_WRITTEN
    if run.status == "partial":
        sentence = strings.OVERVIEW_PARTIAL
    elif run.status == "unsynthesised":
        sentence = strings.OVERVIEW_UNAIDED
    elif run.writer.status == "truncated":
        sentence = strings.OVERVIEW_TRUNCATED
    elif not run.answers:
        sentence = strings.OVERVIEW_ALONE
    return sentence.format(model=escape_mrkdwn(viewed.model_names.aggregator(run.writer)))


def _figures(viewed: RunForViewer) -> str:
    run = viewed.run
    has_cost = viewed.policy.cost and run.reply
    paid = cost(run.cost_usd, estimated=_is_estimated(run)) if has_cost else None
    return figures_line(run.pipeline, run.answers, FOOTER_ANSWERS, run.seconds, paid)


def _is_estimated(run: Run) -> bool:
    """Return whether part of the cost is an estimate."""
    answers = (*run.answers, *run.rankings, *run.aggregators)
    return any(answer.usage and answer.usage.estimated for answer in answers)


def _best(viewed: RunForViewer) -> str | None:
    """Return which answer the viewer marked as best, as mrkdwn."""
    answers = (entry for entry in viewed.entries if entry.kind == "answer")
    best = next((entry for entry in answers if entry.target == viewed.best), None)
    if best is None:
        return None
    return strings.OVERVIEW_BEST.format(model=escape_mrkdwn(best.name), layer=best.answer.layer)


def _aggregators(viewed: RunForViewer) -> list[Json]:
    """Return each aggregator that was asked, in that order."""
    if not viewed.run.aggregators:
        return []
    items = [
        named(
            viewed.model_names.aggregator(answer, starts_line=True),
            ": "
            + " · ".join([_aggregator_status(viewed, answer), *answer_details(viewed, answer)]),
        )
        for answer in viewed.run.aggregators
    ]
    return [title(strings.OVERVIEW_REPLY), bullets(items)]


def _aggregator_status(viewed: RunForViewer, answer: Answer) -> str:
    if answer is not viewed.run.writer:
        return status_text(answer)
    took = seconds(answer.seconds)
    sentence = {
        "truncated": strings.OVERVIEW_WROTE_TRUNCATED,
        "cut": strings.OVERVIEW_WROTE_PARTIAL,
    }.get(answer.status, strings.OVERVIEW_WROTE)
    return sentence.format(seconds=took, why=failure_reason(answer.error_kind))


def _notes(viewed: RunForViewer) -> list[Json]:
    # Notes are mrkdwn with backticks around addresses. Rich text marks addresses as code itself.
    notes = [note.replace("`", "") for note in viewed.model_names.visible_notes(viewed.run.notes)]
    if not notes:
        return []
    return [title(strings.OVERVIEW_NOTES), bullets([words(note) for note in notes])]


def _legend(viewed: RunForViewer) -> str:
    if viewed.policy.names == "anonymous":
        return strings.OVERVIEW_ANONYMOUS
    return strings.OVERVIEW_LETTERS if any(a.label for a in viewed.run.answers) else ""


def _used_answers(run: Run) -> list[Answer]:
    """Return the models' own answers behind the reply, including combined ones."""
    own = [answer for answer in run.answers if answer.readable and not is_combined(answer)]
    last = max((answer.layer for answer in own), default=0)
    return [answer for answer in own if answer.layer == last]


def _draft(run: Run) -> Answer | None:
    """Return the answer that was posted as the reply, below a line that says so."""
    texts = [(answer, answer.text.strip()) for answer in reversed(run.answers)]
    return next((answer for answer, text in texts if text and run.reply.endswith(text)), None)
