"""The strategies by name: one pure function a file, from a brief to the next prompt.

A strategy decides what the models of every layer after the first are shown, and the aggregator.
To add one, write a file here and name it in `STRATEGIES`; the engine does not change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from moa.strategies.brief import Brief
from moa.strategies.direct import direct
from moa.strategies.synthesise import synthesise
from moa.types import Prompt

Strategy = Callable[[Brief], Prompt]

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({"synthesise": synthesise})
"""What `strategy = "…"` in a pipeline may name."""

__all__ = ["STRATEGIES", "Brief", "Strategy", "direct", "synthesise"]
