"""Hosts: in many scripts and spellings, under shared suffixes, and bare names."""

from __future__ import annotations

SCRIPTS = {
    "Arabic": "\u0645\u062b\u0627\u0644.\u0645\u0635\u0631",
    "Armenian": "\u0585\u0580\u056b\u0576\u0561\u056f.\u0570\u0561\u0575",
    "Chinese": "\u4f8b\u5b50.\u4e2d\u56fd",
    "Cyrillic": "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "Devanagari": "\u0909\u0926\u093e\u0939\u0930\u0923.\u092d\u093e\u0930\u0924",
    "Georgian": "\u10db\u10d0\u10d2\u10d0\u10da\u10d8\u10d7\u10d8.\u10d2\u10d4",
    "Greek": "\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.\u03b5\u03bb",
    "Hebrew": "\u05d3\u05d5\u05d2\u05de\u05d4.\u05d9\u05e9\u05e8\u05d0\u05dc",
    "Japanese": "\u4f8b\u3048.\u4e16\u754c",
    "Korean": "\uc2e4\ub840.\ud55c\uad6d",
    "Latin": "b\u00fccher.de",
    "Tamil": (
        "\u0b89\u0ba4\u0bbe\u0bb0\u0ba3\u0bae\u0bcd.\u0b87\u0ba8\u0bcd\u0ba4\u0bbf\u0baf\u0bbe"
    ),
    "Thai": "\u0e15\u0e31\u0e27\u0e2d\u0e22\u0e48\u0e32\u0e07.\u0e44\u0e17\u0e22",
}

ODD = (
    ("fussball.de", "fu\u00dfball.de"),
    ("fu\u00dfball.de", "fussball.de"),
    ("fu\u00dfball.de", "fu\u00dfball.de"),
    ("\u03b4\u03cc\u03bb\u03bf\u03c2.gr", "\u03b4\u03cc\u03bb\u03bf\u03c2.gr"),
    ("good.example", "\uff47ood.example"),
    ("good.example", "good\uff0eexample"),
    ("good.example", "good\u3002example"),
    ("good.example", "good\uff61example"),
    ("good.example", "good.example\uff0fx.evil.com"),
    ("good.example", "good.example\u2100x.evil.com"),
    ("good.example", "good.example\u2044x.evil.com"),
    ("good.example", "good.example./x"),
    ("good.example", "good.example../x"),
    ("good.example", "good.example:/x"),
    ("good.example", "good.example:0/x"),
    ("good.example", "good.example:99999/x"),
    ("good.example", "good.example:80:443/x"),
    ("good.example", "good.example:80.evil.com/x"),
    ("good.example", "good.example:\uff18\uff10/x"),
    ("good.example", "good.example:80@evil.com/x"),
    ("good.example", "user:word@good.example/x"),
    ("good.example", "g\u043eod.example/x"),
    ("good.example", "good.e\u0445ample/x"),
    ("good.example", "good%2eexample/x"),
    ("good.example", "good.example%2f.evil.com/x"),
    ("good.example", "good.example\\.evil.com/x"),
    ("l\u00b7l.cat", "l\u00b7l.cat/x"),
    ("good.example", "good\u00b7example/x"),
    ("good.example", "good_.example/x"),
    ("good.example", "-good.example/x"),
    ("good.example", "xn--zzzz.example/x"),
    ("http://203.0.113.7/", "203.0.113.07/x"),
    ("http://203.0.113.7/", "3405803783/x"),
    ("http://203.0.113.7/", "0xcb007107/x"),
    ("http://203.0.113.7/", "0313.0.0161.07/x"),
    ("http://203.0.113.7/", "203.0.28935/x"),
    ("http://127.0.0.1/", "127.1/x"),
)
"""A host in the question, and one that only some parsers read as the same host."""

SHARED = (
    ("github.io", "evil.github.io"),
    ("co.uk", "evil.co.uk"),
    ("s3.amazonaws.com", "evil.s3.amazonaws.com"),
    ("amazonaws.com", "evil.s3.amazonaws.com"),
    ("blogspot.com", "evil.blogspot.com"),
    ("vercel.app", "evil.vercel.app"),
    ("pages.dev", "evil.pages.dev"),
    ("web.app", "evil.web.app"),
    ("good.example", "docs.good.example"),
    ("docs.good.example", "good.example"),
    ("www.good.example", "good.example"),
    ("good.example", "www.www.good.example"),
    ("good.example", "www2.good.example"),
    ("localhost", "evil.localhost"),
    ("com", "evil.com"),
)
"""A host in the question, and one with possibly another owner."""

BARE = (
    *(
        "slack-login.com",
        "evil.io",
        "evil.ai",
        "Evil.COM",
        "evil.zip",
        "evil.mov",
        "evil.app",
        "evil.md",
    ),
    *(
        "evil.\u0440\u0444",
        "\u0437\u043b\u043e.\u0440\u0444",
        "evil.xn--p1ai",
        "xn--80ak6aa92e.com",
    ),
    *(
        "_evil.com_",
        "*evil.com*",
        "(evil.com)",
        "'evil.com'",
        "evil.com's",
        "evil.com/",
        "evil.com?x",
    ),
    *(
        "/evil.com",
        "a/evil.com",
        "x=evil.com",
        "$evil.com",
        "#evil.com",
        "@evil.com",
        "evil.com:80",
    ),
    *(
        "~evil.com~",
        "evil\\.com",
        "evil&#46;com",
        "evil&period;com",
        "\u8bbfevil.com\u5427",
        "evil.com\uc785",
    ),
)
"""Bare names that some parser links."""
