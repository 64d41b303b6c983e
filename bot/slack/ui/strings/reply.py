"""A reply: how it ends, what replaces it, and notes on attached files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# The end of a reply, and what replaces it

EMPTY_REPLY = "_This reply has nothing that I can show here. Please ask again._"
REPLY_FILED = "_This reply is too long for Slack. The full text is in the file in this thread._"
REPLY_FILE_TITLE = "Full reply"
REPLY_REFUSED_FILED = (
    "Slack didn't accept this reply as a message. The full text is in the file above."
)
REPLY_CUT = "_This reply is too long for Slack, so I cut it here. Ask for a shorter one._"
PARTIAL = "_The reply ends here: the model that wrote it stopped responding._"
CUT_AT_LIMIT = "_The reply ends here: the model that wrote it reached its length limit._"
INTERRUPTED = "_I was restarted while replying. A new reply follows._"
REST_DIRECTLY = "This reply is too long to show here. I sent you the rest in a direct message."
REST_LOST = (
    "This reply is too long to show here, and I couldn't send you the rest in a direct message."
)
QUEUED = "I'm busy right now. Your question is number {place} in line and starts automatically."

# Notes on attached files

FILE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "kind": "file type not supported",
        "large": "over {megabytes:g} MB",
        "large_image": "over {image_megabytes:g} MB or {pixels:,} pixels a side",
        "many": "over the limit of {files} files",
        "much": "over {all_megabytes:g} MB together with the other files",
        "deleted": "deleted",
        "hidden": "hidden by this workspace's plan",
        "external": "stored outside Slack",
        "no_access": "no access",
        "scope": "missing permission files:read",
        "page": "Slack sent a web page instead",
        "elsewhere": "not hosted by Slack",
        "slow": "took too long",
        "failed": "Slack didn't send it",
        "encrypted": "password protected",
        "no_text": "contains no text, perhaps a scan",
        "no_transcript": "contains no speech",
        "clip": "a recording without a transcript",
        "list": "a Slack list, which apps can't read here",
        "broken": "damaged, or not the type its name says",
        "empty": "empty",
    }
)
"""Why a file was not read. The prompt uses the same texts."""

UNNAMED_FILE = "a file"
FILES_NOT_READ = "Not read: {files}."
FILES_IN_PART = "Partly read: {files}."
FILES_MORE = "{named}, and {more} more"
FILE_PAGES = "{unit} 1 to {read} of {pages}"
FILE_CHARACTERS = "the first {read:,} of {length:,} characters"
