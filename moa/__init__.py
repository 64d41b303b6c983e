"""Mixture of Agents: several models answer, and one writes a reply from their answers.

    outcome = await moa.ask("Why is the sky blue?", models=["openai:…", "anthropic:…"])
    print(outcome.reply)

`ask` returns an `Outcome`, `run` yields events, and `load` reads pipelines from a file. Any object
that satisfies `Model` works; `resilient` adds limits and a circuit breaker to one. See the guide in
docs/python.md. Only `moa.environment` reads environment variables; no module uses Slack or a
database.
"""

from moa.api import ask, run
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
from moa.loader import Pipelines, load
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
    "Pipelines",
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
    "load",
    "resilient",
    "run",
]
