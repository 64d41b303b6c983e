"""Every word that a person reads in a terminal while a question is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.errors import Trouble, trouble_of
from bot.figures import cost, pipeline_shape, seconds
from bot.terminal.safe_text import one_line
from moa import Answer, NotEnoughAnswers, Outcome, Plan

DEMONSTRATION = (
    "This is a small demonstration model. It shows the wiring, not the quality: expect mistakes.\n"
    "For real answers set OPENAI_API_KEY or ANTHROPIC_API_KEY (in the environment or in a .env "
    "file),\nor copy moa.example.toml to moa.toml and name your models there."
)
NO_ANSWERS: Mapping[Trouble, str] = {
    "no_answer": "None of the models answered. `moa-bot check` shows what is wrong with them.",
    "too_long": "The question is too long for every model. Shorten it, or ask others.",
    "output_limit": (
        "The models used up their output limit before they wrote anything. Raise reasoning_tokens "
        "or max_output_tokens for them in moa.toml, or lower reasoning_effort."
    ),
}
BROKE_OFF = "The reply broke off here: {why}"
CUT_AT_LIMIT = "The reply is cut off here: the model that wrote it reached its length limit."
RETRACTED = "(All of the text above was the model's thinking. Its reply:)"
SAID = "(Its server said: {reason})"
NO_TEXT = "It brought no text."

ENDS = {
    "used": "answered in {after}",
    "truncated": "answered in {after}, cut off at its length limit",
    "late": "came too late, after {after}",
    "failed": "failed after {after}: {why}",
    "cut": "stopped after {after}: {why}",
}
STATES = {
    "used": "used",
    "truncated": "used, cut off at its length limit",
    "late": "came too late",
    "failed": "failed",
    "cut": "stopped before its end",
}


def opening(plan: Plan, source: str) -> str:
    """Which pipeline is asked, and where its models come from."""
    layers = [seats([s.model.profile.name for s in layer.seats]) for layer in plan.layers]
    shape = pipeline_shape(layers, one_line(plan.aggregators[0].profile.name))
    return f"Pipeline {one_line(plan.name)}: {shape} · models from {one_line(source)}"


def seats(models: Sequence[str]) -> list[str]:
    """The names of a layer's proposers; one that stands several times is numbered."""
    count, seen = Counter(models), Counter[str]()
    names: list[str] = []
    for model in models:
        seen[model] += 1
        number = f" #{seen[model]}" if count[model] > 1 else ""
        names.append(f"{one_line(model)}{number}")
    return names


def ended(answer: Answer) -> str:
    """How a proposer's call ended."""
    tokens = f", {answer.usage.output_tokens:,} tokens" if answer.usage else ""
    why = one_line(" ".join(filter(None, [answer.error or "it is not known why.", said(answer)])))
    return ENDS[answer.status].format(after=f"{seconds(answer.seconds)}{tokens}", why=why)


def said(answer: Answer) -> str:
    """What the provider said itself, for whoever runs the bot; "" where it said nothing."""
    return SAID.format(reason=answer.reason) if answer.reason else ""


def no_answer(error: NotEnoughAnswers) -> str:
    """Why there is no reply, and what to do."""
    return NO_ANSWERS[trouble_of([answer.error_kind for answer in error.answers])]


def closed(layer: int, read: int, asked: int, waiting: Sequence[str]) -> str:
    """How a layer ended."""
    line = f"Layer {layer}: {read} of {asked} answered"
    return f"{line}, going on without {', '.join(map(one_line, waiting))}" if waiting else line


def broke_off(outcome: Outcome) -> str:
    """Why the reply has no end."""
    why = outcome.aggregator.error if outcome.aggregator else None
    return BROKE_OFF.format(why=one_line(why or "the model stopped answering."))


def closing(outcome: Outcome) -> str:
    """The line under a reply: seconds, tokens, cost, and how many answers it was written from."""
    parts = [seconds(outcome.seconds)]
    if outcome.first_token_seconds is not None:
        parts.append(f"first words after {seconds(outcome.first_token_seconds)}")
    usage = outcome.usage
    parts.append(f"tokens: {usage.input_tokens:,} in, {usage.output_tokens:,} out")
    parts.append(cost(outcome.cost_usd, estimated=outcome.cost_is_estimate))
    if outcome.answers:
        used = sum(answer.readable for answer in outcome.answers)
        parts.append(f"{used} of {len(outcome.answers)} answers used")
    return " · ".join(parts)


def heading(answer: Answer) -> str:
    """The line above a proposer's answer."""
    return (
        f"Layer {answer.layer} · {one_line(answer.model)} "
        f"({STATES[answer.status]}, {seconds(answer.seconds)})"
    )
