"""Runs one question: layers, quorum, retries, hedges, the aggregator."""

from moa.engine.runner import run

__all__ = ["run"]
