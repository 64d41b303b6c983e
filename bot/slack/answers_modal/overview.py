"""The first page of the modal: whose words the reply is, where the answers differ, who answered."""

from __future__ import annotations

from bot.ports import Run
from bot.slack.answers_modal.layers import bullets, comparison, layers, named, said, title
from bot.slack.answers_modal.model import RunForViewer, answer_asides
from bot.slack.markdown.rich_text import BLOCK_LIMIT
from bot.slack.markdown.rich_text_inline import Json
from bot.slack.markdown.rich_text_pages import pages
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui import strings
from bot.slack.ui.blocks import Block, context, cost, seconds, section
from bot.slack.ui.model_names import failure_reason, is_combined, status_text
from moa import Answer


def head(shown: RunForViewer) -> str:
    """How the run came out, as a heading."""
    run = shown.run
    if not run.reply:
        return strings.OVERVIEW_HEAD_FAILED
    if run.status == "unsynthesised":
        return strings.OVERVIEW_HEAD_DRAFT
    if run.status == "partial":
        return strings.OVERVIEW_HEAD_PARTIAL
    if not run.answers:
        return strings.OVERVIEW_HEAD_ALONE
    count = len(_read(run))
    return strings.OVERVIEW_HEAD_ONE if count == 1 else strings.OVERVIEW_HEAD.format(count=count)


def overview(shown: RunForViewer) -> list[Block]:
    """Everything below that heading."""
    groups = [*comparison(shown), *layers(shown), _reply(shown), _notes(shown)]
    blocks = [block for group in groups if group for block in pages(group, BLOCK_LIMIT)]
    return [
        section(_outcome(shown)),
        context(escape_mrkdwn(_figures(shown))),
        *([section(best)] if (best := _best(shown)) else []),
        *blocks,
        *([context(legend)] if (legend := _legend(shown)) else []),
    ]


def _outcome(shown: RunForViewer) -> str:
    """Whose words the reply is, as mrkdwn."""
    run = shown.run
    if not run.reply:
        return strings.OVERVIEW_FAILED
    if run.writer is None:
        draft = _draft(run)
        if draft is None:
            return strings.OVERVIEW_DRAFT
        name = escape_mrkdwn(shown.naming.of(draft))
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
    return sentence.format(model=escape_mrkdwn(shown.naming.of_aggregator(run.writer)))


def _figures(shown: RunForViewer) -> str:
    run = shown.run
    parts = [run.pipeline]
    if run.answers:
        read = sum(answer.readable for answer in run.answers)
        parts.append(strings.OVERVIEW_READ.format(read=read, count=len(run.answers)))
    if run.seconds is not None:
        parts.append(seconds(run.seconds))
    if shown.policy.cost and run.reply:
        parts.append(cost(run.cost_usd, estimated=_is_estimated(run)))
    return " · ".join(parts)


def _is_estimated(run: Run) -> bool:
    """Whether a part of the cost is an estimate."""
    told = (*run.answers, *run.rankings, *run.aggregators)
    return any(answer.usage and answer.usage.estimated for answer in told)


def _best(shown: RunForViewer) -> str | None:
    found = next((e for e in shown.entries if e.kind == "answer" and e.target == shown.best), None)
    if found is None:
        return None
    return strings.OVERVIEW_BEST.format(model=escape_mrkdwn(found.name), layer=found.answer.layer)


def _reply(shown: RunForViewer) -> list[Json]:
    """Each aggregator that was asked, in the order in which they were."""
    if not shown.run.aggregators:
        return []
    items = [
        named(
            shown.naming.of_aggregator(answer, leads=True),
            ": " + " · ".join([_wrote(shown, answer), *answer_asides(shown, answer)]),
        )
        for answer in shown.run.aggregators
    ]
    return [title(strings.OVERVIEW_REPLY), bullets(items)]


def _wrote(shown: RunForViewer, answer: Answer) -> str:
    if answer is not shown.run.writer:
        return status_text(answer)
    took = seconds(answer.seconds)
    sentence = {
        "truncated": strings.OVERVIEW_WROTE_TRUNCATED,
        "cut": strings.OVERVIEW_WROTE_PARTIAL,
    }.get(answer.status, strings.OVERVIEW_WROTE)
    return sentence.format(seconds=took, why=failure_reason(answer.error_kind))


def _notes(shown: RunForViewer) -> list[Json]:
    # The backticks around an address are mrkdwn's: here it is shown as code by itself.
    notes = [note.replace("`", "") for note in shown.naming.told(shown.run.notes)]
    return [title(strings.OVERVIEW_NOTES), bullets([said(note) for note in notes])] if notes else []


def _legend(shown: RunForViewer) -> str:
    if shown.policy.names == "anonymous":
        return strings.OVERVIEW_ANONYMOUS
    return strings.OVERVIEW_LETTERS if any(a.label for a in shown.run.answers) else ""


def _read(run: Run) -> list[Answer]:
    """The models' own answers from which the reply was made, whether combined on the way or not."""
    own = [answer for answer in run.answers if answer.readable and not is_combined(answer)]
    last = max((answer.layer for answer in own), default=0)
    return [answer for answer in own if answer.layer == last]


def _draft(run: Run) -> Answer | None:
    """The answer that stands as the reply, below a line that says so."""
    texts = [(answer, answer.text.strip()) for answer in reversed(run.answers)]
    return next((answer for answer, text in texts if text and run.reply.endswith(text)), None)
