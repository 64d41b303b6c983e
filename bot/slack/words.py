"""Every word that a person reads in Slack, in one place. Short, kind, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import Trouble

TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        "no_answer": (
            "None of the models answered, so I have nothing to give you. Your question is still "
            "here: ask again in a minute. If it keeps happening, ask whoever runs me to look at "
            "`moa-bot check`."
        ),
        "thread_gone": "The thread you asked in is gone, so I stopped. Ask again where it fits.",
        "not_in_channel": (
            "I am not in this channel, so I cannot read or write here. Invite me with "
            "`/invite`, then ask again, or ask me in a direct message."
        ),
        "archived": "This channel is archived, so I cannot write in it. Ask me somewhere else.",
        "not_allowed": (
            "I am not allowed to write here. Ask somewhere else, or ask me in a direct message."
        ),
        "missing_scope": (
            "I am missing a permission that I need to read this thread. Ask whoever installed me "
            "to run `moa-bot check`, which names it."
        ),
        "empty": (
            "What would you like to ask? Mention me with a question, or mention me in a thread "
            "that has one."
        ),
        "pipeline_gone": (
            "The pipeline that this was asked with is no longer set up. Ask again to use the "
            "current one."
        ),
        "stopped": "_Stopped._",
        "internal": "Something went wrong on my side, and it is not your question. Ask again.",
    }
)

ERROR_ID = "If you report it, quote the error id {error_id}."

WORKING = "is asking the models…"
ASKING_ONE = "Asking a model…"
LAYER = "Layer {layer}: asking {count} models"
LAYER_ONE = "Layer {layer}: asking one model"
LAYER_CLOSED = "Layer {layer}: {read} of {asked} answered"
LAYER_WENT_ON = "Layer {layer}: {read} of {asked} answered, going on without {missing}"
SYNTHESISING = "Writing one reply from {count} answers"
SYNTHESISING_ONE = "Writing the reply from one answer"
WRITING = "Writing the reply"
DONE = "{count} answers, one reply"
DONE_FROM_ONE = "One answer, one reply"
DONE_NOT_SYNTHESISED = "Not synthesised: one model's own words"
DONE_ONE = "Answered"
TASK_TITLE = "Layer {layer} · {model}"
TASK_SECONDS = "answered in {seconds}"
TASK_TRUNCATED = "answered in {seconds}, cut off at its length limit"
TASK_LATE = "came too late for the reply, after {seconds}"

EMPTY_REPLY = "_The reply holds nothing that can be shown here. Ask again._"
PARTIAL = "_The reply broke off here: the model that wrote it stopped answering._"
INTERRUPTED = "_I was restarted while answering; the answer continues below._"

SHOW_ANSWERS = "Show answers"
SHOW_ANSWERS_LABEL = "Show each model's own answer"
SHARE = "Share in channel"
SHARED_BY = "*{user}* asked: {question}"
SHARED_SHORTENED = "The reply is longer than a message can be; this is its beginning."
NOT_SHARED = "That answer can no longer be shared from here. Ask again with `/moa`."
SHARED_BEFORE = "That answer is shared here already."
SHARE_FAILED = "Slack did not take it, so nothing was shared. Try again in a minute."
REST_DIRECTLY = "The reply is longer than fits here. Its rest is in our direct message."
REST_LOST = "The reply is longer than fits here, and its rest could not be sent to you directly."

REVEAL_TITLE = "Each model's answer"
REVEAL_CLOSE = "Close"
REVEAL_LOADING = "Fetching the answers…"
REVEAL_TOO_LATE = "That took too long. Click again."
REVEAL_FAILED = "The answers cannot be fetched just now. Try again in a minute."
REVEAL_GONE = "These answers are no longer stored."
REVEAL_FORBIDDEN = {
    "members": "Only people in this channel can open the answers.",
    "requester": "Only the person who asked can open the answers.",
    "nobody": "The answers are not shown in this workspace.",
}
REVEAL_UNSEEN = (
    "I can't check who is in this channel, so only the person who asked can open the answers."
)
REVEAL_UNKNOWN = "I could not check whether you may open the answers. Try again in a minute."
REVEAL_NOT_READY = "The answers are not complete yet. Try again when the reply has ended."
REVEAL_EMPTY = "It brought no text."
REVEAL_CHOOSE = "Choose an answer"
REVEAL_PREVIOUS = "Previous page"
REVEAL_NEXT = "Next page"
REVEAL_LAYER = "Layer {layer}"
REVEAL_WRITTEN_BY = "The reply was written by {model}."
REVEAL_NOT_SYNTHESISED = (
    "No aggregator answered, so the reply is one model's own answer, not synthesised."
)
REVEAL_LABEL = "read as answer {label}"
REVEAL_TOKENS = "{count} tokens"
REVEAL_PAGE = "Page {page} of {pages}"
REVEAL_ALONE = "This pipeline asks one model alone, so there is no other answer than the reply."

STATES = {
    "used": "read for the reply",
    "truncated": "cut off at its length limit, read for the reply",
    "late": "came too late for the reply",
    "failed": "did not answer",
    "cut": "stopped before its end",
    "outlier": "left out, since it was far from the others",
}

SHORT_STATES = {
    "used": "read",
    "truncated": "read, cut off",
    "late": "too late",
    "failed": "no answer",
    "cut": "stopped",
    "outlier": "left out",
}

COMMAND_HELP = (
    "*Ask many models, get one answer.*\n"
    "• `{command} QUESTION` asks here; only you see the answer, and you can share it.\n"
    "{commands}\n"
    "• Mention me in a channel or a thread, or write to me directly: I read the thread and reply "
    "in it. *Show answers* under a reply opens what each model said."
)
COMMAND_HELP_SUMMARY = "what I do and how to ask me."
COMMAND_PIPELINES_SUMMARY = "which pipelines there are, and which models they ask."
COMMAND_PIPELINES = "*Pipelines*"
COMMAND_DEFAULT = " (the default)"
COMMAND_ASKED = "Asking with the pipeline *{pipeline}*. The answer comes here, for you alone."


def told(trouble: Trouble, error_id: str | None = None) -> str:
    """What the person who asked is told."""
    words = TROUBLES[trouble]
    return f"{words} {ERROR_ID.format(error_id=error_id)}" if error_id else words
