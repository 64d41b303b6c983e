"""Wrong arguments of the public functions: one error that names the argument, before any call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import moa
from moa import PipelineError
from moa import brainstorm as storm
from moa.brainstorm import Brainstorm, Grouping, Idea
from tests.moa.runs import says

# Wrong on purpose: the types forbid what these tests pass.
ask, run = cast("Any", moa.ask), cast("Any", moa.run)
load, bind, resilient = cast("Any", moa.load), cast("Any", moa.bind), cast("Any", moa.resilient)
plan_of = cast("Any", moa.Plan.of)
idea_session = cast("Any", storm.brainstorm)
storm_any = cast("Any", storm)

MODEL = says("x")
PLAN = moa.Plan.of([MODEL], aggregator=MODEL)
NO_TEXT = [None, 3, 2.5, b"text", ["text"], {"a": 1}, True, object()]

CASES: list[tuple[dict[str, Any], str]] = [
    *(
        ({"question": wrong}, "question: must be a string or a moa.Prompt, not ")
        for wrong in NO_TEXT
    ),
    (
        {"question": moa.Prompt.of(cast("Any", None))},
        "question.messages[1].content: must be",
    ),
    ({"question": moa.Prompt(cast("Any", None))}, "question.messages: must be a list"),
    (
        {"question": moa.Prompt(cast("Any", ("a",)))},
        "question.messages[1]: must be a moa.Message",
    ),
    (
        {"question": moa.Prompt.of("Why?", system=cast("Any", 1))},
        "question.system: must be",
    ),
    ({"models": None}, "Name the models"),
    ({"models": []}, "models: name at least one model."),
    ({"models": ()}, "models: name at least one model."),
    ({"models": ""}, 'models[1]: "" names no provider'),
    ({"models": 5}, "models[1]: must be"),
    ({"models": b"scripted:echo"}, "models: must be"),
    ({"models": {"a": MODEL}}, "models: must be"),
    ({"models": [MODEL, None]}, "models[2]: must be"),
    ({"models": [b"x"]}, "models[1]: must be"),
    ({"aggregator": []}, "aggregator: name at least one model."),
    ({"aggregator": 1}, "aggregator[1]: must be"),
    ({"strategy": None}, "strategy: must be a name in moa.STRATEGIES"),
    ({"strategy": 3}, "strategy: must be a name in moa.STRATEGIES"),
    ({"strategy": ""}, 'strategy: there is no strategy ""'),
    ({"seed": "x"}, "seed: must be a whole number or None, not a value of type str."),
    ({"seed": 1.5}, "seed: must be a whole number or None"),
    ({"seed": True}, "seed: must be a whole number or None"),
    ({"models": None, "plan": "balanced"}, "plan: must be a moa.Plan"),
]


@pytest.mark.parametrize(("arguments", "says_what"), CASES)
async def test_ask_and_run_name_a_wrong_argument(arguments: dict[str, Any], says_what: str) -> None:
    """Both raise the same error, and no model is called."""
    model = says("x")
    wrong = {"question": "Why?", "models": [model]} | arguments
    with pytest.raises(PipelineError) as asked:
        await ask(**wrong)
    assert says_what in str(asked.value)
    with pytest.raises(PipelineError) as ran:
        async for _ in run(**wrong):
            pass
    assert str(ran.value) == str(asked.value)
    assert model.calls == 0


@pytest.mark.parametrize("question", ["", "  \n\t", moa.Prompt(())])
async def test_a_question_without_text_is_refused(question: str | moa.Prompt) -> None:
    """A blank one says that it is empty; a thread needs a user's turn."""
    with pytest.raises(PipelineError, match=r"is empty|last turn"):
        await moa.ask(PLAN, question)


def calls_with_unknown_keywords() -> list[Callable[[], Any]]:
    return [
        lambda: ask("Why?", modells=["scripted:echo"]),
        lambda: run("Why?", model=MODEL),
        lambda: load(file="moa.toml"),
        lambda: idea_session("Topic", modles=[MODEL]),
        lambda: resilient(MODEL, attempts=3),
    ]


@pytest.mark.parametrize("number", range(5))
def test_an_unknown_keyword_is_python_s_own_error(number: int) -> None:
    """It names the function and the keyword, as for every function."""
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        calls_with_unknown_keywords()[number]()


@pytest.mark.parametrize(
    ("path", "says_what"),
    [
        (None, "path: must be a path, not None."),
        (3, "path: must be a path, not a value of type int."),
        (b"moa.toml", "path: must be a path, not a value of type bytes."),
        (["moa.toml"], "path: must be a path, not a value of type list."),
        ("", "The name of the TOML file is empty."),
        ("a\0b", "Not a file's name"),
        ("\udcff.toml", "File not found"),
    ],
)
def test_load_names_a_wrong_path(path: object, says_what: str) -> None:
    """Also a name that no file can have."""
    with pytest.raises(PipelineError) as error:
        load(path)
    assert says_what in str(error.value)


def test_load_refuses_a_folder_and_wrong_variables(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(PipelineError, match=f"{tmp_path.name}: can't be read"):
        load(tmp_path)
    with pytest.raises(PipelineError, match="variables: must be a mapping or None"):
        load(tmp_path, variables=["A=1"])


@pytest.mark.parametrize("name", [None, 3, ["one"], b"one"])
async def test_a_pipeline_s_name_is_a_string(tmp_path: Path, name: object) -> None:
    """`pipelines[None]` says so; it does not fail inside."""
    text = '[models.a]\nprovider = "scripted"\nmodel = "echo"\n[pipelines.one]\naggregator = "a"\n'
    (tmp_path / "moa.toml").write_text(text, encoding="utf-8")
    async with load(tmp_path / "moa.toml") as pipelines:
        with pytest.raises(PipelineError, match="name: must be a string"):
            pipelines[name]


@pytest.mark.parametrize(
    ("call", "says_what"),
    [
        (
            lambda: plan_of(["scripted:echo"], aggregator=MODEL),
            "layers[1][1]: must be a moa.Model",
        ),
        (lambda: plan_of("ab", aggregator=MODEL), "layers[1]: must be a list"),
        (lambda: plan_of([MODEL], aggregator=None), "aggregator: must be a moa.Model"),
        (lambda: bind("p", None, {}), "pipeline: must be a moa.Pipeline, not None."),
        (lambda: bind("p", moa.Pipeline(aggregator="a"), None), "models: must be a mapping"),
        (lambda: bind("p", moa.Pipeline(aggregator="a"), {"a": "x"}), "models['a']: must be"),
        (lambda: bind(None, moa.Pipeline(aggregator="a"), {"a": MODEL}), "name: must be a string"),
        (lambda: resilient(None), "model: must be a moa.Model"),
        (lambda: resilient("openai:x"), "model: must be a moa.Model"),
        (
            lambda: resilient(MODEL, hedge_with="x", hedge_after_s=1),
            "hedge_with: must be a moa.Model",
        ),
        (lambda: storm_any.to_markdown(None), "brainstorm: must be a Brainstorm, not None."),
        (lambda: storm_any.to_csv([]), "brainstorm: must be a Brainstorm"),
        (lambda: storm_any.to_json("x"), "brainstorm: must be a Brainstorm"),
        (lambda: storm_any.max_cost(None, [MODEL]), "topic: must be a string, not None."),
        (lambda: storm_any.max_cost("t", []), "at least one model"),
        (lambda: storm_any.max_cost("t", [MODEL], calls="3"), "calls: must be a whole number"),
        (lambda: storm_any.result_prompt("t", [], ["x"], seed=1), "ideas[1]: must be an Idea"),
        (lambda: storm_any.develop_prompt("t", None, [], seed=1), "idea[1]: must be an Idea"),
        (lambda: storm_any.challenge_prompt(3, Idea("1", "x"), [], seed=1), "topic: must be"),
    ],
)
def test_the_other_functions_name_a_wrong_argument(
    call: Callable[[], object], says_what: str
) -> None:
    """Each is checked before anything else happens."""
    with pytest.raises(PipelineError) as error:
        call()
    assert says_what in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "says_what"),
    [
        *(({"topic": wrong}, "topic: must be a string, not ") for wrong in NO_TEXT),
        ({"topic": " "}, "The topic is empty."),
        ({"models": None}, "Name the models"),
        ({"models": []}, "models: name at least one model."),
        ({"models": None, "plan": "balanced"}, "plan: must be a moa.Plan"),
        ({"ideas": "one idea"}, "ideas: must be a list"),
        ({"ideas": ["one", None]}, "ideas[2]: must be a string or an Idea, not None."),
        ({"material": None}, "material: must be a string, not None."),
        ({"calls": "3"}, "calls: must be a whole number"),
        ({"calls": True}, "calls: must be a whole number"),
        ({"calls": 0}, "calls: must be from 1 to 200, not 0."),
        ({"ideas_per_call": 1.5}, "ideas_per_call: must be a whole number"),
        ({"seed": "x"}, "seed: must be a whole number or None"),
    ],
)
async def test_a_brainstorm_names_a_wrong_argument(
    arguments: dict[str, Any], says_what: str
) -> None:
    """Before any model is called."""
    model = says("x")
    with pytest.raises(PipelineError) as error:
        async for _ in idea_session(**{"topic": "Walkers", "models": [model]} | arguments):
            pass
    assert says_what in str(error.value)
    assert model.calls == 0


async def test_the_parts_of_a_brainstorm_name_a_wrong_argument() -> None:
    """Drawing and grouping, for programs that use them alone."""
    with pytest.raises(PipelineError, match=r"models\[1\]: must be a moa.Model"):
        async for _ in storm_any.draw_ideas("Walkers", ["scripted:echo"]):
            pass
    with pytest.raises(PipelineError, match="personas: must be a list"):
        async for _ in storm_any.draw_ideas("Walkers", [MODEL], personas="a nurse"):
            pass
    with pytest.raises(PipelineError, match=r"ideas\[1\]: must be an Idea"):
        await storm_any.group_ideas("Walkers", ["x"])
    assert storm.to_json(Brainstorm("Walkers", (), Grouping(())))
