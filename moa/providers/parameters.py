"""Which parameters a model's server takes: as configured, and as learnt from its refusals."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from moa.errors import Overflow
from moa.providers.error_details import Details
from moa.providers.error_table import UNSUPPORTED_CODES, is_window
from moa.providers.sdk_client import SdkClient, SdkFaultError

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

REASONING_TOKENS: Final = 8_192
"""Tokens that a model may think by default, beside what it may answer."""

_WINDOW_SHARE: Final = 4
"""The default allowance takes at most this part of a context window: thinking is no good to a model
that can read no question."""

MOST_FORMS: Final = 8
"""Requests for one answer: a server that refuses so many forms of it takes none."""

_CAPS: Final = ("max_tokens", "max_completion_tokens")
_ADAPTABLE: Final = ("temperature", "stream_options", *_CAPS)
_BAD_REQUEST: Final = frozenset({400, 404, 422, 500})

_NO_SYSTEM: Final = re.compile(
    r"system (role|message|prompt|instruction)s?\b.{0,40}\b(not|un)|(not|un)\w*.{0,40}"
    r"\b(system|developer) (role|message|prompt|instruction)|developer instruction is not enabled"
    r"|does(n't| not) support ['\"`]?system\b|only (the )?user and assistant roles"
    r"|roles must alternate|\broles? ['\"`]?system['\"`]? (is|are) (not|un)"
    r"|(unexpected|invalid|unsupported|unknown) role:? ['\"`]?system",
    re.IGNORECASE | re.DOTALL,
)
_DEFAULT_ONLY: Final = re.compile(
    r"only (the )?default|only (temperature ?=? ?)?1(\.0)? (is|are)\b|can only be 1\b"
    r"|only be set to 1\b|must be (exactly )?1(\.0)?(?![\d,. ]*(,|and|or|to)\b)",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(
    r"too (large|high|big|small|low|long)|at (most|least)|(less|greater|more|fewer|lower|higher"
    r"|smaller|larger) than|(must|should|needs? to) be|\brange\b|between|exceed|maximum|minimum"
    r"|[<>]=?|invalid value|not a valid|expected an? (int|num|float)|up to \d",
    re.IGNORECASE,
)
_VALUE_CODES: Final = re.compile(
    r"(above_max|below_min)_value|invalid_(value|type)|_than(_equal)?$"
)
_NOT_TAKEN: Final = (
    r"(unsupported|unknown|unrecogni[sz]ed|unexpected|additional|extra) (request )?"
    r"(parameter|argument|field|keyword|propert|key|name|input)"
    r"|{name}.{{0,40}}(is|are) (not|no longer|currently not) (supported|accepted|allowed|available"
    r"|permitted|recogni[sz]ed|implemented)"
    r"|(does(n't| not)|cannot) (currently )?(support|accept|allow|use)[^.]{{0,30}}{name}"
    r"|unsupported[^.]{{0,30}}{name}|{name}.{{0,40}}(deprecated|unsupported|UnsupportedParams)"
)
_INSTEAD: Final = re.compile(r"instead|\bus(e|ed|ing)\b|(not |un)supported", re.IGNORECASE)
_ROOM: Final = re.compile(r"max_(\w+_)?tokens|completion|output|afford", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.\-])\d{2,7}(?![\w\-])")


def allowance(given: int | None, window: int, *, thinks: bool) -> int:
    """Tokens that a model may think beside its answer.

    Args:
        given: what was configured.
        window: its context window, of which the default takes a quarter at most.
        thinks: whether it may think at all, as far as is known.
    """
    if given is not None:
        return given
    return min(REASONING_TOKENS, window // _WINDOW_SHARE) if thinks else 0


class Parameters:
    """What one model takes. All questions share it, so that a refusal is paid for once.

    A parameter is left out or renamed only when the server refuses the parameter itself. When it
    refuses a value, the parameter stays: without an output limit, one long question would unbound
    the answers to all that follow.

    Args:
        omit: parameters that are never sent.
        system_role: False where the system text goes into the first user turn.

    Attributes:
        system_role: as given, or False once the server has refused a system message.
    """

    def __init__(self, omit: Collection[str] = (), *, system_role: bool = True) -> None:
        self.system_role = system_role
        self._omitted = set(omit)
        self._cap: str | None = None
        self._most_output: int | None = None

    def applied(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The body as this server takes it, by what is known so far."""
        body = dict[str, Any]()
        for name, value in asked.items():
            known = (self._cap or name) if name in _CAPS else name
            if known not in self._omitted:
                body[known] = self._bounded(value) if name in _CAPS else value
        return body

    def learns(self, details: Details, status: int, sent: Mapping[str, Any]) -> bool:
        """Whether another form of the request is worth a try, which is then the form to use."""
        if self.applied(sent) != sent or (has_system(sent) and not self.system_role):
            return True  # another question has learnt it meanwhile
        if status not in _BAD_REQUEST:
            return False
        if has_system(sent) and _refuses_system(details):
            self.system_role = False
            return True
        name = "" if is_window(0, details.text) else _named(details, sent)
        return bool(name) and self._learn(name, details, sent)

    def _learn(self, name: str, details: Details, sent: Mapping[str, Any]) -> bool:
        if _refuses_value(name, details):
            most = _most(details.text, sent[name]) if name in _CAPS else None
            if most is None:
                return False
            self._most_output = most
            return True
        other = next((cap for cap in _CAPS if cap != name), "")
        if name in _CAPS and self._cap is None:
            self._cap = other
        elif name in _CAPS and not _refuses_parameter(name, details):
            return False
        else:
            self._omitted.add(name)
        return True

    def _bounded(self, value: Any) -> Any:
        if self._most_output is None or not isinstance(value, int):
            return value
        return min(value, self._most_output)


def has_system(body: Mapping[str, Any]) -> bool:
    """Whether a Chat Completions body has a system message."""
    return any(turn.get("role") == "system" for turn in body.get("messages", ()))


async def post(
    line: SdkClient,
    path: str,
    body: Callable[[int], Mapping[str, Any]],
    parameters: Parameters,
    *,
    spare: int,
    timeout_s: float,
) -> httpx2.Response:
    """Send a request in the form that the server takes, learning it where need be.

    Where the window, the account or the server's own maximum has no room for an answer and for
    thoughts, the allowance for thoughts gives way for this one question.

    Args:
        line: to the server.
        path: of the API.
        body: makes the request with so many tokens of allowance.
        parameters: what is known of the server.
        spare: the allowance for thinking.
        timeout_s: the longest silence.

    Raises:
        ModelError: the server refused for another reason.
    """
    for left in reversed(range(MOST_FORMS)):
        sent = parameters.applied(body(spare))
        try:
            return await line.post(path, sent, timeout_s)
        except SdkFaultError as refused:
            details, fault = refused.details, refused.fault
            if left and parameters.learns(details, fault.status or 0, sent):
                log.info("%s: asked again in another form: %s", sent.get("model"), fault.reason)
            elif left and spare and _wants_room(refused, sent):
                spare = 0
            else:
                raise fault from None
    raise AssertionError("the last refusal is raised")


def _wants_room(refused: SdkFaultError, sent: Mapping[str, Any]) -> bool:
    """Whether less output may be what makes the server take the request."""
    caps = [cap for cap in _CAPS if cap in sent]
    details = refused.details
    if not caps or not _ROOM.search(details.text):
        return False
    about_cap = _named(details, sent) in caps and _refuses_value(caps[0], details)
    return isinstance(refused.fault, Overflow) or about_cap or "afford" in details.text


def _refuses_system(details: Details) -> bool:
    if _NO_SYSTEM.search(details.text):
        return True
    about_turns = any(place.startswith("messages") for place in details.places)
    about_role = any(place.rpartition(".")[2] == "role" for place in details.places)
    return about_turns and (about_role or bool(re.search(r"\bsystem\b", details.text)))


def _named(details: Details, sent: Mapping[str, Any]) -> str:
    """The parameter that a refusal is about, among those that can be left out; else ""."""
    names = [name for name in _ADAPTABLE if name in sent]
    for place in details.places:
        parts = re.split(r"[.\[\]]", place)
        if found := next((name for name in names if name in parts), ""):
            return found
    if any(place not in {"messages", "param"} for place in details.places):
        return ""  # it names another one
    return min(_mentions(names, details.text), default=(0, ""))[1]


def _mentions(names: Iterable[str], text: str) -> Iterable[tuple[int, str]]:
    for name in names:
        if found := re.search(rf"(?<!\w){name}(?!\w)", text):
            yield found.start(), name


def _refuses_value(name: str, details: Details) -> bool:
    """Whether the parameter is taken, but not with this value."""
    if name == "temperature" and _DEFAULT_ONLY.search(details.text):
        return False  # then only leaving it out gives the value that is taken
    other = [cap for cap in _CAPS if cap != name] if name in _CAPS else []
    renamed = any(cap in details.text for cap in other) and _INSTEAD.search(details.text)
    if details.words & UNSUPPORTED_CODES or renamed:
        return False
    if any(_VALUE_CODES.search(word) for word in details.words) or _VALUE.search(details.text):
        return True
    # Words that tell nothing, from a server that did not point at the parameter either.
    return not details.places and not _refuses_parameter(name, details)


def _refuses_parameter(name: str, details: Details) -> bool:
    if details.words & UNSUPPORTED_CODES:
        return True
    words = _NOT_TAKEN.format(name=name)
    return bool(re.search(words, details.text, re.IGNORECASE | re.DOTALL))


def _most(text: str, sent: object) -> int | None:
    """The largest number of tokens that a refusal of `sent` names as allowed."""
    if not isinstance(sent, int):
        return None
    allowed = (int(number) for number in _NUMBER.findall(text.replace(",", "")))
    return max((number for number in allowed if number < sent), default=None)
