"""Notices that a server read far less than it was sent, as Ollama does beyond `num_ctx`."""

from __future__ import annotations

import logging
from typing import Final

from moa.engine.in_flight_call import InFlightCall
from moa.pipeline.text_tokens import least_tokens
from moa.pipeline.token_budget import prompt_tokens
from moa.types import Prompt

log = logging.getLogger(__name__)

MIN_TOKENS: Final = 1_000
"""Smaller prompts fit everywhere; their counts differ for other reasons."""

TINY_SHARE: Final = 0.25
"""Less than this share of the estimate means a cut, whatever the text: only a few texts in scripts
other than Latin come near it, and those have their own bound (`least_tokens`)."""

WORDS_SHARE: Final = 0.9
"""A server that read fewer tokens than this share of the words has cut them: a word is a token or
more. Some servers count roughly, by words."""

NOTE: Final = (
    "{model}: its server read only {read:,} of about {sent:,} tokens and left out the rest without "
    "a warning, so its answer may miss something. The operator can raise the server's limit "
    "(Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx of the model) or set context_window = {read} for "
    "this model in moa.toml."
)


def cut_prompt_note(call: InFlightCall) -> str | None:
    """Return a note for the reader and log a warning if a call's prompt was cut; else None."""
    prompt, usage = call.sent_prompt, call.usage
    if prompt is None or usage is None or not usage.input_tokens:
        return None
    sent = prompt_tokens(prompt)
    read = usage.input_tokens
    if sent < MIN_TOKENS or read >= sent or not _is_cut(prompt, sent, read):
        return None
    note = NOTE.format(model=call.model.profile.name, read=read, sent=sent)
    log.warning("%s", note)
    return note


def _is_cut(prompt: Prompt, sent: int, read: int) -> bool:
    texts = [prompt.system, *(message.content for message in prompt.messages)]
    words = sum(len(text.split()) for text in texts)
    is_little = read < TINY_SHARE * sent or read < WORDS_SHARE * words
    return is_little and read < sum(map(least_tokens, texts))
