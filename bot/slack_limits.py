"""Slack's figures, by the surface on which they hold.

Sources: the Block Kit and Web API references, and the limits written into slack_sdk's models.
Lengths are characters.
"""

from __future__ import annotations

from typing import Final

# Messages
MESSAGE_TEXT: Final = 40_000
MESSAGE_BLOCKS: Final = 50
MARKDOWN_TOTAL: Final = 12_000
"""All markdown of one message together; also one append to a stream, and `markdown_text`."""
METADATA_BYTES: Final = 8_000

# Views
VIEW_BLOCKS: Final = 100
VIEW_TITLE: Final = 24
PRIVATE_METADATA: Final = 3_000
CALLBACK_ID: Final = 255
EXTERNAL_ID: Final = 255
VIEW_BYTES: Final = 250_000
VIEW_STACK: Final = 3

# Blocks
SECTION_TEXT: Final = 3_000
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
SELECT_OPTIONS: Final = 100
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
"""All text of one streamed message: it becomes one markdown block when it is finished."""
STREAM_TOTAL: Final = MESSAGE_TEXT
"""Its text together with the JSON of its tasks, which Slack counts towards the message."""
TASK_DETAILS: Final = 500
SESSION_TITLE: Final = 200
STATUS_SECONDS: Final = 120.0
LOADING_MESSAGES: Final = 10
LOADING_MESSAGE: Final = 50
SUGGESTED_PROMPTS: Final = 4

# Delivery
ACK_SECONDS: Final = 3.0
TRIGGER_SECONDS: Final = 3.0
RETRY_PAUSES: Final = (0.0, 60.0, 300.0)
RESPONSE_URL_SECONDS: Final = 1_800.0
RESPONSE_URL_USES: Final = 5
SOCKETS: Final = 10

# Reading
PAGE: Final = 1_000
RESTRICTED_PAGE: Final = 15
