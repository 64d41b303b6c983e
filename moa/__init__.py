"""Mixture of Agents: many models answer, one reply is written from their answers.

Pure method: no Slack, no database, no environment. Start reading at `engine.run`.

    plan = moa.Plan.of([model_a, model_b, model_c], aggregator=model_a)
    outcome = await moa.ask(plan, "Why is the sky blue?")

Models come from `moa.providers`, or are anything that satisfies `moa.Model`; `moa.resilient` puts
limits, a circuit breaker, retries and a hedge around one.
"""

from moa.engine import ask, run
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
from moa.pipeline import Pipeline, bind
from moa.plan import Layer, Plan, Seat
from moa.ports import Hedge, Model, Profile
from moa.strategies import STRATEGIES, Brief, Recipe, Strategy, Task
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
from moa.wrappers import BreakerRules, resilient

__all__ = [
    "STRATEGIES",
    "AggregatorStarted",
    "Answer",
    "Answered",
    "BreakerRules",
    "Brief",
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
    "RateLimited",
    "Recipe",
    "Rejected",
    "Retracted",
    "Retried",
    "Sampling",
    "Seat",
    "Strategy",
    "Task",
    "Unavailable",
    "Usage",
    "View",
    "ask",
    "bind",
    "resilient",
    "run",
]
