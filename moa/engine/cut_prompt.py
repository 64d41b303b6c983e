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

SUSPICIOUS_SHARE: Final = 0.6
"""Prompts of which more was read, by the estimate, aren't looked at closely."""

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
    if sent < MIN_TOKENS or read > SUSPICIOUS_SHARE * sent or read >= _least_tokens(prompt):
        return None
    note = NOTE.format(model=call.model.profile.name, read=read, sent=sent)
    log.warning("%s", note)
    return note


def _least_tokens(prompt: Prompt) -> int:
    texts = (prompt.system, *(message.content for message in prompt.messages))
    return sum(map(least_tokens, texts))
