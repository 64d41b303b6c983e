"""Addresses, judged by Markdown parsers that auto-link and by a browser's URL parser."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.markdown.rich_text import rich_text
from bot.slack.markdown.sanitize import SafeStream, allowed_hosts, safe_markdown
from bot.slack.markdown.split import SMALLEST_LIMIT, split_markdown
from tests.slack.attacks.corpus import CORPUS
from tests.slack.attacks.corpus.hosts import BARE, ODD, SCRIPTS, SHARED
from tests.slack.attacks.corpus.nested import EVIL, GOOD, ORDINARY, SEPARATORS, nested
from tests.slack.attacks.properties import leaves
from tests.slack.attacks.readers import READERS, foreign_targets, host_of, targets

ALLOWED = frozenset({GOOD})
HOSTS = frozenset({GOOD, f"www.{GOOD}"})
NESTED = tuple(dict.fromkeys(nested()))

LABELLED = (
    *("<@U1|evil.com>", "<#C1|evil.com>", "<!subteam^S1|evil.com>", "<!date^1^x|evil.com>"),
    *("<https://good.example/|evil.com>", "<mailto:a@evil.com|evil.com>", "<tel:1|evil.com>"),
)

_CODE = re.compile(r"(`+)[^\n]*?(?<!`)\1(?!`)")


def outside_code(shown: str) -> str:
    """Return the text without code spans, which is what Markdown parsers may link."""
    return _CODE.sub(" ", shown)


def foreign_links(texts: Iterable[str], hosts: frozenset[str] = HOSTS) -> dict[str, list[str]]:
    """Return the texts that link elsewhere after they are made safe, with the links."""
    found = {text: foreign_targets(safe_markdown(text, ALLOWED), hosts) for text in texts}
    return {text: where for text, where in found.items() if where}


def test_no_reader_finds_an_address_inside_an_address() -> None:
    """Whatever an allowed address contains, every link leads to the allowed host."""
    assert len(NESTED) >= 11_616
    assert foreign_links(NESTED) == {}


def test_an_address_inside_an_address_stays_code() -> None:
    """The second host is code everywhere, not only where a known parser links it."""
    shown = {text: outside_code(safe_markdown(text, ALLOWED)) for text in NESTED}
    assert [text for text, rest in shown.items() if "evil.com/" in rest.lower()] == []
    assert [text for text, rest in shown.items() if "203.0.113.7/" in rest] == []


def test_the_corpus_links_only_to_allowed_hosts() -> None:
    """Auto-linking parsers find no forbidden link in any attack."""
    assert foreign_links(attack.text for attack in CORPUS if len(attack.text) < 5_000) == {}


def test_a_stream_of_addresses_reads_as_the_whole() -> None:
    """Split anywhere, a stream gives the same text, and no intermediate state links elsewhere."""
    wrong: list[str] = []
    for text in NESTED[:: len(NESTED) // 250]:
        whole = safe_markdown(text, ALLOWED)
        for at in range(len(text) + 1):
            stream = SafeStream(ALLOWED)
            begun = stream.feed(text[:at])
            shown = begun + stream.feed(text[at:]) + stream.close()
            if shown != whole or (at % 7 == 0 and foreign_targets(begun, HOSTS)):
                wrong.append(f"{text!r} at {at}")
    assert wrong == []


def test_an_address_streamed_letter_by_letter_is_never_live() -> None:
    """Slack may show a stream at any moment; no state of it links elsewhere."""
    for text in NESTED[:: len(NESTED) // 60]:
        stream, shown = SafeStream(ALLOWED), ""
        for letter in text:
            if ready := stream.feed(letter):
                shown += ready
                assert foreign_targets(shown, HOSTS) == [], text
        assert shown + stream.close() == safe_markdown(text, ALLOWED)


def test_no_address_becomes_live_at_a_message_end() -> None:
    """Each message of a long reply is safe."""
    wrong: list[str] = []
    for start in range(0, len(NESTED), 40):
        whole = safe_markdown(" ".join(NESTED[start : start + 40]), ALLOWED)
        for piece in split_markdown(whole, SMALLEST_LIMIT):
            wrong += foreign_targets(piece, HOSTS)
    assert wrong == []


def test_the_modal_links_to_allowed_hosts_only() -> None:
    """In a modal, every link in hostile text leads to the allowed host in a browser."""
    wrong: list[str] = []
    for text in (*NESTED, *ORDINARY):
        links = [leaf["url"] for block in rich_text(text, ALLOWED) for leaf in leaves(block)
                 if leaf["type"] == "link"]  # fmt: skip
        wrong += [f"{text!r}: {url}" for url in links if host_of(url) not in HOSTS]
    assert wrong == []


def test_ordinary_addresses_stay_live() -> None:
    """Ordinary addresses on a host that the asker named stay links."""
    for text in ORDINARY:
        for around in ("{}", "See {}.", "({})", "**{}**", "- {}\n", '"{}"', "{}, {}"):
            said = around.replace("{}", text)
            assert safe_markdown(said, ALLOWED) == said
        assert safe_markdown(f"[docs]({text})", ALLOWED) == f"docs ({text})"
        if "://" in text:
            links = [target for _, target in targets(text)]
            assert len(links) == len(READERS), f"{text}: {links}"


def test_hosts_of_every_script_are_compared_as_browsers_do() -> None:
    """A host that the asker named is linked in its script and in punycode; no other host is."""
    for script, host in SCRIPTS.items():
        ascii_host = host_of(f"https://{host}/")
        for question in (f"Is {host} up?", f"<https://{host}/a>", f"https://{ascii_host}/"):
            allowed = allowed_hosts([question])
            assert allowed == {ascii_host}, f"{script}: {question}"
            for text in (f"https://{host}/a?d=1", f"https://{ascii_host}/a?d=1"):
                assert safe_markdown(text, allowed) == text, script
        for text in (
            f"https://{host}/a",
            f"http://www.{host}",
            f"{host}/a",
            f"{host}",
            f"a.{host}/b",
        ):
            shown = safe_markdown(f"x {text} y", ALLOWED)
            assert host.rpartition(".")[2] not in outside_code(shown), f"{script}: {shown}"
            assert foreign_targets(shown, HOSTS) == []


def test_hosts_that_parsers_read_differently_are_inert() -> None:
    """A host that only looks like, maps to or decodes to an allowed one is no link."""
    for named, host in ODD:
        allowed = allowed_hosts([named])
        for scheme in ("https://", "http://", ""):
            shown = safe_markdown(f"{scheme}{host}?d=SECRET", allowed)
            if scheme:
                assert f"{host}?d=" not in outside_code(shown), f"{named}: {shown}"
            assert foreign_targets(shown, allowed) == [], f"{named}: {shown}"


def test_a_shared_suffix_does_not_imply_ownership() -> None:
    """Naming a host allows that host and its `www.`, but no parent, child or sibling."""
    for named, host in SHARED:
        for allowed in (
            allowed_hosts([f"https://{named}/x and {named}"]),
            allowed_hosts([], [named]),
        ):
            for text in (
                f"https://{host}/?d=SECRET",
                f"{host}/SECRET",
                f"[x](https://{host})",
            ):
                shown = safe_markdown(text, allowed)
                assert host not in outside_code(shown), f"{named}: {shown}"


def test_bare_names_are_inert() -> None:
    """A bare name is no link unless the question contains it."""
    for text in BARE:
        assert foreign_targets(safe_markdown(text), frozenset()) == [], text
        assert not re.search(r"\bevil\.\w|\.\u0440\u0444", outside_code(safe_markdown(text))), text
    assert safe_markdown("slack-login.com", allowed_hosts(["slack-login.com"])) == "slack-login.com"


def test_labels_allow_no_host() -> None:
    """The label of a mention, channel, group or address allows no host."""
    for token in LABELLED:
        assert allowed_hosts([f"Ask {token} please"]) <= {"good.example"}


def test_mail_addresses_stay_readable() -> None:
    """A mail address is complete code, so that people can copy it."""
    for mail in (
        "ana@good.example",
        "ana.b+c@mail.evil.com",
        "o'neil@evil.co.uk",
        "a_b%c@evil.com",
    ):
        for around in ("{}", "Write to {}.", "<{}>", "({}),", "**{}**", "[{}](mailto:{})"):
            shown = safe_markdown(around.replace("{}", mail), ALLOWED)
            assert f"`{mail}`" in shown, shown
            assert foreign_targets(shown, frozenset()) == []


PIECES = st.sampled_from(
    [
        *(
            GOOD,
            f"https://{GOOD}",
            f"https://{GOOD}/a",
            f"www.{GOOD}",
            "x",
            "/",
            ".",
            "docs",
            "1",
            "%",
        ),
        *EVIL,
        *SEPARATORS,
        *(
            "%2F",
            "%3A",
            "%252F",
            "%E2%80%AE",
            "[",
            "](",
            ")",
            "![",
            "`",
            "**",
            "_",
            "\n",
            "- ",
            "> ",
        ),
        *("&#46;", "&colon;", "\u4f60\u597d", "\uc785", "evil", "com", "http", "https:"),
    ]
)


@settings(max_examples=1_500, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_text_links_to_another_host(text: str) -> None:
    """No combination of pieces links to a host that was not named."""
    assert foreign_targets(safe_markdown(text, ALLOWED), HOSTS) == []


@settings(max_examples=600, deadline=None)
@given(
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=8).map("".join),
)
def test_no_two_pieces_join_into_a_link(first: str, second: str) -> None:
    """A stream in two pieces gives the same text as in one."""
    stream = SafeStream(ALLOWED)
    shown = stream.feed(first) + stream.feed(second) + stream.close()
    assert shown == safe_markdown(first + second, ALLOWED)
