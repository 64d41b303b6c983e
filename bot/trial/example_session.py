"""The words of the finished example brainstorm: what people and models hand in, and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOM: Final = "brainstorm"
STARTER: Final = "Carla"
TOPIC: Final = "How could sign-up take under a minute?"

PEOPLE: Final[Mapping[str, Sequence[str]]] = {
    "Ben": (
        "Ask for the address after the first order",
        "Let people pay as a guest and create the account afterwards",
    ),
    "Carla": (
        "Fill in street and city from the postcode",
        "Save what was typed, so that nobody starts again",
    ),
    "Dan": (
        "Skip the address for digital orders",
        "Show how many seconds are left, as a lift shows floors",
    ),
}
NAMED: Final = frozenset({"Ben", "Carla"})
"""They show their names with their ideas."""

THEMES: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "Sign up later": (
        ("Ask for the address after the first order",),
        ("Let people pay as a guest and create the account afterwards",),
        ("Turn the order confirmation into the account, with one link",),
        ("Let the first order run without an account, and offer one with the second",),
        ("Keep the basket for a week without a login",),
        ("Offer the account on the thank-you page, with everything filled in",),
        ("Ask how people heard of us after the order, not before",),
    ),
    "Fill it in for them": (
        ("Fill in street and city from the postcode",),
        ("Take name and address from the phone's own contact card",),
        ("Read the address from a photo of an envelope",),
        ("Guess the country from the language of the page",),
        ("Correct a mistyped email domain instead of refusing it",),
        ("Offer the address that the household used last",),
        ("Let the courier's app fill in where the parcel goes",),
    ),
    "No password": (
        ("A passkey instead of a password",),
        ("A link by email that signs people in",),
        ("Sign in with the account that people have at their bank",),
        ("A code on the parcel that opens the account",),
        ("Let a regular customer vouch for a friend with one tap",),
        ("Sign in with a phone number and a text message",),
    ),
    "Ask for less": (
        (
            "Skip the address for digital orders",
            "No address for orders that are only downloads",
        ),
        ("Ask only for an email address, and for the rest when it is needed",),
        ("Drop the second password field",),
        ("No phone number unless somebody will call",),
        ("Ask for a company name only on business orders",),
    ),
    "A calmer form": (
        ("Save what was typed, so that nobody starts again",),
        ("Show how many seconds are left, as a lift shows floors",),
        ("One question per screen, with the reason for it",),
        ("Say what is wrong beside the field, while people type",),
    ),
}
"""By title; each inner sequence says the same in several wordings."""

VOTES: Final[Mapping[str, Mapping[str, int]]] = {
    "Ana": {"Ask for the address": 1, "Fill in street": 1, "A passkey": 1},
    "Ben": {"Ask for the address": 1, "Fill in street": 2},
    "Carla": {"Ask for the address": 1, "A passkey": 2},
    "Dan": {"Ask for the address": 1, "A link by email": 2},
}
"""How many dots people give to ideas that begin with these words."""

OPINIONS: Final[Mapping[str, str]] = {
    "analyst": "Asking for the address later removes the step where 7 of 10 visitors leave. "
    "Passkeys and postcodes only shorten it.",
    "practitioner": "Start with the postcode: it is a week's work and helps every order that is "
    "delivered.",
    "sceptic": "Four people voted. Check first how many orders need a delivery address at all.",
}

RESULT: Final = """## Short list
- **Ask for the address after the first order**: everyone gave it a dot, and the worst step is gone.
- **Fill in street and city from the postcode**: for orders that do need an address; little work.
- **A passkey instead of a password**: nothing to invent, forget or reset.

## Dissent
- Asking later and filling in now solve the same problem in opposite ways. Build one first.
- "Skip the address for digital orders" got no dot, but costs the least. It deserves a second look.

## Open questions
- How many orders need a delivery address at all?
- How many of our customers' phones have passkeys?

## Next steps
- Measure where visitors leave, with and without the address form."""
