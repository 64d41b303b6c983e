"""The answers modal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Frame and navigation

ANSWERS_TITLE = "Each model's answer"
ANSWERS_CLOSE = "Close"
ANSWERS_LOADING = "Loading the answers…"
ANSWERS_TOO_LATE = "That took too long. Click again."
ANSWERS_FAILED = "I can't load the answers right now. Try again in a minute."
ANSWERS_NONE = "I haven't replied to anyone in this channel yet."
ANSWERS_GONE = "These answers are no longer stored."
ANSWERS_FORBIDDEN: Mapping[str, str] = MappingProxyType(
    {
        "members": "Only people in this channel can open the answers.",
        "requester": "Only the person who asked can open the answers.",
        "nobody": "Individual answers aren't shown here.",
    }
)
ANSWERS_OUTSIDE = (
    "This channel is shared with another organisation, so only the person who asked can open the "
    "answers."
)
ANSWERS_UNSEEN = (
    "I can't check who is in this channel, so only the person who asked can open the answers."
)
ANSWERS_UNKNOWN = "I couldn't check whether you can open the answers. Try again in a minute."
ANSWERS_IN_PROGRESS = (
    "The models are still working. {so_far} You can open the answers when the reply is done."
)
ANSWERS_SO_FAR = "{count} answers so far."
ANSWERS_SO_FAR_ONE = "One answer so far."
ANSWERS_SO_FAR_NONE = "No answers yet."
ANSWERS_REFRESH = "Refresh"
ANSWERS_CHOOSE = "Choose an answer"
ANSWERS_OVERVIEW = "Overview"
ANSWERS_GROUP_RUN = "All models"
ANSWERS_GROUP_LAYER = "Layer {layer}"
ANSWERS_GROUP_RANKINGS = "Layer {layer}: rankings"
ANSWERS_GROUP_DRAFTS = "Unfinished replies"
ANSWERS_OPTION = "{name} · {state}"
ANSWERS_PREVIOUS = "Previous answer"
ANSWERS_NEXT = "Next answer"
ANSWERS_PREVIOUS_PAGE = "Previous page"
ANSWERS_NEXT_PAGE = "Next page"
ANSWERS_PAGE = "Page {page} of {pages}"
SHORT_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "used",
        "truncated": "used, cut off",
        "late": "too late",
        "failed": "no answer",
        "cut": "unfinished",
    }
)
SHORT_NOT_ASKED = "not asked"
SHORT_STOPPED = "stopped"
SHORT_RANKING = "ranking"

# One answer

ANSWERS_BEST = "Mark as best"
ANSWERS_BEST_LABEL = "Mark as best: this answer"
ANSWERS_BEST_CHOSEN = "Marked as best (undo)"
ANSWERS_BEST_CHOSEN_LABEL = "Marked as best (undo): this answer"
ANSWERS_BEST_LINE = "You marked this answer as the best."
ANSWERS_TOKENS = "{count} tokens"
ANSWERS_EMPTY = "This model returned no text."
ANSWER_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "used": "Used {by} as answer {label}.",
        "truncated": "*Cut off at its length limit.* Used {by} as answer {label}.",
        "late": "*Too late.* It arrived after its layer had closed, so it wasn't used.",
        "failed": "*No answer.* {why}",
        "cut": "*Unfinished.* {why} The text so far wasn't used.",
    }
)
NOTE_UNREAD = "The run stopped before this answer was used."
NOTE_NOT_ASKED = "*Not asked.* It failed too often recently, so I'm skipping it for a while."
NOTE_NOT_NEEDED = "*Stopped.* The reply was done before this answer was."
NOTE_DECLINED = "*Declined.* The model chose not to answer."
NOTE_RANKING = "A ranking, not an answer. Its letters refer to the answers in layer {layer}."
NOTE_DRAFT = "*Not the reply.* {why} Another model's text was used instead."
USED_FOR_REPLY = "for the reply"
USED_BY_LAYER = "by layer {layer}"

# Overview

OVERVIEW_HEAD = "One reply from {count} answers"
OVERVIEW_HEAD_ONE = "One reply from one answer"
OVERVIEW_HEAD_ALONE = "One model on its own"
OVERVIEW_HEAD_PARTIAL = "Unfinished reply"
OVERVIEW_HEAD_DRAFT = "Not synthesised"
OVERVIEW_HEAD_FAILED = "No reply"
OVERVIEW_WRITTEN = "The reply was written by {model}."
OVERVIEW_PARTIAL = "The reply was written by {model}, which stopped before finishing it."
OVERVIEW_TRUNCATED = "The reply was written by {model} and cut off at its length limit."
OVERVIEW_ALONE = "The reply was written by {model}. This pipeline asks no other models."
OVERVIEW_DRAFT = "No aggregator responded, so the reply is one model's own answer."
OVERVIEW_DRAFT_OF = "No aggregator responded, so the reply is {model}'s answer, unchanged."
OVERVIEW_UNAIDED = "No other model answered, so the reply is {model}'s own answer."
OVERVIEW_FAILED = "This question got no reply. Here's what each model returned."
OVERVIEW_BEST = "You marked *{model}* as the best (layer {layer})."
OVERVIEW_AGREE = "Where the answers agree"
OVERVIEW_DIFFER = "Where they differ"
OVERVIEW_NO_DIFFERENCE = "The answers have no important differences."
OVERVIEW_NO_AGREEMENT = "The answers have no point in common."
OVERVIEW_COMPARED = "Compared by a model. Agreement doesn't prove that something is right."
OVERVIEW_LAYER = "Layer {layer}: {read} of {count} answered in time"
OVERVIEW_LAYER_RANKINGS = "Layer {layer}: {read} of {count} rankings of the answers"
OVERVIEW_LAYER_COMBINED = "Layer {layer}: combined the answers into one"
OVERVIEW_CLOSED = "Closed after {seconds}."
OVERVIEW_WENT_ON = "Closed after {seconds}, without {missing}."
OVERVIEW_WENT_ON_UNTIMED = "Closed without {missing}."
OVERVIEW_MANY = "{count} models"
OVERVIEW_AND = "{most} and {last}"
OVERVIEW_POOLED = "All rankings combined: {order}."
OVERVIEW_RANKED = "ranked {order} in {seconds}"
OVERVIEW_RANKED_UNCLEAR = "gave no clear ranking, in {seconds}"
OVERVIEW_REPLY = "The reply"
OVERVIEW_WROTE = "wrote it in {seconds}"
OVERVIEW_WROTE_TRUNCATED = "wrote it in {seconds}, cut off at its length limit"
OVERVIEW_WROTE_PARTIAL = "stopped before finishing it, after {seconds}: {why}"
OVERVIEW_NOTES = "Notes"
OVERVIEW_TRIES = "asked {count} times"
OVERVIEW_TWICE = "asked twice"
OVERVIEW_STOOD_IN = "stood in for {model}"
OVERVIEW_BACKED_UP = "{model} was also asked but not needed"
OVERVIEW_LETTERS = "Models saw answers labelled A, B, C, never who wrote them."
OVERVIEW_ANONYMOUS = "This channel hides model names. Letters change from layer to layer."
