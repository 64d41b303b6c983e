"""Tables are parsed strictly, and error messages help to fix them."""

from __future__ import annotations

import pytest
from pydantic import Field

from moa import PipelineError
from moa.pipeline.strict_model import StrictModel, nearest, parse_table


class Inner(StrictModel):
    size: int = 1


class Outer(StrictModel):
    name: str
    number: float | None = None
    inner: Inner = Inner()
    many: list[Inner] = Field(default=[])
    either: str | list[str] = ""


def errors_in(table: object) -> list[str]:
    with pytest.raises(PipelineError) as raised:
        parse_table(Outer, table, "outer")
    return str(raised.value).splitlines()


def test_a_table_is_parsed_into_an_object() -> None:
    """Nested tables and lists of tables work; a whole number is accepted for a float."""
    table = {"name": "n", "number": 1, "inner": {"size": 2}, "many": [{}, {"size": 3}]}
    value = parse_table(Outer, table, "outer")
    assert value == Outer(name="n", number=1.0, inner=Inner(size=2), many=[Inner(), Inner(size=3)])


@pytest.mark.parametrize("value", ["1", True, 1.5])
def test_values_are_not_coerced(value: object) -> None:
    """A number in quotes is text, and true is not a number."""
    assert errors_in({"name": "n", "inner": {"size": value}}) == [
        "outer.inner.size: must be a whole number."
    ]


def test_unknown_keys_are_errors_at_every_depth() -> None:
    """The error lists the closest and all allowed keys of that table; lists count from 1."""
    table = {"name": "n", "inner": {"sise": 2}, "many": [{}, {"sise": 2}], "innner": {}}
    assert errors_in(table) == [
        'outer.inner.sise: unknown key. Did you mean "size"? Allowed: size.',
        (
            'outer.innner: unknown key. Did you mean "inner"? '
            "Allowed: either, inner, many, name, number."
        ),
        'outer.many[2].sise: unknown key. Did you mean "size"? Allowed: size.',
    ]


def test_all_types_of_a_union_are_named_once() -> None:
    """A union lists all its types; a wrong list item is reported by itself."""
    assert errors_in({"name": "n", "either": 3}) == [
        "outer.either: must be text in quotes or must be a list."
    ]
    assert errors_in({"name": "n", "either": ["x", 3]}) == [
        "outer.either[2]: must be text in quotes."
    ]


@pytest.mark.parametrize(("value", "kind"), [([], "a list"), (3, "a single value")])
def test_a_value_instead_of_a_table_is_named(value: object, kind: str) -> None:
    """The error says whether it found a list or a single value."""
    assert errors_in(value) == [f"outer: must be a table, not {kind}."]


def test_only_a_close_match_is_suggested() -> None:
    """A distant match is not suggested, and an empty list of names is mentioned."""
    assert nearest("sonet", ["sonnet", "opus"]) == 'Did you mean "sonnet"? Allowed: opus, sonnet.'
    assert nearest("gpt", ["sonnet", "opus"]) == "Allowed: opus, sonnet."
    assert nearest("gpt", []) == "Allowed: none defined yet."
