"""`bind` makes a plan of live models, or raises one error that lists everything wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from moa import STRATEGIES, PipelineError, Plan, Prompt, Sampling, bind
from moa.pipeline.definition import LayerDefinition, Pipeline
from moa.pipeline.plan import AGGREGATOR_DEADLINE_S, LAYER_DEADLINE_S
from tests.moa.runs import says

MODELS = {name: says(name) for name in ("a", "b", "c")}


def test_names_become_models_in_order() -> None:
    """Each layer has its proposers in order, and so do the aggregators."""
    pipeline = Pipeline(
        aggregator=["c", "a"],
        layers=[
            LayerDefinition(proposers=["a", "b", "a"], required=["b"]),
            LayerDefinition(proposers=["c"]),
        ],
    )
    plan = bind("p", pipeline, MODELS)
    first, second = plan.layers
    assert [seat.model for seat in first.seats] == [MODELS["a"], MODELS["b"], MODELS["a"]]
    assert [seat.required for seat in first.seats] == [False, True, False]
    assert [seat.model for seat in second.seats] == [MODELS["c"]]
    assert (plan.name, plan.aggregators) == ("p", (MODELS["c"], MODELS["a"]))


def test_a_layers_settings_override_the_pipelines() -> None:
    """A layer's rule overrides the pipeline's, which overrides the default."""
    layers = [LayerDefinition(proposers=["a", "b"], quorum=1, grace_s=0, deadline_s=5.0)]
    layers.append(LayerDefinition(proposers=["a", "b"]))
    own, inherited = bind(
        "p",
        Pipeline(aggregator="a", layers=layers, quorum=2, grace_s=3, aggregator_deadline_s=9.0),
        MODELS,
    ).layers
    assert (own.quorum, own.grace_s, own.deadline_s) == (1, 0, 5.0)
    assert (inherited.quorum, inherited.grace_s) == (2, 3)
    assert inherited.deadline_s == LAYER_DEADLINE_S
    plain = bind("p", Pipeline(aggregator="a", layers=[LayerDefinition(proposers=["a"])]), MODELS)
    assert (plain.layers[0].quorum, plain.layers[0].grace_s) == (None, None)
    assert plain.aggregator_deadline_s == AGGREGATOR_DEADLINE_S


def test_every_mistake_is_named_before_any_model_is_bound() -> None:
    """One error has a line for each wrong key."""
    pipeline = Pipeline(
        aggregator="x",
        strategy="nonsense",
        layers=[LayerDefinition(proposers=["a", "y"], quorum=3, required=["c"])],
    )
    with pytest.raises(PipelineError) as raised:
        bind("p", pipeline, MODELS)
    keys = [line.partition(":")[0] for line in str(raised.value).splitlines()]
    assert keys == [
        "pipelines.p.aggregator",
        "pipelines.p.strategy",
        "pipelines.p.layers[1].proposers",
        "pipelines.p.layers[1].quorum",
        "pipelines.p.layers[1].required",
    ]


def test_a_plan_can_be_made_of_models() -> None:
    """`Plan.of` needs no names: layers of models, and one aggregator or several."""
    a, b = MODELS["a"], MODELS["b"]
    plan = Plan.of([a, b], [b], aggregator=a, name="mine")
    assert [[seat.model for seat in layer.seats] for layer in plan.layers] == [[a, b], [b]]
    assert (plan.aggregators, plan.name) == ((a,), "mine")
    assert Plan.of(aggregator=[a, b]) == Plan((), (a, b))


def test_a_plan_takes_a_strategys_name() -> None:
    """It works as in `moa.ask`."""
    a = MODELS["a"]
    named = Plan.of([a, a], aggregator=a, strategy="debate")
    assert named == Plan.of([a, a], aggregator=a, strategy=STRATEGIES["debate"])
    with pytest.raises(PipelineError, match=r'no strategy "debat"\. Did you mean "debate"'):
        Plan.of([a], aggregator=a, strategy="debat")


async def _returns(_prompt: Prompt, _sampling: Sampling) -> str:
    return "no generator"


NO_MODELS: dict[str, tuple[Any, Any, list[str]]] = {
    "nothing in a layer": ([[]], MODELS["a"], ["layers[1]: name at least one model."]),
    "no aggregator": ([], [], ["aggregator: name at least one model."]),
    "names": (
        [[MODELS["a"], "openai:x"]],
        "openai:y",
        ["layers[1][2]: must be a moa.Model", "aggregator: must be a moa.Model"],
    ),
    "models without a list": (
        [MODELS["a"], "openai:x"],
        MODELS["b"],
        ["layers[1]: must be a list of models", "layers[2]: must be a list of models"],
    ),
    "no generator": (
        [[SimpleNamespace(profile=MODELS["a"].profile, stream=_returns)]],
        MODELS["a"],
        ["layers[1][1]: its `stream` must be an async generator"],
    ),
}


@pytest.mark.parametrize("case", NO_MODELS)
def test_a_plan_needs_models_everywhere(case: str) -> None:
    """One error lists everything else, before any call."""
    layers, aggregator, expected = NO_MODELS[case]
    with pytest.raises(PipelineError) as raised:
        Plan.of(*layers, aggregator=aggregator)
    lines = str(raised.value).splitlines()
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected
