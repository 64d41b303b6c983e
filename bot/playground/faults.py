"""Scripted faults: API calls that fail, are slow, or lose their response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.state.models import Json


@dataclass(slots=True, eq=False)
class Fault:
    """A scripted fault of one API method.

    Attributes:
        method: the method to fail, such as `chat.postMessage`.
        error: the error code of the response.
        status: the HTTP status of the response.
        retry_after: seconds for the `Retry-After` header.
        after_effect: run the method first, then respond with the error.
        drop_response: break the connection instead of responding.
        times: how many calls fail.
        when: fail only calls whose arguments satisfy this.
        plain: respond with plain text instead of JSON, like a proxy in front of Slack.
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
        """Return whether this call should fail."""
        return self.times > 0 and method == self.method and (not self.when or self.when(args))


class FaultScript:
    """The faults and delays that tests have scripted."""

    def __init__(self) -> None:
        self.delays: dict[str, float] = {}
        """Clock seconds by which each method's response is delayed; its effect is immediate."""
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault; earlier faults of the same method apply first."""
        self._faults.append(fault)

    def next_fault(self, method: str, args: Json) -> Fault | None:
        """Return the fault for this call and count it, or None if the call should succeed."""
        fault = next((each for each in self._faults if each.applies_to(method, args)), None)
        if fault:
            fault.times -= 1
        return fault
