"""What one model is sent in one role: its prompt, fitted to its window, and its sampling."""

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
"""Proposers are to differ, the others are to be steady."""

PROPOSER_OUTPUT_TOKENS = 800
"""Cuts 6 % of real answers; 512 would cut a third (moa-algorithm figures in docs)."""

MAX_OUTPUT_RESERVE = 4_096
"""Tokens kept free for an aggregator that is given no cap of its own."""

MARGIN = 0.05
"""Share of a window left empty, since the sizes are estimates."""

FITTING_ROUNDS = 6

ROUNDING = 16
"""Tokens by which a prompt is shortened further than was missing, since each part's size is rounded
and neutralising may lengthen an answer a little."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A prompt and its sampling; `notes` say what was left out of the prompt.

    `blind`: whether images were left out because the model takes none.
    """

    prompt: Prompt
    sampling: Sampling
    notes: tuple[str, ...] = ()
    blind: bool = False


def build_request(
    strategy: Strategy,
    brief: PromptContext,
    profile: Profile,
    role: Role,
    *,
    window_share: float = 1.0,
) -> ModelRequest:
    """The request for a model in a role.

    Args:
        strategy: lays the brief out as a prompt.
        brief: the thread and the answers to it, whole.
        profile: of the model that is asked.
        role: what the model plays.
        window_share: the part of its context window to use; less than 1 after the server found a
            prompt too long that was thought to fit.
    """
    sampling = _sampling(profile, role)
    window = int(profile.context_window * window_share)
    reserve = sampling.max_output_tokens or min(MAX_OUTPUT_RESERVE, window // 4)
    reserve += profile.reasoning_tokens
    room = max(int((window - min(reserve, window // 2)) * (1 - MARGIN)), 1)
    if profile.persona and role == "proposer":
        brief = replace(brief, thread=prompts.with_system(brief.thread, profile.persona))
    blind = not profile.takes_images and any(m.images for m in brief.thread.messages)
    if blind:
        brief = replace(brief, thread=prompts.without_images(brief.thread))
    prompt, notes = _fitted(strategy, brief, room)
    return ModelRequest(prompt, sampling, notes, blind)


def _sampling(profile: Profile, role: Role) -> Sampling:
    temperature = TEMPERATURES[role] if profile.temperature is None else profile.temperature
    return Sampling(temperature if profile.takes_temperature else None, output_cap(profile, role))


def output_cap(profile: Profile, role: Role) -> int | None:
    """The most a model is asked to write in a role, in tokens; None for as much as it likes."""
    if role == "aggregator":
        return profile.aggregator_max_output_tokens or profile.max_output_tokens
    own = profile.proposer_max_output_tokens if role == "proposer" else None
    return own or profile.max_output_tokens or PROPOSER_OUTPUT_TOKENS


def _fitted(strategy: Strategy, brief: PromptContext, room: int) -> tuple[Prompt, tuple[str, ...]]:
    """Measured again after the answers are laid in: the strategy's own words take room too."""
    prompt, notes = strategy(brief), ()
    excess = token_budget.size(prompt) - room
    target = min(_content(brief), room)
    for _ in range(FITTING_ROUNDS):
        if excess <= 0:
            break
        thread, texts, notes = token_budget.fit(brief.thread, brief.texts, max(target, 1))
        held = brief.holding(thread, texts)
        prompt = strategy(held)
        excess = token_budget.size(prompt) - room
        # What is left may be far below the target, where a long turn was left out.
        target = min(target, _content(held)) - excess - ROUNDING
    return prompt, notes


def _content(brief: PromptContext) -> int:
    """About how many tokens the thread and what is laid in take by themselves."""
    return token_budget.size(brief.thread) + sum(
        token_budget.tokens(text.text) for text in brief.texts
    )
