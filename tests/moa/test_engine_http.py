"""Runs over real HTTP leave no task and no connection behind, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager

import pytest

from moa import (
    Answered,
    Delta,
    Finished,
    Hedge,
    LayerClosed,
    LayerStarted,
    Model,
    Profile,
    ask,
    run,
)
from moa.pipeline.plan import Layer
from moa.providers import Endpoints, ModelSpec, ProvidedModel, build
from tests.moa.provider_calls import TIMEOUT_S
from tests.moa.runs import QUESTION, SEED, layer, plan
from tests.models import Cut, HangAfterHeaders, HangBeforeHeaders, ModelServer, Reply, Stall, Status
from tests.models.replies import Fault


class Site:
    """A model server, and models that use it."""

    def __init__(self, server: ModelServer, endpoints: Endpoints) -> None:
        self.server = server
        self._endpoints = endpoints

    def model(
        self,
        name: str,
        reply: Reply | Sequence[Reply] | None = None,
        *,
        max_attempts: int = 1,
        hedge: Hedge | None = None,
    ) -> ProvidedModel:
        """Return a model with this name and reply; names alternate between the two APIs."""
        self.server.models[name] = reply or Reply(f"The answer of {name}.")
        provider = "anthropic" if len(self.server.models) % 2 else "openai"
        url = self.server.anthropic_url if provider == "anthropic" else self.server.openai_url
        spec = ModelSpec(provider=provider, model=name, base_url=url, api_key="k")
        return build(spec, Profile(name, max_attempts=max_attempts, hedge=hedge), self._endpoints)


@asynccontextmanager
async def on_site() -> AsyncGenerator[Site]:
    """Run a test against a server; fail if it leaves tasks or connections or takes too long."""
    async with asyncio.timeout(TIMEOUT_S), ModelServer() as server:
        async with Endpoints() as endpoints:
            before = asyncio.all_tasks()
            yield Site(server, endpoints)
            assert {t for t in asyncio.all_tasks() - before if "moa" in str(t.get_coro())} == set()
        await server.all_closed()


def at_once(*models: Model) -> Layer:
    """Return a layer that closes with its first answer."""
    return layer(*models, quorum=1, grace_s=0)


async def test_two_layers_and_an_aggregator_over_both_apis() -> None:
    """Each layer reads the one before, and the aggregator reads the last answers."""
    async with on_site() as site:
        first, second = [site.model(n) for n in "ab"], [site.model(n) for n in "cd"]
        outcome = await ask(
            plan(layer(*first), layer(*second), by=site.model("w")), QUESTION, seed=1
        )
        asked = {request.model: request for request in site.server.questions}
        assert "The answer of a." in asked["c"].turns[-1][1]
        assert "The answer of d." in asked["w"].turns[-1][1]
        assert "The answer of a." not in asked["w"].turns[-1][1]
    assert outcome.reply == "The answer of w."
    assert len(outcome.calls) == 5
    assert outcome.usage.input_tokens > 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(400), "rejected"),
        (Status(401), "auth"),
        (Status(404), "not_found"),
        (Status(429), "rate_limited"),
        (Status(500), "unavailable"),
        (Status(529), "overloaded"),
        (Cut(after=2), "cut"),
        (Cut(after=0, reset=True), "cut"),
        (HangBeforeHeaders(), "cancelled"),
        (HangAfterHeaders(), "cancelled"),
        (Stall(after=2), "cancelled"),
    ],
    ids=str,
)
async def test_a_faulty_proposer_is_an_event_and_its_connection_is_closed(
    fault: Fault, kind: str
) -> None:
    """The reply uses the other answers, and the call log shows the failure."""
    async with on_site() as site:
        bad = site.model("bad", Reply("Half of an answer.", fault=fault))
        layer_ = at_once(bad, site.model("good"))
        outcome = await ask(plan(layer_, by=site.model("w")), QUESTION, seed=1)
        assert outcome.status == "complete"
        (line,) = [call for call in outcome.calls if call.model == "bad"]
        assert line.error_kind == kind
        (asked,) = [r for r in site.server.questions if r.model == "bad"]
        await asked.ended.wait()


async def test_the_deadline_closes_the_connection_of_a_hanging_model() -> None:
    """At the layer's deadline the connection is closed too."""
    async with on_site() as site:
        hanging, quick = site.model("h", Reply(fault=Stall(after=1))), site.model("a")
        for model in (hanging, quick):
            await model.prepare()  # importing an SDK takes longer than the deadline
        both = layer(hanging, quick, quorum=2, deadline_s=0.5)
        outcome = await ask(plan(both, by=site.model("w")), QUESTION, seed=1)
        asked = next(r for r in site.server.questions if r.model == "h")
        await asked.ended.wait()
        assert asked.closed_early
    assert [a.error_kind for a in outcome.answers] == ["timeout", None]


@pytest.mark.parametrize("stop_at", [LayerStarted, Answered, LayerClosed, Delta, Finished])
async def test_cancelling_closes_every_connection(stop_at: type) -> None:
    """Closing the generator at any event leaves no connection open at any server."""
    gate = asyncio.Event()
    async with on_site() as site:
        late = site.model("late", Reply("Late.", gate=gate))
        writer = site.model("w", Reply("A reply of some words."))
        whole = plan(at_once(late, site.model("a")), by=writer)
        async with aclosing(run(whole, QUESTION, seed=SEED)) as events:
            async for event in events:
                if isinstance(event, stop_at):
                    break
        if stop_at is not LayerStarted:
            request = next(r for r in site.server.questions if r.model == "late")
            await request.ended.wait()
            assert request.closed_early


async def test_a_busy_server_is_retried_after_the_time_it_gave() -> None:
    """The retry waits at least for a real response's Retry-After."""
    busy = Reply(fault=Status(429, headers={"retry-after-ms": "40", "retry-after": "60"}))
    async with on_site() as site:
        model = site.model("m", [busy, Reply("At last.")], max_attempts=2)
        outcome = await ask(plan(layer(model), by=site.model("w")), QUESTION, seed=1)
    first, second = [call for call in outcome.calls if call.model == "m"]
    assert (first.error_kind, second.state) == ("rate_limited", "used")
    assert second.started - first.ended >= 0.04


@pytest.mark.parametrize(
    "fault", [HangBeforeHeaders(), HangAfterHeaders()], ids=["before headers", "after headers"]
)
@pytest.mark.parametrize("as_writer", [False, True], ids=["proposer", "aggregator"])
async def test_the_loser_of_a_hedge_is_closed_on_the_wire(fault: Fault, *, as_writer: bool) -> None:
    """The alternate answers, the silent model's connection is closed, and both are logged."""
    async with on_site() as site:
        spare = site.model("spare")
        model = site.model("m", Reply(fault=fault), hedge=Hedge(spare, after_s=0.05))
        whole = plan(by=model) if as_writer else plan(layer(model), by=site.model("w"))
        outcome = await ask(whole, QUESTION, seed=1)
        asked = next(r for r in site.server.questions if r.model == "m")
        await asked.ended.wait()
        assert asked.closed_early
    states = {call.model: (call.state, call.error_kind) for call in outcome.calls}
    assert states["m"] == ("cut", "hedged")
    assert states["spare"] == ("used", None)
    assert outcome.status == "complete"
