"""What somebody has used and has left, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.limits import HOUR, BudgetStatus, next_day, next_month
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui import strings
from bot.slack.ui.blocks import cost

CENT = 0.01


def allowance(
    standing: BudgetStatus, now: datetime, *, costs_shown: bool, channel: bool = False
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
    used = strings.BUDGET_USED if costs_shown else strings.BUDGET_USED_NO_COST
    first = used.format(questions=questions, cost=cost(use.person_month_usd))
    return [first, *(lines or [strings.BUDGET_NO_LIMIT])]


def asked(count: int) -> str:
    """A number of questions in words."""
    few = {0: strings.BUDGET_QUESTIONS_NONE, 1: strings.BUDGET_QUESTIONS_ONE}
    return few.get(count) or strings.BUDGET_QUESTIONS.format(count=f"{count:,}")


def amount(usd: float) -> str:
    """A budget as people read it: in cents, and finer where it is less than one."""
    return f"${usd:,.2f}" if usd == 0 or usd >= CENT else f"${usd:.4f}"


def moment(when: datetime) -> str:
    """A moment as mrkdwn, which each reader sees in their own time zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    fallback = escape_mrkdwn(when.strftime("%Y-%m-%d %H:%M UTC"))
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _left(
    standing: BudgetStatus, now: datetime, *, costs_shown: bool, channel: bool
) -> Iterator[str]:
    limits, use = standing.limits, standing.use
    budgets = (
        (strings.BUDGET_PERSON, use.person_day_usd, limits.per_person_day_usd, next_day),
        (
            strings.BUDGET_CHANNEL,
            use.channel_day_usd,
            limits.per_channel_day_usd if channel else None,
            next_day,
        ),
        (
            strings.BUDGET_WORKSPACE,
            use.workspace_month_usd,
            limits.per_workspace_month_usd,
            next_month,
        ),
    )
    for line, used, most, free_again in budgets:
        if most is not None:
            left = _rest(used, most, costs_shown=costs_shown)
            if used >= most:
                left += f" · {strings.BUDGET_FREE_AGAIN.format(when=moment(free_again(now)))}"
            yield line.format(left=left)
    if limits.per_run_usd is not None and costs_shown:
        yield strings.BUDGET_RUN.format(most=amount(limits.per_run_usd))
    yield from _counts(standing)


def _counts(standing: BudgetStatus) -> Iterator[str]:
    limits, use = standing.limits, standing.use
    if limits.questions_per_person_hour != "unlimited":
        most = limits.questions_per_person_hour
        line = strings.BUDGET_HOUR.format(left=max(most - use.person_hour, 0), most=most)
        if use.person_hour >= most and use.hour_since:
            when = moment(use.hour_since + HOUR)
            line += f" · {strings.BUDGET_FREE_AGAIN.format(when=when)}"
        yield line
    if limits.at_once_per_person != "unlimited":
        most = limits.at_once_per_person
        yield strings.BUDGET_AT_ONCE.format(left=max(most - use.person_at_once, 0), most=most)


def _rest(used: float, most: float, *, costs_shown: bool) -> str:
    left = max(most - used, 0.0)
    if costs_shown:
        return strings.BUDGET_LEFT.format(left=amount(left), most=amount(most))
    return strings.BUDGET_LEFT_SHARE.format(percent=int(100 * left / most))
