"""Under a reply: the line of figures, the buttons, and what a click on them answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# The line of figures

AI_NOTICE = "AI-generated, may be wrong"
FOOTER_MODELS = "{used} of {count} models"
FOOTER_ANSWERS = "{used} of {count} answers used"
"""The answers modal has this one too."""
AGAIN_OF = "asked again by {user}"
AGAIN_LINK = "earlier reply"
NAMELESS_PERSON = "someone"
"""A person whose name Slack doesn't tell us."""

# Buttons

BUTTONS_ABOVE = "More about the reply above"
BUTTONS_REFUSED = (
    "Slack didn't accept the buttons here. `/moa answers` opens each model's answer to the latest "
    "question in this channel."
)
SHOW_ANSWERS = "Show answers"
SHOW_ANSWERS_LABEL = "Show answers: what each model wrote"

# Stop

STOP = "Stop"
STOP_LABEL = "Stop answering this question"
STOP_FORBIDDEN = "Only the person who asked or a workspace admin can stop this."
STOP_REFUSED = f"{STOP_FORBIDDEN} The reply continues."
STOP_TOO_LATE = "This has already finished."

# Ask again

REGENERATE = "Regenerate"
REGENERATE_LABEL = "Regenerate: ask the models the same question again"
ANOTHER_PIPELINE = "Ask again with…"
RETRY = "Try again"
RETRY_LABEL = "Try again: ask the models this question again"
AGAIN_ASKED = "Asking again with the *{pipeline}* pipeline. Only you will see the reply."
AGAIN_GONE = "I no longer have this question. Please ask it again."
AGAIN_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can ask again.",
        "outside": "Only people in this workspace can ask again here. You can mention me instead.",
        "unknown": "I couldn't check whether you can ask again here. Try again in a minute.",
    }
)
AGAIN_IN_PROGRESS = "The models are already working on this. The reply will appear here."
AGAIN_NO_PIPELINE = "That pipeline is no longer available. Choose another one."

# Share

SHARE = "Share in channel"
SHARED_BY = "*{user}* asked: {question}"
SHARED_SHORTENED = "This reply is too long for one message, so here's the beginning."
NOT_SHARED = "This reply can no longer be shared. Ask again with `/moa`."
SHARED_BEFORE = "This reply has already been shared here."
SHARE_FAILED = "Slack rejected the message, so I didn't share the reply. Try again in a minute."

# Feedback

HELPFUL = "Helpful"
HELPFUL_LABEL = "Mark this reply as helpful"
NOT_HELPFUL = "Not helpful"
NOT_HELPFUL_LABEL = "Mark this reply as not helpful"
FEEDBACK_THANKS = "Thanks for your feedback."
FEEDBACK_GONE = "I no longer have that reply, so I couldn't save your feedback."
FEEDBACK_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can rate the reply.",
        "outside": "Only people in this workspace can rate replies here.",
        "unknown": "I couldn't check whether you're in this channel. Try again in a minute.",
    }
)
FEEDBACK_TITLE = "What was missing?"
FEEDBACK_SUBMIT = "Send"
FEEDBACK_CLOSE = "Skip"
FEEDBACK_ASK = "What would have helped?"
FEEDBACK_HINT = "The person who runs me can read this. The reply counts as not helpful either way."
