"""Models around Models: a breaker, limits, and `resilient`, which puts everything around one.

Each is a `moa.Model` itself, so that provider files stay thin. Retries and hedges need the layer's
deadline and lines in the ledger: they are the engine's (`moa.engine.answer_request`), set up by
a model's profile.
"""

from __future__ import annotations

from moa.resilience.breaker import (
    FAILURES,
    LONG_REST_S,
    REST_S,
    SILENT_S,
    Breaker,
    BreakerOpen,
    BreakerRules,
    CircuitBreakerModel,
    FailFastModel,
)
from moa.resilience.rate_limit import RateLimitedModel, RateLimiter, WorkerShare
from moa.resilience.resilient import resilient

__all__ = [
    "FAILURES",
    "LONG_REST_S",
    "REST_S",
    "SILENT_S",
    "Breaker",
    "BreakerOpen",
    "BreakerRules",
    "CircuitBreakerModel",
    "FailFastModel",
    "RateLimitedModel",
    "RateLimiter",
    "WorkerShare",
    "resilient",
]
