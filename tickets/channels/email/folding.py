"""Which words of a mail are new, and which are a quoted mail or a signature. Pure.

In doubt a line is new. What is folded stays in the record and is one click away, but nobody looks there for a question.
Every rule looks at one line, or at few lines of limited length, so that no text takes long.
"""

from __future__ import annotations

import re

# A longer text is not taken apart: all of it is new.
LONGEST = 32_768
LONGEST_LINE = 2_000
# The words that introduce a quote run over a few lines, with empty ones among them in some programs.
INTRODUCTION_LINES = 7
LONGEST_INTRODUCTION = 400
LONGEST_SIGNATURE = 12

# en, sv, no and da, fi, de, nl, fr, it, es, zh.
_VERB = (
    r"(?:wrote|skrev(?: följande)?|kirjoitti|schrieb|schreef|(?:het )?volgende geschreven|a écrit|écrit|ha scritto"
    r"|scrisse|escribió|写道)"
)
_WROTE = re.compile(rf"(?:^|[\W_]){_VERB}\b[^\n]{{0,120}}?\s?[:：]$|写道\s?[:：]$", re.IGNORECASE)
_WROTE_ALONE = re.compile(rf"(?:^|[\W_]){_VERB}$", re.IGNORECASE)
# "On Tue, 3 Nov 2026", "Den tors 5 nov.", "to 5. marrask.": a word, and soon the day.
_BEGINS_IN_WORDS = re.compile(
    r"(?:(?:on|at|den|el|am|op|le|il|em|på)\b|在)[^\d]{0,30}\d"
    r"|(?:pe|ma|ti|ke|to|la|su|man|mån|tis|tir|ons|tors?|fre|lör|lør|sön|søn|mo|di|mi|do|fr|sa|so)[.,]{0,2} ?(?:den )?\d",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r".{30,}[.!?…]$")
_TIME = re.compile(r"\d{1,2}[:.：]\d{2}|\d{4}|下午|上午")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d{2}-\d{2}")
_EMAIL = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_DATED = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:,? \d{1,2}[:.]\d{2})?(?: GMT[+-]\d{1,2}:\d{2} .{1,200}| .{0,200}<[^>]{0,255}@[^>]{1,255}>:?)"
)
_DASHES_WROTE = re.compile(rf"-{{2,}} ?.{{1,300}}\b{_VERB} ?-{{2,}}", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"[*_ ]{0,3}-{2,}[ *]{0,3}(?:original message|ursprungligt meddelande|original ?meddelande|alkuperäinen viesti"
    r"|opprinnelig melding|oprindelig meddelelse|original ?meddelelse|ursprüngliche nachricht|originalnachricht"
    r"|oorspronkelijk bericht|message d'origine|messaggio originale|mensaje original)[ *]{0,3}-{2,}[*_ ]{0,3}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[*_ ]{0,3}-{2,}[ *]{0,3}(?:forwarded message|begin forwarded message|vidarebefordrat meddelande"
    r"|välitetty viesti|edelleenlähetetty viesti|videresendt (?:melding|meddelelse|besked)|weitergeleitete nachricht)",
    re.IGNORECASE,
)
_FROM = re.compile(r"[*>\s]{0,4}(?:from|från|fra|lähettäjä|von|da|de|van|avsändare)\s?:", re.IGNORECASE)
_FIELD = re.compile(
    r"[*>\s]{0,4}(?:from|sent|date|to|cc|subject|reply-to|från|skickat|skickades|datum|till|kopia|ämne|fra|sendt|dato|til"
    r"|kopi|emne|lähettäjä|lähetetty|päivämäärä|vastaanottaja|kopio|aihe|von|gesendet|an|betreff|da|risposta|data|a"
    r"|oggetto|de|envoyé|à|objet|van|verzonden|aan|onderwerp|inviato)\s?:",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[-–—_=~*#+ᐧ\s]{1,400}")
_SIGNATURE = re.compile(r"(?:-- ?|—|_{5,}|-{2}\s)$")
_DEVICE = re.compile(
    r"(?:sent (?:from|via) (?:my|outlook|yahoo|mail for|samsung|proton)|get outlook for|skickat från|skickades från"
    r"|hämta outlook|lähetetty (?:\w{3,20}(?:sta|stä|ltä|lta|ni)\b|outlook)|hanki outlook|sendt fra min|sendt fra outlook"
    r"|hent outlook|von meinem .{1,40}gesendet|gesendet (?:von|mit|über)|outlook für .{1,20}herunter)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\s?(?:>|\||[A-Za-z]{1,12}>)")


def new_text(text: str) -> str:
    """Return the words that are new; the whole text where it is not clear which are."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if len(text) > LONGEST or any(len(line) > LONGEST_LINE for line in lines):
        return text.strip()
    if any(_FORWARDED.match(line) for line in lines):
        # Who forwards something wants it to be read.
        return text.strip()
    kept = _without_end(_without_quotes(lines))
    # Nothing new: then the quote is what was meant.
    return "\n".join(kept).strip() or text.strip()


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if length := _introduction(lines, at):
            rest = lines[at + length :]
            if any(line.strip() for line in kept) and not _goes_on_after_quote(rest):
                break
            # An answer below or within what is quoted: only the words that introduce it go.
            at += length
        elif _begins_quoted_mail(lines, at) and any(line.strip() for line in kept):
            break
        else:
            kept.append(lines[at])
            at += 1
    return kept


def _introduction(lines: list[str], at: int) -> int:
    """Return how many lines from here say who wrote what follows; 0 where they do not."""
    first = lines[at].lstrip("> ").strip()
    if not first or len(first) > LONGEST_INTRODUCTION:
        return 0
    if _DASHES_WROTE.fullmatch(first):
        return 1
    joined = ""
    for count, line in enumerate(lines[at : at + INTRODUCTION_LINES], 1):
        joined = f"{joined} {line.lstrip('> ').strip()}".strip()
        if len(joined) > LONGEST_INTRODUCTION or (count > 1 and _BEGINS_IN_WORDS.match(line.lstrip("> "))):
            return 0
        if _says_who_wrote(joined, count):
            return count
        if _SENTENCE.fullmatch(line.strip()) or (not line.strip() and not _expects_more(joined)):
            return 0
    return 0


def _expects_more(joined: str) -> bool:
    """Whether an empty line within may be the program's: it broke between a name and an address."""
    return _begins(joined) and bool(_TIME.search(joined))


def _begins(joined: str) -> bool:
    return joined[:1].isdigit() or bool(_BEGINS_IN_WORDS.match(joined.lstrip("- ")))


def _says_who_wrote(joined: str, lines: int) -> bool:
    if _DATED.fullmatch(joined):
        return True
    if not _WROTE.search(joined):
        return False
    if _begins(joined) and _TIME.search(joined):
        return True
    # "Maja Lind <maja@example.org> wrote:", and Finnish "Maja Lind (maja@…) kirjoitti 5.11.2026 klo 10.12:".
    return (lines <= 2 and bool(_EMAIL.search(joined))) or (lines == 1 and bool(_DATE.search(joined)))


def _begins_quoted_mail(lines: list[str], at: int) -> bool:
    line = lines[at]
    if _ORIGINAL.fullmatch(line.strip()):
        return True
    if not _FROM.match(line) or len(line) > LONGEST_LINE:
        return False
    following = [one for one in lines[at + 1 : at + 8] if one.strip()]
    return sum(bool(_FIELD.match(one)) for one in following[:5]) >= 2


def _goes_on_after_quote(lines: list[str]) -> bool:
    """Whether what is introduced is marked as a quote line by line, and new words follow it."""
    at = 0
    while at < len(lines) and not lines[at].strip():
        at += 1
    if at == len(lines) or not lines[at].startswith((">", " >")):
        return False
    while at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith(">")):
        at += 1
    return any(line.strip() for line in _without_end(lines[at:]))


def _without_end(lines: list[str]) -> list[str]:
    """Drop what stands at the end: quotes, a signature, and lines of nothing but marks."""
    while True:
        before = len(lines)
        while lines and (not lines[-1].strip() or _MARKS.fullmatch(lines[-1]) or _QUOTED.match(lines[-1])):
            if _is_all_quoted(lines):
                return lines
            lines = lines[:-1]
        lines = _without_signature(lines)
        if lines and _DEVICE.match(lines[-1].strip("*_ ")):
            lines = lines[:-1]
        if len(lines) == before:
            return lines


def _is_all_quoted(lines: list[str]) -> bool:
    return all(not line.strip() or _QUOTED.match(line) for line in lines)


def _without_signature(lines: list[str]) -> list[str]:
    """Drop a short end that begins with the mark of a signature."""
    for back in range(1, min(LONGEST_SIGNATURE, len(lines)) + 1):
        if _SIGNATURE.fullmatch(lines[-back]):
            return lines[:-back]
    return lines
