"""Checks the types of what programs pass to the public functions, before any call is made."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Final, cast

from moa.errors import PipelineError
from moa.ports import Profile
from moa.types import Message, Prompt

QUESTION: Final = "a string or a moa.Prompt"
MODEL: Final = "a moa.Model, an object with a `profile` and a `stream`"
NOT_A_GENERATOR: Final = (
    "its `stream` must be an async generator: yield `moa.Chunk`s, don't return."
)


def require(name: str, value: object, kinds: type | tuple[type, ...], what: str) -> None:
    """Require that an argument is of one of these types. A bool is no number.

    Args:
        name: the argument, as the caller writes it.
        value: what was passed.
        kinds: the types.
        what: the types in words, such as "a string".

    Raises:
        PipelineError: it is of another type; names the argument and both types.
    """
    listed = kinds if isinstance(kinds, tuple) else (kinds,)
    if not isinstance(value, listed) or (isinstance(value, bool) and bool not in listed):
        raise PipelineError(f"{name}: must be {what}, not {_shown(value)}.")


def require_text(name: str, value: object) -> None:
    """Require a string."""
    require(name, value, str, "a string")


def require_whole(name: str, value: object) -> None:
    """Require a whole number."""
    require(name, value, int, "a whole number")


def require_seed(value: object) -> None:
    """Require a seed: a whole number, or None for a random one."""
    require("seed", value, (int, type(None)), "a whole number or None")


def require_function(name: str, value: object) -> None:
    """Require a function, or None for none."""
    if value is not None and not callable(value):
        raise PipelineError(f"{name}: must be a function or None, not {_shown(value)}.")


def require_list(name: str, value: object, kinds: type | tuple[type, ...], what: str) -> None:
    """Require a list or a tuple whose items are of these types. Text is no list of characters."""
    is_text = isinstance(value, str | bytes | bytearray)
    if is_text or not isinstance(value, Sequence):
        raise PipelineError(f"{name}: must be a list, each item {what}, not {_shown(value)}.")
    for number, item in enumerate(value, 1):
        require(f"{name}[{number}]", item, kinds, what)


def require_question(name: str, value: object) -> None:
    """Require a string, or a prompt whose turns hold strings."""
    require(name, value, (str, Prompt), QUESTION)
    if isinstance(value, Prompt):
        require_text(f"{name}.system", value.system)
        require_list(f"{name}.messages", value.messages, Message, "a moa.Message")
        for number, message in enumerate(value.messages, 1):
            require_text(f"{name}.messages[{number}].content", message.content)


def model_problem(value: object, *, instead: str = "") -> str | None:
    """Return why an object is no live model; None if it is one. `instead` is also allowed."""
    stream = getattr(value, "stream", None)
    if not isinstance(getattr(value, "profile", None), Profile) or not callable(stream):
        return f"must be {instead}{MODEL}, not {_shown(value)}."
    return NOT_A_GENERATOR if inspect.iscoroutinefunction(stream) else None


def require_model(name: str, value: object) -> None:
    """Require a live model."""
    if problem := model_problem(value):
        raise PipelineError(f"{name}: {problem}")


def models_mistakes(name: str, value: object, *, may_be_empty: bool = False) -> Iterator[str]:
    """Yield a line for each mistake in a list of live models."""
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence):
        yield f"{name}: must be a list of models, not {_shown(value)}."
    elif not value and not may_be_empty:
        yield f"{name}: name at least one model."
    else:
        for number, model in enumerate(cast("Sequence[object]", value), 1):
            if problem := model_problem(model):
                yield f"{name}[{number}]: {problem}"


def require_models(name: str, value: object) -> None:
    """Require a list of live models, which may be empty."""
    if mistakes := [*models_mistakes(name, value, may_be_empty=True)]:
        raise PipelineError("\n".join(mistakes))


def _shown(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
