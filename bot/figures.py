"""Formats durations, US dollars and the models of a pipeline, in Slack and in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moa.pipeline.definition import Pipeline

_TENTHS_BELOW_S = 10
_FOUR_DIGITS_BELOW_USD = 0.1
_SMALLEST_USD = 0.0001


def seconds(value: float) -> str:
    """Return a duration, with tenths below 10 s."""
    return f"{value:.1f} s" if value < _TENTHS_BELOW_S else f"{value:.0f} s"


def dollars(usd: float) -> str:
    """Return an amount in whole cents, or with four digits if it is small and not whole cents."""
    if 0 < usd < _SMALLEST_USD:
        return f"less than ${_SMALLEST_USD}"
    whole_cents = round(usd, 2) == round(usd, 4)
    return f"${usd:,.2f}" if whole_cents or usd >= _FOUR_DIGITS_BELOW_USD else f"${usd:.4f}"


def cost(usd: float | None, *, estimated: bool = False) -> str:
    """Return a cost.

    Args:
        usd: the cost in US dollars, None if a model has no known price.
        estimated: whether a provider did not report all tokens.
    """
    if usd is None:
        return "cost unknown"
    if usd == 0:
        return "no cost"
    return f"about {dollars(usd)}" if estimated else dollars(usd)


def shape_of(pipeline: Pipeline) -> str:
    """Return a pipeline's proposers and its first aggregator, as `pipeline_shape` writes them."""
    layers = [layer.proposers for layer in pipeline.layers]
    return pipeline_shape(layers, pipeline.aggregators[0])


def pipeline_shape(layers: Iterable[Sequence[str]], aggregator: str) -> str:
    """Return the proposers of each layer and the aggregator as one line: "a, b → c"."""
    return " → ".join([*map(", ".join, layers), aggregator])
