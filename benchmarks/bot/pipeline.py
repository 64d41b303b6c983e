"""The pipeline of the measured bots: A of the engine's benchmarks, as a `moa.toml`."""

from __future__ import annotations

from benchmarks.work import Work, aggregator, proposer

A = Work(layers=((proposer(300), proposer(600), proposer(900)),), aggregator=aggregator(500))
"""300 / 600 / 900 ms proposers and a 500 ms aggregator: its critical path is 1.4 s."""


LIMITS = """
[work]
at_once = {at_once}

[limits]
questions_per_person_hour = "unlimited"
"""

PIPELINE = """
[pipelines.a]
aggregator = "agg"

[[pipelines.a.layers]]
proposers = {names!r}
quorum = 3
"""


def toml(address: str, *, at_once: int) -> str:
    """Return a `moa.toml` for the bot, with its models on the benchmark's server."""
    names = {"p300": A.layers[0][0], "p600": A.layers[0][1], "p900": A.layers[0][2]}
    models = [
        f'[models.{name}]\nprovider = "openai"\nmodel = "{model}"\nbase_url = "{address}"\n'
        for name, model in {**names, "agg": A.aggregator}.items()
    ]
    return "\n".join(
        [
            'default_pipeline = "a"',
            LIMITS.format(at_once=at_once),
            *models,
            PIPELINE.format(names=list(names)),
        ]
    )
