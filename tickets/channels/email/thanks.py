"""Whether a mail says nothing but thanks: then the case that it opens again has not failed. Pure."""

from __future__ import annotations

import re

LONGEST = 120
# sv, fi, en, no, da, de. Every word of such a mail is one of these; a question or a "but" is not.
_THANKS = """
tack tackar tacksam hjärtligt kiitos kiitoksia kiitti thanks thank thx ty cheers appreciated takk tusen tak mange dank danke
dankeschön vielen
"""
_BESIDE = """
så stort jättemycket mycket för hjälpen svaret snabba snabbt det den allt dig ni du hej hejsan bra perfekt toppen super
underbart kanon ok okej okay fungerar fungerade funkar nu hälsningar mvh vänliga vänlig hälsning
paljon avusta vastauksesta nopeasta nopea teille sinulle hei moi hyvä hienoa mahtavaa selvä toimii nyt terveisin
you so very much a lot for the your help quick fast reply answer response great perfect good it works now hi hello dear
all best kind regards many and again have nice day
hjelpen raskt raskeste fungerer flott fint hilsen med vennlig hjælpen hurtige virker godt venlig
schön sehr für die ihre deine hilfe antwort schnelle es funktioniert jetzt gut prima alles klar hallo viele liebe grüße
und mfg
"""
THANKS = frozenset(_THANKS.split())
BESIDE = THANKS | frozenset(_BESIDE.split())
_WORD = re.compile(r"[^\W\d_]+")


def is_only_thanks(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text[: LONGEST + 1])]
    if not words or len(text.strip()) > LONGEST or "?" in text or any(letter.isdigit() for letter in text):
        return False
    return any(word in THANKS for word in words) and all(word in BESIDE for word in words)
