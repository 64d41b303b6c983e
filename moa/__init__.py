"""Mixture of Agents: many models answer, one reply is written from their answers.

Pure method: no Slack, no database, no environment. Start reading at `engine.run`.

    plan = moa.Plan.of([model_a, model_b, model_c], aggregator=model_a)
    outcome = await moa.ask(plan, "Why is the sky blue?", seed=1)

Models come from `moa.providers`, or are anything that satisfies `moa.Model`.
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
    Delta,
    Event,
    Failed,
    Finished,
    LayerClosed,
    LayerStarted,
)
from moa.pipeline import Layer, Pipeline, Plan, Seat, bind
from moa.ports import Model, Profile
from moa.strategies import STRATEGIES, Brief, Strategy
from moa.types import Answer, Call, Chunk, Message, Outcome, Price, Prompt, Sampling, Usage

__all__ = [
    "STRATEGIES",
    "AggregatorStarted",
    "Answer",
    "Answered",
    "Brief",
    "Call",
    "Chunk",
    "Delta",
    "Event",
    "Failed",
    "Finished",
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
    "Rejected",
    "Sampling",
    "Seat",
    "Strategy",
    "Unavailable",
    "Usage",
    "ask",
    "bind",
    "run",
]
