"""Wraps models in a circuit breaker, rate limits and hedging; see `resilient`.

Each wrapper is itself a `moa.Model`, so provider files stay thin. Retries and hedges need the
layer's deadline and the call log, so the engine makes them (`moa.engine.answer_request`), as set
up in a model's profile.
"""

from __future__ import annotations

from moa.resilience.breaker import (
    DEFAULT_FAILURES,
    DEFAULT_LONG_REST_S,
    DEFAULT_REST_S,
    DEFAULT_SILENT_S,
    Breaker,
    BreakerRules,
    CircuitBreakerModel,
)
from moa.resilience.rate_limit import RateLimitedModel, RateLimiter, WorkerShare
from moa.resilience.resilient import resilient

__all__ = [
    "DEFAULT_FAILURES",
    "DEFAULT_LONG_REST_S",
    "DEFAULT_REST_S",
    "DEFAULT_SILENT_S",
    "Breaker",
    "BreakerRules",
    "CircuitBreakerModel",
    "RateLimitedModel",
    "RateLimiter",
    "WorkerShare",
    "resilient",
]
