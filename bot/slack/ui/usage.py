"""Texts about how much of their budgets a person has used, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.figures import cost, dollars
from bot.limits import HOUR, BudgetStatus, next_day, next_month
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.ui.strings import home as strings


def usage_lines(
    status: BudgetStatus, now: datetime, *, costs_shown: bool, channel: bool = False
) -> Sequence[str]:
    """Return lines of mrkdwn: this month's usage, then what is left of each limit.

    Args:
        status: the limits and the usage that counts against them.
        now: the current time, with a time zone.
        costs_shown: False shows shares of budgets instead of amounts.
        channel: whether to include the budget of the channel.
    """
    use, lines = status.use, [*_left(status, now, costs_shown=costs_shown, channel=channel)]
    questions = question_count(use.person_month_questions)
    used = strings.BUDGET_USED if costs_shown else strings.BUDGET_USED_NO_COST
    first = used.format(questions=questions, cost=cost(use.person_month_usd))
    return [first, *(lines or [strings.BUDGET_NO_LIMIT])]


def question_count(count: int) -> str:
    """Return "3 questions", "one question" or "no questions"."""
    few = {0: strings.BUDGET_QUESTIONS_NONE, 1: strings.BUDGET_QUESTIONS_ONE}
    return few.get(count) or strings.BUDGET_QUESTIONS.format(count=f"{count:,}")


def local_time(when: datetime) -> str:
    """Return a time as mrkdwn that Slack shows in each reader's time zone.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    fallback = escape_mrkdwn(when.strftime("%Y-%m-%d %H:%M UTC"))
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def _left(
    status: BudgetStatus, now: datetime, *, costs_shown: bool, channel: bool
) -> Iterator[str]:
    limits, use = status.limits, status.use
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
    for line, used, most, next_reset in budgets:
        if most is not None:
            left = _rest(used, most, costs_shown=costs_shown)
            if used >= most:
                left += f" · {strings.BUDGET_FREE_AGAIN.format(when=local_time(next_reset(now)))}"
            yield line.format(left=left)
    if limits.per_run_usd is not None and costs_shown:
        yield strings.BUDGET_RUN.format(most=dollars(limits.per_run_usd))
    yield from _question_limits(status)


def _question_limits(status: BudgetStatus) -> Iterator[str]:
    limits, use = status.limits, status.use
    if limits.questions_per_person_hour != "unlimited":
        most = limits.questions_per_person_hour
        line = strings.BUDGET_HOUR.format(left=max(most - use.person_hour, 0), most=most)
        if use.person_hour >= most and use.hour_since:
            when = local_time(use.hour_since + HOUR)
            line += f" · {strings.BUDGET_FREE_AGAIN.format(when=when)}"
        yield line
    if limits.at_once_per_person != "unlimited":
        most = limits.at_once_per_person
        yield strings.BUDGET_AT_ONCE.format(left=max(most - use.person_at_once, 0), most=most)


def _rest(used: float, most: float, *, costs_shown: bool) -> str:
    left = max(most - used, 0.0)
    if costs_shown:
        return strings.BUDGET_LEFT.format(left=dollars(left), most=dollars(most))
    return strings.BUDGET_LEFT_SHARE.format(percent=int(100 * left / most))
