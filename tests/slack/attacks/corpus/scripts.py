"""Writing systems: right to left, wide, stacked, and mixed with code and addresses."""

from __future__ import annotations

from tests.slack.attacks.attack import named

HEBREW = "\u05e9\u05dc\u05d5\u05dd"
ARABIC = "\u0645\u0631\u062d\u0628\u0627"

SCRIPTS = named("scripts", [
    ("rtl-token", "Puts a token among words that run to the left.",
     f"{HEBREW} <!channel> {ARABIC}"),
    ("rtl-code", "Puts code among words that run to the left.", f"{HEBREW} `rm -rf /` {ARABIC}"),
    ("rtl-fence", "Puts such words into code.", f"```\n{ARABIC} = '{HEBREW}' # <!here>\n```"),
    ("rtl-address", "Puts an address among such words.", f"{ARABIC}https://evil.example/{HEBREW}"),
    ("rtl-host", "Is an address that runs to the left.", f"https://{HEBREW}.example/{ARABIC}"),
    ("rtl-table", "Is a table that runs to the left.",
     f"| {HEBREW} | a |\n|---|---|\n| {ARABIC} | <!here> |"),
    ("rtl-list", "Is a list that runs to the left.", f"1. {HEBREW}\n2. {ARABIC} <@U00000003>"),
    ("rtl-marks", "Uses direction marks as people do.",
     f"{HEBREW}\u200f! {ARABIC}\u061c? (a\u200e)"),
    ("rtl-parentheses", "Mirrors its brackets.",
     f"{HEBREW} (<!channel>) [{ARABIC}](https://evil.example/)"),
    ("persian-joiner", "Uses a joiner within a word.",
     "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 <!here>"),
    ("indic-joiner", "Uses joiners within letters.",
     "\u0915\u094d\u200d\u0937 <!here> \u0c15\u0c4d\u200c\u0c37"),
    ("thai", "Has no spaces between words.",
     "\u0e01\u0e34\u0e19\u0e02\u0e49\u0e32\u0e27\u0e2b\u0e23\u0e37\u0e2d\u0e22\u0e31\u0e07<!here>"),
    ("cjk-emphasis", "Glues marks to wide characters.",
     "**\u6f22\u5b57**\u306f`code`\u3067\u3059\u3002<!channel>\u3002"),
    ("cjk-address", "Glues an address to wide punctuation.",
     "\u300chttps://evil.example/\u300d\uff08www.evil.example/x\uff09"),
    ("cjk-table", "Is a table of wide characters.",
     "| \u6f22\u5b57 | a |\n|---|---|\n| \u3042 | <!here> |"),
    ("hangul-parts", "Spells syllables in parts.", "\u1112\u1161\u11ab <!here>"),
    ("vietnamese", "Uses two marks on one letter.", "Vie\u0323\u0302t Nam <!here>"),
    ("hebrew-points", "Uses points and accents.",
     "\u05d1\u05bc\u05b0\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u0596\u05d9\u05ea <!here>"),
    ("tibetan", "Stacks letters.", "\u0f66\u0f92\u0fb2\u0f74\u0f56 <!here>"),
    ("emoji-family", "Joins people into one sign.",
     "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 <!here>"),
    ("emoji-tones", "Colours and turns signs.",
     "\U0001f44d\U0001f3ff \U0001f9d1\U0001f3fd\u200d\U0001f91d\u200d\U0001f9d1\U0001f3fb <!here>"),
    ("emoji-flags", "Uses flags of two letters.",
     "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 <!here>"),
    ("emoji-keycaps", "Uses keys.", "1\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3 <!here>"),
    ("maths-letters", "Spells a token in letters of mathematics.",
     "<!\U0001d41c\U0001d421\U0001d41a\U0001d427\U0001d427\U0001d41e\U0001d425>"),
    ("upside-down", "Spells upside down.",
     "\u01dd\u0279\u01dd\u0265\u00a1 @\u01dd\u0279\u01dd\u0265"),
    ("astral-edge", "Uses characters of two halves.", "\U00010348\U0010fffd\U00020000 <!here>"),
])  # fmt: skip
