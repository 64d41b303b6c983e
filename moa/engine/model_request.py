"""Builds one model's request: a prompt that fits its context window, and its sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moa.pipeline import prompts, token_budget
from moa.pipeline.strategies import PromptContext, Strategy
from moa.ports import Profile
from moa.types import Prompt, Role, Sampling

TEMPERATURES: dict[Role, float] = {
    "proposer": 0.7,
    "ranker": 0.3,
    "aggregator": 0.3,
    "analyst": 0.0,
}
"""High for proposers, whose answers should vary; low for the roles that must be steady."""

PROPOSER_OUTPUT_TOKENS = 800
"""A proposer's default output cap. It cuts 6 % of real answers; 512 would cut a third."""

MAX_OUTPUT_RESERVE = 4_096
"""Tokens kept free for an aggregator without an output cap."""

SAFETY_MARGIN = 0.05
"""Share of a window left empty, because token counts are estimates."""

MAX_FIT_ROUNDS = 12
"""What shortening saves is only estimated, so it may take a few rounds."""

EXTRA_TOKENS = 16
"""Shorten by this many tokens more than the excess: sizes are rounded, and neutralising may
lengthen an answer a little."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A prompt and its sampling.

    Attributes:
        prompt: fits the model's context window.
        sampling: temperature and output cap.
        notes: sentences that say what was left out of the prompt.
        images_omitted: whether images were left out because the model takes none.
        messages_read: how many of the thread's messages are in the prompt.
        messages: how many messages the thread has.
    """

    prompt: Prompt
    sampling: Sampling
    notes: tuple[str, ...] = ()
    images_omitted: bool = False
    messages_read: int = 0
    messages: int = 0


def build_request(
    strategy: Strategy,
    context: PromptContext,
    profile: Profile,
    role: Role,
    *,
    window_share: float = 1.0,
) -> ModelRequest:
    """Build the request for a model in a role.

    Args:
        strategy: builds the prompt from the context.
        context: the thread and all answers, not shortened yet.
        profile: of the model to call.
        role: the model's role in this call.
        window_share: share (0 to 1) of its context window to use; below 1 after the server
            rejected a prompt as too long.
    """
    sampling = _sampling(profile, role)
    window = int(profile.context_window * window_share)
    reserve = sampling.max_output_tokens or min(MAX_OUTPUT_RESERVE, window // 4)
    reserve += profile.reasoning_tokens
    budget = max(int((window - min(reserve, window // 2)) * (1 - SAFETY_MARGIN)), 1)
    if profile.persona and role == "proposer":
        context = replace(context, thread=prompts.with_system(context.thread, profile.persona))
    omit_images = not profile.takes_images and any(m.images for m in context.thread.messages)
    if omit_images:
        context = replace(context, thread=prompts.without_images(context.thread))
    prompt, thread, notes = _fit(strategy, context, budget)
    read, messages = token_budget.count_messages(thread)
    return ModelRequest(prompts.merge_turns(prompt), sampling, notes, omit_images, read, messages)


def _sampling(profile: Profile, role: Role) -> Sampling:
    temperature = TEMPERATURES[role] if profile.temperature is None else profile.temperature
    return Sampling(temperature if profile.takes_temperature else None, output_cap(profile, role))


def output_cap(profile: Profile, role: Role) -> int | None:
    """Return the model's output cap in a role, in tokens without thinking; None for no cap."""
    if role == "aggregator":
        return profile.aggregator_max_output_tokens or profile.max_output_tokens
    proposer_cap = profile.proposer_max_output_tokens if role == "proposer" else None
    return proposer_cap or profile.max_output_tokens or PROPOSER_OUTPUT_TOKENS


def _fit(
    strategy: Strategy, context: PromptContext, budget: int
) -> tuple[Prompt, Prompt, tuple[str, ...]]:
    """Shorten the context until the whole prompt, instructions included, is within the budget.

    Returns:
        The prompt, the thread in it, and notes that say what was left out.
    """
    prompt = strategy(context)
    excess = token_budget.prompt_tokens(prompt) - budget
    if excess <= 0:
        return prompt, context.thread, ()
    shortened, notes = context, ()
    target = min(_content_tokens(context), budget)
    urgency = 1
    for _ in range(MAX_FIT_ROUNDS):
        if excess <= 0:
            break
        thread, texts, notes = token_budget.fit(context.thread, context.texts, max(target, 1))
        shortened = context.with_texts(thread, texts)
        prompt = strategy(shortened)
        before, excess = excess, token_budget.prompt_tokens(prompt) - budget
        # What was cut may not have counted: characters that neutralising removes anyway.
        urgency = urgency * 2 if excess >= before else 1
        # Dropping one long turn may leave far less than the target.
        target = min(target, _content_tokens(shortened)) - urgency * (excess + EXTRA_TOKENS)
    return prompt, shortened.thread, notes


def _content_tokens(context: PromptContext) -> int:
    """Estimate the tokens of the thread, answers and rankings without instructions."""
    return token_budget.prompt_tokens(context.thread) + sum(
        token_budget.count_tokens(text.text) for text in context.texts
    )
