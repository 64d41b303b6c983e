"""Why a question got no answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import Trouble

TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        "no_answer": (
            "None of the models answered, so there's no reply. Your question is still here: try "
            "again in a minute. If it keeps happening, ask the person who runs me to run "
            "`moa-bot check`."
        ),
        "too_long": (
            "This thread is too long for my models, even after I dropped parts of it. Ask in a "
            "new thread with just the messages that matter, or use a pipeline whose models can "
            "read more (`/moa pipelines`)."
        ),
        "output_limit": (
            "My models hit their output limit before writing anything, so there's no reply. Ask "
            "the person who runs me to raise `reasoning_tokens` or `max_output_tokens`, or to "
            "lower `reasoning_effort`. `moa-bot check` shows which model needs it."
        ),
        "declined": (
            "My models' providers declined this because of its content, so there's no reply. "
            "Asking again won't help: rephrase the question, or ask in a new thread without the "
            "part they may object to."
        ),
        "thread_gone": (
            "The thread you asked in is gone, or your question was deleted, so I didn't post a "
            "reply. You can ask again in another thread."
        ),
        "not_in_channel": (
            "I'm not in this channel, so I can't read or post here. Invite me with `/invite` and "
            "ask again, or send me a direct message."
        ),
        "archived": "This channel is archived, so I can't post here. Ask me somewhere else.",
        "not_allowed": (
            "I'm not allowed to post here. Ask me somewhere else, or send me a direct message."
        ),
        "missing_scope": (
            "I'm missing a permission that I need to read this thread. Ask the person who "
            "installed me to run `moa-bot check`, which names it."
        ),
        "empty": (
            "What would you like to ask? Mention me with a question, or in a thread that has one."
        ),
        "unreadable": (
            "I couldn't read your attachment, and there's no question with it. I can read text, "
            "code, Office documents, PDFs, emails and images: attach one of those, or type your "
            "question."
        ),
        "pipeline_gone": (
            "The pipeline for this question is no longer available. Ask again to use the current "
            "one."
        ),
        "stopped": "_Stopped._",
        "person_budget": (
            "You've used today's budget, so I didn't run this. It resets at midnight UTC. A "
            "workspace admin or the person who runs me can raise it. `/moa budget` shows your "
            "usage."
        ),
        "channel_budget": (
            "This channel has used today's budget, so I didn't run this. It resets at midnight "
            "UTC. Until then, ask me in a direct message or in another channel. The person who "
            "runs me can raise it."
        ),
        "workspace_budget": (
            "This workspace has used this month's budget, so I didn't run this. It resets on the "
            "first of next month (UTC). A workspace admin or the person who runs me can raise it."
        ),
        "run_budget": (
            "This question could cost more than the limit per question, so I didn't run it. Ask "
            "in a shorter thread or with a smaller pipeline (`/moa pipelines`). The person who "
            "runs me can raise the limit."
        ),
        "hourly_limit": (
            "You've reached the hourly limit of questions, so I didn't run this. Try again in a "
            "few minutes; `/moa budget` shows when. The person who runs me can raise the limit."
        ),
        "too_many_at_once": (
            "You've hit the limit of questions in progress. Ask again when one finishes. The "
            "person who runs me can raise the limit."
        ),
        "refused": (
            "The reply is done, but Slack didn't accept it in any form, so it's missing or "
            "incomplete here. *Show answers* has each model's answer."
        ),
        "internal": "Something went wrong on my side, not with your question. Please ask again.",
    }
)
ERROR_ID = "If you report this, include error ID {error_id}."


def trouble_text(trouble: Trouble, error_id: str | None = None) -> str:
    """Return what to tell the asker about a problem, with the error ID if there is one."""
    text = TROUBLES[trouble]
    return f"{text} {ERROR_ID.format(error_id=error_id)}" if error_id else text
