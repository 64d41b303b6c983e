"""The Home tab, and what a person has used of their budgets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HOME_TITLE = "Many models, one reply"
HOME_ABOUT = (
    "I send your question to several language models at once and write one reply from their "
    "answers.\n"
    "Each reply shows how many answers it's based on.\n"
    "*Show answers* under a reply opens each model's own answer.\n"
    "_Replies are AI-generated and may be wrong._"
)
HOME_HOW_TO_ASK = "How to ask"
HOME_ASK_MENTION = "In a channel or thread: mention {me} with your question. I read the thread."
HOME_ASK_DIRECT = "Privately: write to me under *Messages*."
HOME_ASK_COMMAND = (
    "From any message box: `/moa QUESTION`. Only you see the reply, and you can share it."
)
HOME_ASK_SHORTCUT = "About a message: open its menu (⋮) and choose *Ask about this message*."
HOME_ASK_BRAINSTORM = (
    "With your team: `/moa brainstorm TOPIC`. People and models collect ideas, separately at first."
)
HOME_RECENT = "Your recent questions"
HOME_RECENT_NONE = "None yet. Mention me in a channel, or write to me under *Messages*."
HOME_RECENT_LINE = "{question}\n{facts}"
HOME_PRIVATELY = "asked with /moa"
HOME_NO_TEXT = "(no text)"
HOME_STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "waiting",
        "running": "in progress",
        "answered": "answered",
        "failed": "no reply",
    }
)
HOME_YOURS = "*Your pipeline*\nI use it for your questions unless a channel has its own."
HOME_YOURS_DEFAULT = "Same as workspace: {value}"
HOME_PIPELINES = "Pipelines"
HOME_PIPELINE_DEFAULT = " (default)"
HOME_PIPELINE_LAYER = "Layer {layer}: {models}"
HOME_PIPELINE_WRITER = "Reply by {model}"
HOME_PIPELINE_ALONE = "{model} only"
HOME_MEASURED = "Typically {figures} (last {runs} replies)"
HOME_MEASURED_ONE = "{figures} (one reply so far)"
HOME_NOT_MEASURED = "No replies yet"
HOME_MORE_PIPELINES = "And {count} more: `/moa pipelines` lists them all."
HOME_USAGE = "Your usage"
HOME_ADMIN = "For admins"
HOME_ADMIN_RULES = (
    "*Workspace defaults:* pipeline {pipeline} · answers open to {reveal} · model names {names} · "
    "cost {cost} · follow-ups {follow_ups}"
)
HOME_ADMIN_BUDGETS = "*Budgets:* {person} per person a day · {workspace} for everyone a month"
HOME_ADMIN_USED = "*Used this month:* {cost} by everyone"
HOME_ADMIN_NO_BUDGET = "no limit"
HOME_ADMIN_ON = "on"
HOME_ADMIN_OFF = "off"
HOME_ADMIN_BUTTON = "Workspace settings"
HOME_ADMIN_CHANNELS = "*Channels with the highest usage this month*"
HOME_ADMIN_CHANNEL = "{channel}: {questions}, {cost}"
HOME_ADMIN_DIRECT = "A direct message"
HOME_ADMIN_CHANNEL_HINT = "To change a channel's settings, send `/moa settings` there."
HOME_OUTSIDE = (
    "This page is for people in the workspace that runs me. You can mention me in channels that "
    "you share with them."
)
HOME_FAILED = "I can't show this page right now. Open it again in a minute."

# Usage and budgets, also in the answer to the budget command

BUDGET_TITLE = "*Your usage*"
BUDGET_USED = "This month: {questions}, {cost}"
BUDGET_USED_NO_COST = "This month: {questions}"
BUDGET_QUESTIONS = "{count} questions"
BUDGET_QUESTIONS_ONE = "one question"
BUDGET_QUESTIONS_NONE = "no questions"
BUDGET_NO_LIMIT = "No budget is set here."
BUDGET_PERSON = "You, today: {left}"
BUDGET_CHANNEL = "This channel, today: {left}"
BUDGET_WORKSPACE = "The workspace, this month: {left}"
BUDGET_RUN = "Each question: at most {most}"
BUDGET_HOUR = "Questions this hour: {left} of {most} left"
BUDGET_AT_ONCE = "Questions at once: {left} of {most} left"
BUDGET_LEFT = "{left} of {most} left"
BUDGET_LEFT_SHARE = "{percent}% left"
BUDGET_FREE_AGAIN = "resets {when}"
BUDGET_UNKNOWN_PRICES = (
    "Includes the expected cost of questions in progress. Models without a known price count as $0."
)
