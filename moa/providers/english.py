"""Recognises questions in other languages, which the embedded model can't answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_ENGLISH: Final = _words(
    """a about all an and any are be best between can could create describe did difference do does
    draft each explain few find for from get give good had has have help her his how i if is it
    its let list make many me most much my name need not of on or our over please rewrite should
    show some suggest summarise summarize tell than that the their them there these they this
    three to translate two use was we were what what's when where which who why will with
    without word words would write you your"""
)
"""Words of English questions; "in", "an", "was" and others occur elsewhere too."""

_OTHERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        language: _words(words)
        for language, words in {
            "de": """aber auf aus bei bin bitte das dass dem den der des die du ein eine einem einen
            einer er erkläre es für gib gibt habe hallo heißt ich im ist kann kannst können man mein
            meine mich mir mit nach nenne nicht oder schreib schreibe sich sie sind soll sollte um
            und von vom wann warum was welche wer wie wieso wird wo wurde wäre zu zum zur über""",
            "fr": """au aux avec bonjour ce ces cette combien comment dans de des donne du elle en
            est est-ce et explique fais faire il je la le les ma mes moi mon ne nous ou où par pas
            pour pourquoi qu quand que quel quelle quelles quels qui quoi sa sans se ses son sont
            sur te ton tu un une vous écris""",
            "es": """al como con cuando cuál cuáles cuándo cuánto cómo de del dime donde dónde el
            ella en escribe es esta este está explica hay hola la las lo los me mi más no para pero
            por porque puedo qué que quién se ser si sin son su tu un una unas unos y yo""",
            "it": """al alla che chi ciao come con cosa cos'è da dammi dei del della delle di dove e
            elenca fare gli ho i il in io la le lo ma mi mia mio nel nella nome non per perché più
            posso quale quali quando quanto scrivi si sono spiega su tra tu un un'una una uno è""",
            "pt": """a ao as com como da das de dê diga do dos e ela ele em escreva eu explique
            fazer isso me meu minha mais na nas no nos não o olá onde os ou para pelo por porque
            posso qual quais quando que quem se sem ser seu sobre são um uma você é""",
            "nl": """aan als bij dat de deze die dit een en er geef geen hallo heb het hoe ik in is
            je kan kun leg maar met mijn naar niet noem of om ook op schrijf te tussen uit van voor
            waarom wanneer waar wat welke wie wordt zijn zou""",
            "pl": """czy dla do dlaczego gdzie i ile jak jaka jaki jakie jest kiedy kto który ma mi
            mnie moje na napisz nie o od oraz po podaj przez się są to tym w we wyjaśnij z za że""",
            "": """och att är det hur vad varför jag som på til af hvad hvordan og er jeg ikke et
            bir bu ne neden için mi mu ve ile nedir nelerdir yaz jak co je proč se na jaký a
            miten mikä mitä miksi on ja ovat care ce cum este și de în pe pentru hogyan mi miért egy
            az és mit hogy apa bagaimana mengapa yang dan untuk saya di ini adalah là gì của và
            tôi cách một các""",
        }.items()
    }
)
"""Common words of other languages; "" holds those of several."""

_ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "de": "Dieses kleine Demonstrationsmodell versteht nur Englisch.",
        "fr": "Ce petit modèle de démonstration ne comprend que l'anglais.",
        "es": "Este pequeño modelo de demostración solo entiende inglés.",
        "it": "Questo piccolo modello dimostrativo capisce solo l'inglese.",
        "pt": "Este pequeno modelo de demonstração só entende inglês.",
        "nl": "Dit kleine demonstratiemodel begrijpt alleen Engels.",
        "pl": "Ten mały model demonstracyjny rozumie tylko angielski.",
        "ru": "Эта небольшая демонстрационная модель понимает только английский язык.",
        "zh": "这个小型演示模型只懂英语。",
        "ja": "この小さなデモ用モデルは英語しか理解できません。",
        "ko": "이 작은 데모 모델은 영어만 이해합니다.",
    }
)
ONLY_ENGLISH: Final = (
    "This small demonstration model only understands English. "
    "Ask in English, or connect a larger model."
)

_QUOTED: Final = re.compile(r"^>.*$|\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|`[^`]*`", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_LATIN: Final = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_ACCENTED_SHARE: Final = 0.25


def only_english_reply(text: str) -> str | None:
    """Return the reply to a question in another language; None if it may be English.

    Text in quotation marks doesn't count, since people ask about other languages in English.
    """
    language = _other_language(_QUOTED.sub(" ", text) if _WORD.search(text) else text)
    if language is None:
        return None
    own = _ANSWERS.get(language)
    return f"{own}\n\n{ONLY_ENGLISH}" if own else ONLY_ENGLISH


def _other_language(text: str) -> str | None:
    """Return the code of the text's language, "" for one without a code; None for English."""
    letters = [char for char in text if char.isalpha()]
    latin = _LATIN.findall(text)
    if len(letters) > 2 * len(latin):
        return next((code for code, script in _SCRIPTS if script.search(text)), "")
    words = [word.replace("\u2019", "'") for word in _WORD.findall(text.casefold())]
    english = sum(word in _ENGLISH for word in words)
    found = {code: sum(word in known for word in words) for code, known in _OTHERS.items()}
    best = max(found, key=found.__getitem__)
    if found[best] > english:
        return best
    accented = sum(not word.isascii() for word in words)
    return "" if not english and accented > _ACCENTED_SHARE * len(words) else None
