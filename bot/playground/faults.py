"""Faults that a test scripts: a call that fails, is slow, or whose answer gets lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.state.models import Json


@dataclass(slots=True, eq=False)
class Fault:
    """One scripted fault of one method.

    `after_effect`: the effect takes place all the same, only the answer is the error.
    `lose_answer`: the connection breaks in place of an answer. `plain`: the error comes as a text
    and not as JSON, as from a proxy in front of Slack. `when` looks at the arguments and
    says whether this call is meant. `times` is how many calls it is for.
    """

    method: str
    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    after_effect: bool = False
    drop_response: bool = False
    times: int = 1
    when: Callable[[Json], bool] | None = None
    plain: bool = False

    def applies_to(self, method: str, args: Json) -> bool:
        """Whether it strikes this call."""
        return self.times > 0 and method == self.method and (not self.when or self.when(args))


class FaultScript:
    """The faults and delays that are still to come."""

    def __init__(self) -> None:
        self.delays: dict[str, float] = {}
        """Clock seconds by which a method's answer is late, the effect having taken place."""
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it strike from now on, after those for the same method that came before it."""
        self._faults.append(fault)

    def next_fault(self, method: str, args: Json) -> Fault | None:
        """The fault of this call, counted; None where it is to go well."""
        fault = next((each for each in self._faults if each.applies_to(method, args)), None)
        if fault:
            fault.times -= 1
        return fault
