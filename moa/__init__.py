"""Mixture of Agents: several models answer, and one writes a reply from their answers.

This package uses no Slack, database or environment variables. Start reading at `moa.engine.run`.

    plan = moa.Plan.of([model_a, model_b, model_c], aggregator=model_a)
    outcome = await moa.ask(plan, "Why is the sky blue?")

Models come from `moa.providers`, or are any object that satisfies `moa.Model`. `moa.resilient` adds
limits, a circuit breaker, retries and a hedge to a model.
"""

from moa.engine.runner import ask, run
from moa.errors import (
    MoaError,
    ModelError,
    NotEnoughAnswers,
    Overflow,
    PipelineError,
    RateLimited,
    Rejected,
    Unavailable,
)
from moa.events import (
    AggregatorStarted,
    Answered,
    Compared,
    Delta,
    Event,
    Failed,
    Finished,
    LayerClosed,
    LayerStarted,
    Retracted,
    Retried,
)
from moa.pipeline.definition import Pipeline, bind
from moa.pipeline.plan import Layer, Plan, Seat
from moa.pipeline.strategies import STRATEGIES, PromptContext, Strategy, StrategySpec, Task
from moa.ports import Hedge, Model, Profile
from moa.resilience import BreakerRules, resilient
from moa.types import (
    Answer,
    Call,
    Chunk,
    Difference,
    Disagreement,
    Image,
    Message,
    Outcome,
    Price,
    Prompt,
    Sampling,
    Usage,
    View,
)

__all__ = [
    "STRATEGIES",
    "AggregatorStarted",
    "Answer",
    "Answered",
    "BreakerRules",
    "Call",
    "Chunk",
    "Compared",
    "Delta",
    "Difference",
    "Disagreement",
    "Event",
    "Failed",
    "Finished",
    "Hedge",
    "Image",
    "Layer",
    "LayerClosed",
    "LayerStarted",
    "Message",
    "MoaError",
    "Model",
    "ModelError",
    "NotEnoughAnswers",
    "Outcome",
    "Overflow",
    "Pipeline",
    "PipelineError",
    "Plan",
    "Price",
    "Profile",
    "Prompt",
    "PromptContext",
    "RateLimited",
    "Rejected",
    "Retracted",
    "Retried",
    "Sampling",
    "Seat",
    "Strategy",
    "StrategySpec",
    "Task",
    "Unavailable",
    "Usage",
    "View",
    "ask",
    "bind",
    "resilient",
    "run",
]
