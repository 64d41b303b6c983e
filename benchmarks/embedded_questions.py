"""Sixty everyday questions in five languages, for the embedded model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGLISH: Final = """\
Name three risks of a four-day week and how to limit each.
What is the capital of France?
How do I boil an egg?
Write a short poem about rain.
What is 17 + 25?
Explain what an API is in two sentences.
Give me five ideas for a team lunch.
What's the difference between a virus and a bacterium?
Draft an email to ask my boss for a day off.
Why is the sky blue?
List the months of the year.
Should I learn Python or JavaScript first?
Hello!
Tell me a joke about a cat.
Summarise the benefits of remote work in three bullet points.
How far is the moon?
Write a Python function that adds two numbers.
What should I cook tonight with rice and tomatoes?
Who wrote Romeo and Juliet?
Give me a name for a coffee shop.
How can I sleep better?
Explain photosynthesis to a child.
Thanks, that was helpful
What do I say when I arrive late to a meeting?"""

GERMAN: Final = """\
Warum ist der Himmel blau?
Nenne drei Risiken der Vier-Tage-Woche.
Wie koche ich ein Ei?
Was ist die Hauptstadt von Frankreich?
Schreib ein kurzes Gedicht über den Regen.
Kannst du mir helfen?
Guten Morgen, wie geht es dir?
Erkläre mir, was eine API ist.
Welche Monate hat das Jahr?"""

FRENCH: Final = """\
Pourquoi le ciel est-il bleu ?
Donne-moi trois idées pour un déjeuner d'équipe.
Comment faire cuire un œuf ?
Quelle est la capitale de la France ?
Écris un court poème sur la pluie.
Bonjour, peux-tu m'aider ?
Explique la photosynthèse à un enfant.
Quels sont les mois de l'année ?
Combien font 17 et 25 ?"""

SPANISH: Final = """\
¿Por qué el cielo es azul?
Dame tres ideas para una comida de equipo.
¿Cómo se cuece un huevo?
¿Cuál es la capital de Francia?
Escribe un poema corto sobre la lluvia.
Hola, ¿me puedes ayudar?
Explica qué es una API en dos frases.
¿Cuáles son los meses del año?
Redacta un correo para pedir un día libre."""

CHINESE: Final = """\
为什么天空是蓝色的？
怎么煮鸡蛋？
法国的首都是哪里？
写一首关于雨的短诗。
17加25等于多少？
请用两句话解释什么是API。
一年有哪些月份？
你好，你能帮我吗？
给我三个团队午餐的主意。"""

QUESTIONS: Final[Mapping[str, list[str]]] = {
    "English": ENGLISH.splitlines(),
    "German": GERMAN.splitlines(),
    "French": FRENCH.splitlines(),
    "Spanish": SPANISH.splitlines(),
    "Chinese": CHINESE.splitlines(),
}
