"""A configuration is checked as a whole, and every error says what is allowed."""

from __future__ import annotations

import tomllib
from textwrap import dedent

import pytest

from moa import PipelineError
from moa.pipeline.config import Config, ModelDefinition
from moa.pipeline.definition import Pipeline

MODELS = """
[models.a]
provider = "openai"
model = "x"
[models.b]
provider = "openai"
model = "y"
"""
PIPELINE = '[pipelines.p]\naggregator = "a"\n'


def read(text: str) -> Config:
    return Config.from_table(tomllib.loads(dedent(text)))


def errors_in(text: str) -> list[str]:
    with pytest.raises(PipelineError) as raised:
        read(text)
    return str(raised.value).splitlines()


def test_a_small_configuration_is_enough() -> None:
    """One model and one pipeline suffice: that pipeline is the default."""
    config = read(MODELS + PIPELINE)
    assert config.default_pipeline == "p"
    assert config.models["a"] == ModelDefinition(provider="openai", model="x")
    assert config.pipelines["p"] == Pipeline(aggregator="a")
    assert config.pipelines["p"].aggregators == ("a",)


def test_every_key_is_read() -> None:
    """Every key of the file ends up in the configuration."""
    config = read(
        """
        default_pipeline = "p"
        [models.a]
        provider = "anthropic"
        model = "x"
        base_url = "http://127.0.0.1:1"
        api_key_env = "KEY"
        context_window = 8000
        max_output_tokens = 500
        temperature = 1
        timeout_s = 30.5
        persona = "A poet."
        price = { input = 1, output = 2.5, cached = 0.1 }
        options = { thinking = { type = "disabled" } }
        omit = ["top_k"]
        reasoning_tokens = 0
        reasoning_effort = "low"
        proposer_max_output_tokens = 300
        aggregator_max_output_tokens = 3000
        max_attempts = 3
        max_concurrency = 4
        requests_per_minute = 60
        hedge_after_s = 5
        hedge_with = "b"
        breaker = { failures = 3, rest_s = 10, long_rest_s = 100, silent_s = 8 }
        [models.b]
        provider = "scripted"
        model = "echo"
        temperature = "provider"
        reply = "Yes."
        delay_s = 0.5
        fail = "cut"
        [pipelines.p]
        aggregator = ["a", "b"]
        description = "Both."
        strategy = "synthesise"
        quorum = 1
        grace_s = 0
        deadline_s = 20
        aggregator_deadline_s = 60
        [[pipelines.p.layers]]
        proposers = ["a", "b", "b"]
        quorum = 2
        grace_s = 1.5
        deadline_s = 10
        required = ["a"]
        """
    )
    a, b, p = config.models["a"], config.models["b"], config.pipelines["p"]
    assert (a.context_window, a.max_output_tokens, a.temperature) == (8000, 500, 1)
    assert (a.omit, a.reasoning_tokens, a.reasoning_effort) == (["top_k"], 0, "low")
    assert (a.proposer_max_output_tokens, a.aggregator_max_output_tokens) == (300, 3000)
    assert a.price is not None
    assert (a.price.input, a.price.output, a.price.cached) == (1, 2.5, 0.1)
    assert (a.max_attempts, a.max_concurrency, a.requests_per_minute) == (3, 4, 60)
    assert (a.hedge_after_s, a.hedge_with) == (5, "b")
    rules = a.breaker
    assert (rules.failures, rules.rest_s, rules.long_rest_s, rules.silent_s) == (3, 10, 100, 8)
    assert (b.temperature, b.reply, b.delay_s, b.fail) == ("provider", "Yes.", 0.5, "cut")
    assert (p.aggregators, p.quorum, p.grace_s, p.deadline_s) == (("a", "b"), 1, 0, 20)
    (layer,) = p.layers
    assert (layer.quorum, layer.grace_s, layer.deadline_s, layer.required) == (2, 1.5, 10, ["a"])


IN_A_MODEL = [
    ('provider = "opnai"', 'provider: there is no provider "opnai". Did you mean "openai"?'),
    ('model = ""', "model: must not be empty."),
    ("model = 3", "model: must be text in quotes."),
    ('modle = "x"', 'modle: unknown key. Did you mean "model"? Allowed: '),
    (
        'base_url = "localhost"',
        'base_url: must begin with "http://" or "https://" and name a host.',
    ),
    ('base_url = "http://"', 'base_url: must begin with "http://" or "https://" and name a host.'),
    ("context_window = 100", "context_window: must be greater than or equal to 512."),
    ("context_window = 8e3", "context_window: must be a whole number."),
    ("temperature = 3", 'temperature: must be from 0 to 2, or "provider".'),
    ("temperature = nan", 'temperature: must be from 0 to 2, or "provider".'),
    ('temperature = "hot"', "temperature: must be a number or must be 'provider'."),
    ("timeout_s = 0", "timeout_s: must be greater than 0."),
    ("timeout_s = inf", "timeout_s: must be less than or equal to 3600."),
    ("price = 3", "price: must be a table."),
    ("price = { input = 1 }", "price.output: is missing and must be set."),
    ("price = { input = -1, output = 1 }", "price.input: must be greater than or equal to 0."),
    (
        "price = { input = 1, output = 1, cache = 1 }",
        'price.cache: unknown key. Did you mean "cached"? Allowed: cached, input, output.',
    ),
    ("options = 3", "options: must be a table."),
    ("max_attempts = 0", "max_attempts: must be greater than or equal to 1."),
    ("max_attempts = 6", "max_attempts: must be less than or equal to 5."),
    ("max_concurrency = 0", "max_concurrency: must be greater than or equal to 1."),
    ("requests_per_minute = 0", "requests_per_minute: must be greater than or equal to 1."),
    ("breaker = { failures = -1 }", "breaker.failures: must be greater than or equal to 0."),
    ("breaker = { rests_s = 1 }", 'breaker.rests_s: unknown key. Did you mean "rest_s"? Allowed: '),
    (
        "hedge_after_s = 5",
        "hedge_with and models.a.hedge_after_s: set both, or neither.",
    ),
    (
        'hedge_after_s = 5\nhedge_with = "c"',
        'hedge_with: there is no model "c". Allowed: a, b.',
    ),
    (
        'hedge_after_s = 5\nhedge_with = "a"',
        "hedge_with: must be a different model.",
    ),
    ("reasoning_tokens = -1", "reasoning_tokens: must be greater than or equal to 0."),
    ('reasoning_effort = "hard"', "reasoning_effort: must be 'none', 'minimal', 'low', "),
    ('omit = "top_k"', "omit: must be a list."),
    ('omit = ["messages"]', 'omit: "messages" is required in every request.'),
    ("aggregator_max_output_tokens = 0", "aggregator_max_output_tokens: must be greater than or"),
    ('reply = "Yes."', "reply: only works for scripted models."),
    ("delay_s = 1", "delay_s: only works for scripted models."),
    ('fail = "cut"', "fail: only works for scripted models."),
]


@pytest.mark.parametrize(("line", "said"), IN_A_MODEL, ids=[line for line, _ in IN_A_MODEL])
def test_a_mistake_in_a_model_is_named(line: str, said: str) -> None:
    """The error names the key, what is allowed and the closest match, without follow-up errors."""
    key = line.partition(" ")[0]
    defaults = {"provider": 'provider = "openai"', "model": 'model = "x"'}
    lines = [kept for name, kept in defaults.items() if name != key] + [line]
    other = '[models.b]\nprovider = "openai"\nmodel = "y"\n'
    found = errors_in("[models.a]\n" + "\n".join(lines) + "\n" + other + PIPELINE)
    assert len(found) == 1
    assert found[0].startswith(f"models.a.{said}")


@pytest.mark.parametrize(
    ("provider", "line", "said"),
    [
        (
            "scripted",
            "reasoning_tokens = 5",
            "reasoning_tokens: only works for openai, azure, anthropic, bedrock and vertex models.",
        ),
        ("local", 'omit = ["top_k"]', "omit: only works for openai, azure, "),
        ("anthropic", "system_role = false", "system_role: only works for openai and azure"),
    ],
)
def test_a_key_for_other_providers_is_an_error(provider: str, line: str, said: str) -> None:
    """A setting that would have no effect is an error."""
    (found,) = errors_in(f'[models.a]\nprovider = "{provider}"\nmodel = "x"\n{line}\n{PIPELINE}')
    assert found.startswith(f"models.a.{said}")


LAYER = "[[pipelines.p.layers]]\n"
IN_A_PIPELINE = [
    ('stragety = "x"', 'stragety: unknown key. Did you mean "strategy"? Allowed: aggregator, '),
    ('strategy = "sythesise"', 'strategy: there is no strategy "sythesise". Did you mean "synth'),
    ("quorum = 0", "quorum: must be greater than or equal to 1."),
    ('quorum = "2"', "quorum: must be a whole number."),
    ("grace_s = -1", "grace_s: must be greater than or equal to 0."),
    ("grace_s = nan", "grace_s: must be less than or equal to 3600."),
    ("deadline_s = 0", "deadline_s: must be greater than 0."),
    ("aggregator_deadline_s = 9999", "aggregator_deadline_s: must be less than or equal to 3600."),
    ('layers = ["a"]', "layers[1]: must be a table."),
    ('[pipelines.p.layers]\nproposers = ["a"]', "layers: must be a list."),
    (LAYER, "layers[1].proposers: is missing and must be set."),
    (LAYER + "proposers = []", "layers[1].proposers: must hold at least 1."),
    (LAYER + 'proposers = "a"', "layers[1].proposers: must be a list."),
    (LAYER + "proposers = [3]", "layers[1].proposers[1]: must be text in quotes."),
    (
        LAYER + f"proposers = {['a'] * 33}",
        "layers[1].proposers: must hold at most 32.",
    ),
    (
        LAYER + 'proposers = ["a", "c", "c"]',
        'layers[1].proposers: there is no model "c". Allowed: a, b.',
    ),
    (
        LAYER + 'proposers = ["a"]\nquorum = 2',
        "layers[1].quorum: 2 is more than the 1 proposers of layers[1].",
    ),
    (
        "quorum = 2\n" + LAYER + 'proposers = ["a"]',
        "quorum: 2 is more than the 1 proposers of layers[1].",
    ),
    (
        LAYER + 'proposers = ["a"]\nrequired = ["b"]',
        'layers[1].required: "b" is not among the proposers. Allowed: a.',
    ),
    (
        LAYER + 'proposers = ["a"]\nquorom = 1',
        'layers[1].quorom: unknown key. Did you mean "quorum"? Allowed: ',
    ),
]


@pytest.mark.parametrize(("lines", "said"), IN_A_PIPELINE, ids=[line for line, _ in IN_A_PIPELINE])
def test_a_mistake_in_a_pipeline_is_named(lines: str, said: str) -> None:
    """The error names the key, the layer's number and what is allowed, without follow-up errors."""
    found = errors_in(f"{MODELS}{PIPELINE}{lines}\n")
    assert len(found) == 1
    assert found[0].startswith(f"pipelines.p.{said}")


@pytest.mark.parametrize(
    ("aggregator", "said"),
    [
        ("", "aggregator: is missing and must be set."),
        ("aggregator = 3", "aggregator: must be text in quotes or must be a list."),
        ('aggregator = ["a", 3]', "aggregator[2]: must be text in quotes."),
        ("aggregator = []", "aggregator: name at least one model. Allowed: a, b."),
        ('aggregator = "A1"', 'aggregator: there is no model "A1". Allowed: a, b.'),
        ('aggregator = ["a", "c"]', 'aggregator: there is no model "c". Allowed: a, b.'),
    ],
)
def test_a_mistake_in_the_aggregator_is_named(aggregator: str, said: str) -> None:
    """The aggregator is the name of an existing model, or a list of such names."""
    assert errors_in(f"{MODELS}[pipelines.p]\n{aggregator}\n") == [f"pipelines.p.{said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PIPELINE, ["models: define at least one [models.NAME] table."]),
        ("models = 3\n" + PIPELINE, ["models: define at least one [models.NAME] table."]),
        (MODELS, ["pipelines: define at least one [pipelines.NAME] table."]),
        (
            "[models]\na = 3\n" + PIPELINE,
            ["models.a: must be a table, not a single value."],
        ),
        (
            "[models]\na = [3]\n" + PIPELINE,
            ["models.a: must be a table, not a list."],
        ),
        (
            "modles = 3\n" + MODELS + PIPELINE,
            [
                (
                    'modles: unknown key. Did you mean "models"? Allowed: default_pipeline, '
                    "limits, models, pipelines, slack, storage, work."
                )
            ],
        ),
        (
            'default_pipeline = "pp"\n' + MODELS + PIPELINE,
            ['default_pipeline: there is no pipeline "pp". Did you mean "p"? Allowed: p.'],
        ),
        (
            "default_pipeline = 3\n" + MODELS + PIPELINE,
            ["default_pipeline: must be set to a pipeline's name. Allowed: p."],
        ),
        (
            MODELS + PIPELINE + '[pipelines.q]\naggregator = "a"\n',
            ["default_pipeline: must be set to a pipeline's name. Allowed: p, q."],
        ),
    ],
)
def test_a_mistake_in_the_file_as_a_whole_is_named(text: str, said: list[str]) -> None:
    """Missing, unknown and wrongly typed tables are reported, as is a wrong default pipeline."""
    assert errors_in(text) == said


def test_all_mistakes_are_named_at_once() -> None:
    """One attempt reports every error in the file."""
    found = errors_in(
        """
        nonsense = 1
        default_pipeline = "r"
        [models.a]
        provider = "openai"
        temperature = 3
        [pipelines.p]
        aggregator = "c"
        strategy = "x"
        [pipelines.q]
        aggregator = "a"
        quorum = 0
        """
    )
    assert [line.partition(":")[0] for line in found] == [
        "nonsense",
        "models.a.model",
        "models.a.temperature",
        "pipelines.q.quorum",
        "pipelines.p.aggregator",
        "pipelines.p.strategy",
        "default_pipeline",
    ]


@pytest.mark.parametrize("amount", ["inf", "-inf", "nan", "-1.0", '"1"'])
@pytest.mark.parametrize("key", ["input", "output", "cached"])
def test_a_price_is_an_amount_of_money(key: str, amount: str) -> None:
    """Infinity, NaN, strings and negative numbers are rejected under the key's name."""
    prices = {"input": "1.0", "output": "1.0"} | {key: amount}
    price = ", ".join(f"{name} = {value}" for name, value in prices.items())
    table = tomllib.loads(
        f'[models.m]\nprovider = "openai"\nmodel = "m"\nprice = {{ {price} }}\n'
        '[pipelines.p]\naggregator = "m"\n'
    )
    with pytest.raises(PipelineError, match=rf"models\.m\.price\.{key}: must be "):
        Config.from_table(table)
