"""The people in the trial's workspace, and what they said before you arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUTSIDE_TEAM: Final = "T0000000N"
OUTSIDE_NAME: Final = "Northwind"
WORKSPACE: Final = "Larkspur"
BOT: Final = "MoA"
ALERTS: Final = "Watchtower"


@dataclass(frozen=True, slots=True)
class CastMember:
    """A person that you can be.

    Attributes:
        slug: the name in the page's address.
        name: the name that others see.
        role: why you would choose this person.
    """

    slug: str
    name: str
    role: str
    admin: bool = False
    guest: bool = False
    outside: bool = False


PEOPLE: Final = (
    CastMember("ana", "Ana", "admin", admin=True),
    CastMember("ben", "Ben", "member"),
    CastMember("carla", "Carla", "member"),
    CastMember("dan", "Dan", "guest", guest=True),
    CastMember("eva", "Eva", f"from {OUTSIDE_NAME}", outside=True),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One message and its author. `replies` are the thread below it."""

    who: str
    text: str
    replies: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to try: what its button says, and what it sends."""

    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Room:
    """A channel with its members and messages.

    `suggestions` are offered until the bot has answered there.
    """

    name: str
    topic: str
    members: Sequence[str]
    lines: Sequence[Line]
    private: bool = False
    shared: bool = False
    suggestions: Sequence[Suggestion] = ()


_EVERYBODY: Final = ("Ana", "Ben", "Carla", "Dan")
ROOMS: Final = (
    Room(
        "team",
        "Everyday questions of a small software company",
        _EVERYBODY,
        (
            Line("Carla", "Morning! The customer survey is in: 61 answers, 48 of them happy."),
            Line(
                "Ben",
                "Should we move the release from Thursday to Monday? Support asked for it again.",
                (
                    Line("Carla", "Thursday leaves one working day to fix what breaks. Tight."),
                    Line("Ana", "Monday is billing day. The run starts at noon."),
                    Line("Dan", "Support could staff the first two days if we knew a week ahead."),
                ),
            ),
            Line(
                "Ana",
                "We want to try a four-day week from March to May. Fridays off, same pay. "
                "What would stop you from saying yes?",
                (
                    Line("Ben", "Who answers customers on Fridays?"),
                    Line("Carla", "Four days full of meetings. We'd have to cut some."),
                ),
            ),
        ),
        suggestions=(
            Suggestion("Ask MoA a question", f"@{BOT} what makes a team meeting worth the time?"),
            Suggestion("Ask it privately", "/moa What makes a team meeting worth the time?"),
        ),
    ),
    Room(
        "brainstorm",
        "Half-baked ideas are welcome here",
        _EVERYBODY,
        (
            Line("Carla", "Our sign-up page loses 7 of 10 visitors at the address form."),
            Line("Ben", "We could ask for the address after the first order."),
            Line(
                "Dan",
                "Or drop it for digital orders. How else could sign-up take under a minute?",
            ),
        ),
        suggestions=(
            Suggestion(
                "Start your own brainstorm",
                "/moa brainstorm How can we get more people to walk to work?",
            ),
        ),
    ),
    Room(
        "incidents",
        "Alerts and what we do about them",
        ("Ana", "Ben", "Carla"),
        (
            Line(
                ALERTS,
                "*Checkout is slow*\n95th percentile 4.8 s (limit 1.5 s) for 10 minutes\n"
                "Payment API: 0.2 % errors · Database: 88 % CPU · Deploy 2041 at 09:12",
                (
                    Line("Ben", "Deploy 2041 added the loyalty points query to the basket."),
                    Line(
                        "Carla", "The slow query log has nothing but `loyalty_points` since 9:14."
                    ),
                    Line("Ana", "Rolling back loses today's points. Can we switch it off instead?"),
                ),
            ),
        ),
    ),
    Room(
        "leads",
        "Private: only Ana and Ben",
        ("Ana", "Ben"),
        (
            Line(
                "Ana",
                "We can hire one more person this year: a generalist developer or a specialist "
                "for data. Which one?",
                (Line("Ben", "Data work waits 3 weeks on average. Bugs wait 2 days."),),
            ),
        ),
        private=True,
        suggestions=(
            Suggestion(
                "Ask MoA", f"@{BOT} do we need a generalist developer or a data specialist?"
            ),
        ),
    ),
    Room(
        "northwind-launch",
        f"Shared with {OUTSIDE_NAME}",
        ("Ana", "Carla", "Eva"),
        (
            Line("Eva", "Our campaign starts on the 9th. Is the shop ready for the traffic?"),
            Line(
                "Carla", "We tested with twice last year's peak. One thing left: the image cache."
            ),
        ),
        shared=True,
        suggestions=(
            Suggestion(
                "Ask MoA", f"@{BOT} what should we check in a shop before a campaign starts?"
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A finished question. `answers` and `reply` were written by hand for scripted models.

    Attributes:
        room: the channel.
        under: the first words of the message whose thread it is asked in; "" for a new thread.
        who: the asker.
        question: the question without the mention.
        answers: the answer of each proposer.
        reply: the aggregator's text.
        follow_up: a question that visitors may ask next.
    """

    room: str
    under: str
    who: str
    question: str
    answers: Mapping[str, str]
    reply: str
    follow_up: Suggestion


EXAMPLES: Final = (
    Example(
        "team",
        "Should we move",
        "Ben",
        "what speaks for Monday, what against? Take everything above into account.",
        {
            "analyst": "Monday. A Thursday release leaves **one working day** to fix what breaks; "
            "Monday leaves four. The billing run at noon is the only hard conflict.",
            "practitioner": "Monday before 10:00, with support staffed on Monday and Tuesday. "
            "Announce it a week ahead, or support can't plan.",
            "sceptic": "Keep Thursday until the billing run has moved. Two risky changes on one "
            "morning make it hard to tell which one broke things.",
        },
        "**Move it to Monday, but before the billing run.**\n\n"
        "| | Thursday | Monday |\n|---|---|---|\n"
        "| Working days to fix | 1 | 4 |\n| Support staffed | no | yes, if told a week ahead |\n"
        "| Collides with | the weekend | billing at noon |\n\n"
        "- Release by 10:00, or wait for Tuesday.\n"
        "- Tell support a week ahead.\n\n"
        "The models disagree on one point: the sceptic would keep Thursday until billing has "
        "moved to another day.",
        Suggestion("Ask a follow-up", f"@{BOT} write a short note to support about this."),
    ),
    Example(
        "incidents",
        "*Checkout is slow*",
        "Carla",
        "what should we do in the next ten minutes?",
        {
            "analyst": "Switch `loyalty_points` off with its feature flag. CPU is the bottleneck, "
            "and every sign points to that query.",
            "practitioner": "Flag off, watch the 95th percentile for five minutes, and roll back "
            "only if it stays above 1.5 s. Write down the time of each step.",
            "sceptic": "Check first that the flag exists in production. If not, add an index "
            "or roll back; don't edit code now.",
        },
        "**Switch the query off, don't roll back yet.**\n\n"
        "1. Turn the feature flag off:\n\n"
        "```\nflags set loyalty_points off --env production\n```\n\n"
        "2. Watch the 95th percentile for five minutes.\n"
        "3. Still above 1.5 s? Roll back deploy 2041 and export today's points first.\n\n"
        "Check that the flag exists in production before you rely on it.",
        Suggestion("Ask a follow-up", f"@{BOT} write a short update for our status page."),
    ),
)
