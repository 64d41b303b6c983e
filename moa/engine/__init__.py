"""Runs one question: layers, quorum, retries, hedges, the aggregator."""

from moa.engine.runner import ask, run

__all__ = ["ask", "run"]
