"""Ways to ask: the slash command, shortcuts and suggested prompts."""

from __future__ import annotations

# The slash command

COMMAND_HELP = (
    "*Ask many models, get one reply.*\n"
    "• `{command} QUESTION`: ask here. Only you see the reply, and you can share it.\n"
    "{commands}\n"
    "• Mention me in a channel or thread, or send me a direct message. I read the thread and reply "
    "in it. *Show answers* under a reply opens each model's own answer."
)
COMMAND_DID_YOU_MEAN = (
    "Did you mean `{command} {name}`? If it's a question, use more than one word."
)
COMMAND_HELP_SUMMARY = "see what I do and how to ask me."
COMMAND_ANSWERS_SUMMARY = "open each model's answer to the latest question in this channel."
COMMAND_PIPELINES_SUMMARY = "list the pipelines and their models."
COMMAND_PIPELINES = "*Pipelines*"
COMMAND_DEFAULT = " (default)"
COMMAND_ASKED = "Asking with the *{pipeline}* pipeline. Only you will see the reply."
COMMAND_SETTINGS_SUMMARY = "choose the pipeline, follow-ups and privacy for this channel."
COMMAND_BUDGET_SUMMARY = "see what you've used and what's left."
COMMAND_STOP_SUMMARY = "stop your questions here; admins stop everyone's."
COMMAND_STOPPED = "Stopping {count} questions."
COMMAND_STOPPED_ONE = "Stopping one question."
COMMAND_STOPPED_NONE = "Nothing to stop here."
ANSWERS_COMMAND_TOO_LATE = "Slack didn't open the answers in time. Send the command again."
SETTINGS_TOO_LATE = "Slack didn't open the settings in time. Send the command again."

# Shortcuts

ASK_TITLE = "Ask the models"
ASK_SUBMIT = "Ask"
ASK_CLOSE = "Cancel"
ASK_QUESTION = "What would you like to know?"
ASK_PLACEHOLDER = "What are the three biggest risks here, and how would you limit each?"
ASK_PIPELINE = "Pipeline"
ASK_PIPELINE_USUAL = "Channel default"
ASK_PLACE = "Where to post the question and the reply"
ASK_PLACE_NONE = "Just to me, in a direct message"
ASK_IN_THREAD = (
    "The models read this message's thread. I'll post your question and the reply there."
)
ASK_EMPTY = "Write a question first."
ASK_FORBIDDEN = "You can only ask in channels you're in."
ASK_OUTSIDE = "Only people in this workspace can use shortcuts. Mention me instead."
ASK_TOO_LATE = "Slack didn't open the form in time. Use the shortcut again."
ASK_FAILED = "Slack rejected the message, so I didn't ask. Try again in a minute."
ASK_UNSURE = (
    "Slack didn't respond, so I don't know if your question was posted. I didn't ask the models. "
    "Try again in a minute."
)
ASKED_BY = "{user} asks:"
SUMMARISE_QUESTION = (
    "Summarise this thread for someone who hasn't read it: what it's about, what was decided, "
    "what is still open, and who does what."
)

# Suggested prompts

SUGGESTIONS_TITLE = "Try one of these"
SUGGESTIONS = (
    ("Compare options", "Compare a generalist and a specialist as the fifth hire of a small team."),
    ("Find the risks", "We're moving to a four-day week in spring. Find the five biggest risks."),
    ("Draft", "Draft a friendly note to customers: an hour of downtime on Sunday morning."),
    ("Brainstorm", "Brainstorm ten very different half-day team events on a small budget."),
)
"""Suggested prompts for a new chat, as (title, question). manifest.yml has the same ones."""
