"""All the texts of `moa-bot ask` and `moa-bot brainstorm`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.errors import Trouble, trouble_of
from bot.figures import cost, dollars, pipeline_shape, seconds
from bot.terminal.safe_text import one_line
from moa import Answer, NotEnoughAnswers, Outcome, Plan
from moa.brainstorm import Brainstorm

DEMONSTRATION = (
    "This is a small demonstration model. It shows the wiring, not the quality: expect mistakes.\n"
    "For real answers, set OPENAI_API_KEY or ANTHROPIC_API_KEY (in the environment or in .env),\n"
    "start a model server such as Ollama on this machine,\n"
    "or write a moa.toml with your models (`moa-bot init --example` shows every setting)."
)
NO_ANSWERS: Mapping[Trouble, str] = {
    "no_answer": "No model answered. Run `moa-bot check` to find out why.",
    "too_long": "The question is too long for every model. Shorten it, or use other models.",
    "declined": "The providers won't answer this because of its content. Rephrase the question.",
    "output_limit": (
        "The models reached their output limit before they wrote anything. In moa.toml, raise "
        "their reasoning_tokens or max_output_tokens, or lower reasoning_effort."
    ),
}
BROKE_OFF = "The reply ended early: {why}"
CUT_AT_LIMIT = "The reply is cut off: its model reached the length limit."
RETRACTED = "(The text above was the model's reasoning. Its reply:)"
SERVER_MESSAGE = "(The server said: {reason})"
NO_TEXT = "This model returned no text."
NO_IDEAS = "There are no ideas: the models' answers contained none. Try another topic or pipeline."
SAME_IDEA = "also"
PERSON = "from your file"
RESULT = "Result"

CALL_OUTCOMES = {
    "used": "answered in {after}",
    "truncated": "answered in {after}, cut off at its length limit",
    "late": "too late, after {after}",
    "failed": "failed after {after}: {why}",
    "cut": "stopped after {after}: {why}",
}
ANSWER_STATES = {
    "used": "used",
    "truncated": "used, cut off at its length limit",
    "late": "too late",
    "failed": "failed",
    "cut": "stopped early",
}


def run_header(plan: Plan, source: str, *, has_personas: bool = False) -> str:
    """Return the header: the pipeline, its models, and their source.

    `has_personas`: whether the pipeline is one model with different personas.
    """
    layers = [numbered_names([s.model.profile.name for s in layer.seats]) for layer in plan.layers]
    shape = pipeline_shape(layers, one_line(plan.aggregators[0].profile.name))
    if has_personas:
        shape = f"{shape} ({_persona_count(plan)})"
    return f"Pipeline {one_line(plan.name)}: {shape} · models from {one_line(source)}"


def _persona_count(plan: Plan) -> str:
    names = {seat.model.profile.name for layer in plan.layers for seat in layer.seats}
    return f"one model, {len(names)} personas"


def numbered_names(models: Sequence[str]) -> list[str]:
    """Return the names of a layer's proposers, numbered if a name occurs more than once."""
    count, seen = Counter(models), Counter[str]()
    names: list[str] = []
    for model in models:
        seen[model] += 1
        number = f" #{seen[model]}" if count[model] > 1 else ""
        names.append(f"{one_line(model)}{number}")
    return names


def call_outcome(answer: Answer) -> str:
    """Describe how a call ended."""
    tokens = f", {answer.usage.output_tokens:,} tokens" if answer.usage else ""
    why = one_line(
        " ".join(filter(None, [answer.error or "unknown error.", server_message(answer)]))
    )
    return CALL_OUTCOMES[answer.status].format(after=f"{seconds(answer.seconds)}{tokens}", why=why)


def server_message(answer: Answer) -> str:
    """Return the provider's own error message for the operator, or ""."""
    return SERVER_MESSAGE.format(reason=answer.reason) if answer.reason else ""


def no_answer(error: NotEnoughAnswers) -> str:
    """Return why there is no reply, and what to do about it."""
    return NO_ANSWERS[trouble_of([answer.error_kind for answer in error.answers])]


def layer_summary(layer: int, answered: int, asked: int, unanswered: Sequence[str]) -> str:
    """Describe how a layer ended."""
    line = f"Layer {layer}: {answered} of {asked} answered"
    return (
        f"{line}, continuing without {', '.join(map(one_line, unanswered))}" if unanswered else line
    )


def broken_off_notice(outcome: Outcome) -> str:
    """Return why the reply ended early."""
    why = outcome.aggregator.error if outcome.aggregator else None
    return BROKE_OFF.format(why=one_line(why or "the model stopped answering."))


def run_footer(outcome: Outcome) -> str:
    """Return the line below a reply: time, tokens, cost and the number of answers used."""
    parts = [seconds(outcome.seconds)]
    if outcome.first_token_seconds is not None:
        parts.append(f"first text after {seconds(outcome.first_token_seconds)}")
    usage = outcome.usage
    parts.append(f"tokens: {usage.input_tokens:,} in, {usage.output_tokens:,} out")
    parts.append(cost(outcome.cost_usd, estimated=outcome.cost_is_estimate))
    if outcome.answers:
        used = sum(answer.readable for answer in outcome.answers)
        parts.append(f"{used} of {len(outcome.answers)} answers used")
    return " · ".join(parts)


def answer_heading(answer: Answer) -> str:
    """Return the heading of a proposer's answer."""
    return (
        f"Layer {answer.layer} · {one_line(answer.model)} "
        f"({ANSWER_STATES[answer.status]}, {seconds(answer.seconds)})"
    )


def brainstorm_start(
    calls: int, people: int, most_usd: float | None, usual_usd: float | None = None
) -> str:
    """Describe what is about to happen, and its maximum and usual cost."""
    own_ideas = f" Your file has {counted(people, 'idea')}." if people else ""
    if most_usd is None:
        price = "the cost is unknown"
    else:
        price = f"at most {dollars(most_usd)}" if most_usd else "at no cost"
        if most_usd and usual_usd:
            price = f"{price}, usually about {dollars(usual_usd)}"
    return f"Asking for ideas {counted(calls, 'time')}: {price}.{own_ideas}"


def ideas_drawn(ended: int, calls: int, model: str, ideas: int) -> str:
    """Describe a call that returned ideas."""
    return f"{ended} of {calls}: {counted(ideas, 'idea')} from {model}"


def draw_failed(ended: int, calls: int, model: str, error: str) -> str:
    """Describe a call that failed."""
    return f"{ended} of {calls}: {model} failed: {error}"


def brainstorm_footer(finished: Brainstorm, elapsed_s: float) -> str:
    """Return the last line: ideas, themes, time and cost."""
    estimated = any(c.usage and c.usage.estimated and c.cost_usd for c in finished.calls)
    parts = [
        counted(len(finished.ideas), "idea"),
        counted(len(finished.grouping.themes), "theme"),
        seconds(elapsed_s),
        cost(finished.cost_usd, estimated=estimated),
    ]
    return " · ".join(parts)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless the number is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
