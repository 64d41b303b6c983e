"""What somebody has used and has left, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.limits import HOUR, Standing, next_day, next_month
from bot.slack import words
from bot.slack.blocks import cost
from bot.slack.text import escape_mrkdwn

CENT = 0.01


def allowance(
    standing: Standing, now: datetime, *, costs_shown: bool, channel: bool = False
) -> Sequence[str]:
    """Lines of mrkdwn: this month's use, then what is left of each limit that is set.

    Args:
        standing: the limits and what counts against them.
        now: with its time zone.
        costs_shown: False gives shares of budgets in place of amounts.
        channel: whether the budget of the channel that was asked in is told too.
    """
    use, lines = standing.use, [*_left(standing, now, costs_shown=costs_shown, channel=channel)]
    questions = asked(use.person_month_questions)
    used = words.BUDGET_USED if costs_shown else words.BUDGET_USED_NO_COST
    first = used.format(questions=questions, cost=cost(use.person_month_usd))
    return [first, *(lines or [words.BUDGET_NO_LIMIT])]


def asked(count: int) -> str:
    """A number of questions in words."""
    few = {0: words.BUDGET_QUESTIONS_NONE, 1: words.BUDGET_QUESTIONS_ONE}
    return few.get(count) or words.BUDGET_QUESTIONS.format(count=f"{count:,}")


def amount(usd: float) -> str:
    """A budget as people read it: in cents, and finer where it is less than one."""
    return f"${usd:,.2f}" if usd == 0 or usd >= CENT else f"${usd:.4f}"


def moment(when: datetime) -> str:
    """A moment as mrkdwn, which each reader sees in their own time zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    fallback = escape_mrkdwn(when.strftime("%Y-%m-%d %H:%M UTC"))
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _left(standing: Standing, now: datetime, *, costs_shown: bool, channel: bool) -> Iterator[str]:
    limits, use = standing.limits, standing.use
    budgets = (
        (words.BUDGET_PERSON, use.person_day_usd, limits.per_person_day_usd, next_day),
        (
            words.BUDGET_CHANNEL,
            use.channel_day_usd,
            limits.per_channel_day_usd if channel else None,
            next_day,
        ),
        (
            words.BUDGET_WORKSPACE,
            use.workspace_month_usd,
            limits.per_workspace_month_usd,
            next_month,
        ),
    )
    for line, used, most, free_again in budgets:
        if most is not None:
            left = _rest(used, most, costs_shown=costs_shown)
            if used >= most:
                left += f" · {words.BUDGET_FREE_AGAIN.format(when=moment(free_again(now)))}"
            yield line.format(left=left)
    if limits.per_run_usd is not None and costs_shown:
        yield words.BUDGET_RUN.format(most=amount(limits.per_run_usd))
    yield from _counts(standing)


def _counts(standing: Standing) -> Iterator[str]:
    limits, use = standing.limits, standing.use
    if limits.questions_per_person_hour != "unlimited":
        most = limits.questions_per_person_hour
        line = words.BUDGET_HOUR.format(left=max(most - use.person_hour, 0), most=most)
        if use.person_hour >= most and use.hour_since:
            when = moment(use.hour_since + HOUR)
            line += f" · {words.BUDGET_FREE_AGAIN.format(when=when)}"
        yield line
    if limits.at_once_per_person != "unlimited":
        most = limits.at_once_per_person
        yield words.BUDGET_AT_ONCE.format(left=max(most - use.person_at_once, 0), most=most)


def _rest(used: float, most: float, *, costs_shown: bool) -> str:
    left = max(most - used, 0.0)
    if costs_shown:
        return words.BUDGET_LEFT.format(left=amount(left), most=amount(most))
    return words.BUDGET_LEFT_SHARE.format(percent=int(100 * left / most))
