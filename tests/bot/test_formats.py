"""Durations, amounts and pipelines as people read them in Slack and in the terminal."""

from __future__ import annotations

import pytest

from bot.figures import cost, dollars, pipeline_shape, seconds


@pytest.mark.parametrize(("value", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (61.2, "61 s")])
def test_short_durations_have_tenths(value: float, text: str) -> None:
    """From 10 s on, durations have no tenths."""
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0.00"),
        (0.00004, "less than $0.0001"),
        (0.0008, "$0.0008"),
        (0.05, "$0.05"),
        (0.0527, "$0.0527"),
        (0.1234, "$0.12"),
        (1234.5, "$1,234.50"),
    ],
)
def test_small_amounts_have_four_digits(usd: float, text: str) -> None:
    """An amount above zero never looks like zero."""
    assert dollars(usd) == text


def test_a_cost_says_when_it_is_unknown_or_an_estimate() -> None:
    """Unknown is not the same as free."""
    assert cost(None) == "cost unknown"
    assert cost(0) == "no cost"
    assert cost(0.25, estimated=True) == "about $0.25"


def test_a_pipeline_is_one_line() -> None:
    """Layers come before the aggregator; a pipeline without layers is only its aggregator."""
    assert pipeline_shape([["a", "b"], ["c"]], "d") == "a, b → c → d"
    assert pipeline_shape([], "d") == "d"
