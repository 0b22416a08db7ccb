"""Quotes and signatures are folded in the languages of the North, and no new word with them."""

import pytest

from tickets.channels.email.folding import new_text

QUOTES = [
    "Den tors 5 nov. 2026 kl 10:12 skrev Kundtjänst <a@b.se>:\n\n> Hej",
    "5 nov. 2026 kl. 10:12 skrev Kundtjänst <a@b.se>:\n\n> Hej",
    "Den 2026-11-05 kl. 10:12, skrev Kundtjänst:\n> Hej",
    "Från: Kundtjänst <a@b.se>\nSkickat: den 5 november 2026 10:12\nTill: Maja\nÄmne: Re: Faktura\n\nHej",
    "-----Ursprungligt meddelande-----\nHej",
    "to 5. marrask. 2026 klo 10.12 Palvelu (a@b.fi) kirjoitti:\n\n> Hei",
    "Matti Meikäläinen kirjoitti 5.11.2026 klo 10.12:\n> Hei",
    "Lähettäjä: X <a@b.fi>\nLähetetty: torstai 5. marraskuuta 2026 10.12\nVastaanottaja: Y\nAihe: Z\n\nHei",
    "tor. 5. nov. 2026 kl. 10:12 skrev Kundeservice <a@b.no>:\n\n> Hei",
    "Fra: K <a@b.no>\nSendt: torsdag 5. november 2026 10:12\nTil: O\nEmne: Re\n\nHei",
    "Den tor. 5. nov. 2026 kl. 10.12 skrev Kundeservice <a@b.dk>:\n\n> Hej",
    "On Thu, Nov 5, 2026 at 10:12 AM Support via Desk <\na@b.com> wrote:\n\n> Hello",
    "Am Do., 5. Nov. 2026 um 10:12 Uhr schrieb Kundendienst <a@b.de>:\n\n> Hallo",
    "Von: K <a@b.de>\nGesendet: Donnerstag, 5. November 2026 10:12\nAn: M\nBetreff: AW\n\nHallo",
    "-- \nMaja Lind\n+46 8 123",
    "Skickat från min iPhone",
    "Lähetetty iPhonesta",
    "Sendt fra min iPhone",
    "Sent from my phone",
]


@pytest.mark.parametrize("quote", QUOTES)
def test_what_is_quoted_or_signs_is_folded(quote):
    assert new_text(f"One new line.\n\nAnd another.\n\n{quote}\n") == "One new line.\n\nAnd another."


@pytest.mark.parametrize(
    "text",
    [
        "Yesterday at 10:15 I wrote:\nplease help\nI need it",
        "Du skrev:\nvi ringer 10:15\nmen ingen ringde",
        "Two things.\n\n> Have you restarted?\n\nYes, twice.\n\n> And the cable?\n\nIt is in.",
        "> Have you restarted?\nYes",
        "See below.\n---------- Forwarded message ---------\nFrom: A <a@b.c>\nDate: x\nSubject: y\n\nthe thing",
        "To do:\n* one\n* two\n\nFrom: Stockholm\nwe go to Turku",
        "> only a quote",
        "```\n# not a mark\n####\ncode\n```\nThe end.",
    ],
)
def test_in_doubt_a_word_is_new(text):
    assert new_text(text).split() == text.split()


def test_a_very_long_text_is_all_new():
    text = "word " * 8_000 + "\n> quoted"
    assert new_text(text) == text.strip()
