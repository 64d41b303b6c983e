"""Slack's own limits, grouped by where they apply. Shared by the bot and the local Slack.

Sources: the Block Kit reference (https://docs.slack.dev/reference/block-kit), the Web API reference
(https://docs.slack.dev/reference/methods) and the limits in slack_sdk's models. Lengths are in
characters unless a name says otherwise.
"""

from __future__ import annotations

from typing import Final

# Messages
MESSAGE_TEXT: Final = 40_000
UPDATE_TEXT: Final = 4_000
"""`text` in chat.update (https://docs.slack.dev/reference/methods/chat.update, msg_too_long)."""
MESSAGE_BLOCKS: Final = 50
MARKDOWN_TOTAL: Final = 12_000
"""All markdown blocks of one message together. Also one append to a stream, and `markdown_text`.
Source: https://docs.slack.dev/reference/block-kit/blocks/markdown-block"""
METADATA_BYTES: Final = 8_000

# Views
VIEW_BLOCKS: Final = 100
VIEW_TITLE: Final = 24
PRIVATE_METADATA: Final = 3_000
CALLBACK_ID: Final = 255
EXTERNAL_ID: Final = 255
VIEW_BYTES: Final = 250_000
VIEW_STACK: Final = 3
"""Modals that a person can have open on top of each other."""

# Blocks
SECTION_TEXT: Final = 3_000
"""Also the text of one element in a context block."""
SECTION_FIELDS: Final = 10
FIELD_TEXT: Final = 2_000
HEADER_TEXT: Final = 150
ACTIONS_ELEMENTS: Final = 25
CONTEXT_ELEMENTS: Final = 10
CONTEXT_ACTIONS_ELEMENTS: Final = 5
INPUT_LABEL: Final = 2_000
IMAGE_URL: Final = 3_000
ALT_TEXT: Final = 2_000
TABLE_ROWS: Final = 100
TABLE_CELLS: Final = 20
CONTAINER_BLOCKS: Final = 10
CARD_TITLE: Final = 150
CARD_BODY: Final = 200
CARD_ACTIONS: Final = 5
CAROUSEL_CARDS: Final = 10
BLOCK_ID: Final = 255

# Elements
ACTION_ID: Final = 255
BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2_000
BUTTON_URL: Final = 3_000
PLACEHOLDER: Final = 150
PLAIN_TEXT_INPUT: Final = 3_000
SELECT_OPTIONS: Final = 100
"""Options in a menu or in one of its groups."""
OPTION_GROUPS: Final = 100
OVERFLOW_OPTIONS: Final = 5
CHOICE_OPTIONS: Final = 10
"""Radio buttons and checkboxes."""
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 150
CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30

# Streams and sessions
STREAM_SECONDS: Final = 300.0
STREAM_TEXT: Final = MARKDOWN_TOTAL
"""All text of one streamed message: Slack turns it into one markdown block at the end."""
STREAM_TOTAL: Final = MESSAGE_TEXT
"""A streamed message's text plus the JSON of its tasks."""
TASK_DETAILS: Final = 500
SESSION_TITLE: Final = 200
STATUS_SECONDS: Final = 120.0
"""How long an assistant status stays visible."""
LOADING_MESSAGES: Final = 10
LOADING_MESSAGE: Final = 50
SUGGESTED_PROMPTS: Final = 4

# Delivery
ACK_SECONDS: Final = 3.0
TRIGGER_SECONDS: Final = 3.0
RETRY_PAUSES: Final = (0.0, 60.0, 300.0)
"""Seconds before each redelivery of an unacknowledged event."""
RESPONSE_URL_SECONDS: Final = 1_800.0
RESPONSE_URL_USES: Final = 5
SOCKETS: Final = 10
"""Socket Mode connections of one app."""

# Rates
CALLS_PER_MINUTE: Final = {1: 1, 2: 20, 3: 50, 4: 100}
"""Web API calls per minute, by tier (https://docs.slack.dev/apis/web-api/rate-limits)."""
POSTS_PER_MINUTE: Final = 60.0
"""Calls of `chat.postMessage` per channel."""

# Pagination
PAGE: Final = 1_000
RESTRICTED_PAGE: Final = 15
"""Replies per page for commercial apps outside the Marketplace."""
