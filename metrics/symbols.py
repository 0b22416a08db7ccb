"""The letters that formulas are written in, and what each stands for. Pure."""

from __future__ import annotations

import re
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

LETTERS: dict[str, Any] = {
    "A": _("answered by a human, from a queue"),
    "A_T": _("of these, answered within the threshold T"),
    "A_u": _("answered outside a queue: logged by hand"),
    "B": _("abandoned in the queue"),
    "B_s": _("of these, short: gave up within the limit for short abandonments"),
    "B_T": _("of these, gave up within the threshold T"),
    "B_k": _("abandoned by an identified customer"),
    "B_r": _("of these, answered within the recovery time by a later attempt"),
    "D": _("handled and classified"),
    "D_f": _("of these, failure demand"),
    "D_q": _("of these, only asked where the case stands"),
    "F": _("left the queue by callback or voicemail"),
    "F_T": _("of these, within the threshold T"),
    "C": _("cases opened"),
    "C_h": _("of these, handed to a higher tier"),
    "C_i": _("contacts by customers on these cases"),
    "C_o": _("calls of ours on these cases that reached the customer"),
    "E": _("operating cost"),
    "F_c": _("callbacks asked for in the queue"),
    "F_k": _("of these, the customer was reached"),
    "G": _("headcount of the teams"),
    "H": _("handled: a human served the customer"),
    "H_d": _("calls and chats answered directly"),
    "H_k": _("handled, of a known customer, the window over"),
    "H_r": _("of these, followed by another contact within the window"),
    "H_t": _("of these, handed on at least once"),
    "I": _("ended in the voice menu"),
    "I_a": _("customers called back"),
    "I_c": _("of these, interviews completed"),
    "J": _("waits of customers who wrote again, ended by a reply"),
    "K": _("cases of known customers whose window is over"),
    "K_1": _("of these, solved at the first contact"),
    "K_c": _("of these, with no other contact on the same case, and no escalation"),
    "K_e": _("of these, solved at the first contact, escalated or not"),
    "K_ce": _("of these, with no other contact on the same case, escalated or not"),
    "K_n": _("such cases without topics that cannot be solved at first contact"),
    "K_1n": _("of these, solved at the first contact"),
    "L": _("agents' legs"),
    "M_a": _("cases opened by mail or form that have a reply"),
    "M_u": _("cases opened by mail or form that have none"),
    "N": _("cases open at the instant"),
    "N_o": _("of these, not waiting for the customer"),
    "Q": _("still waiting"),
    "R": _("received by e-mail or web form"),
    "R_c": _("resolved cases"),
    "R_1": _("of these, with one contact by the customer"),
    "R_f": _("of these, never handed to a higher tier"),
    "R_s": _("of these, with a silence longer than agreed"),
    "R_m": _("cases first resolved whose window for reopening is over"),
    "R_o": _("of these, reopened for a reason"),
    "R_w": _("of these, reopened in any way, thanks included"),
    "S": _("invitations delivered"),
    "U": _("promises due"),
    "U_k": _("of these, kept"),
    "U_l": _("of these, kept by their last time"),
    "V": _("first responses due"),
    "V_k": _("of these, in time"),
    "V_c": _("of these, within the same time by the calendar"),
    "V_d": _("resolutions due"),
    "V_r": _("of these, in time"),
    "W": _("cases served at the first contact, but not solved with it"),
    "W_p": _("of these, with a promise"),
    "X": _("turned away before they reached us"),
    "Y": _("answered both questions: solved, and with how many contacts"),
    "Y_1": _("of these, solved with one contact"),
    "Z": _("agents who served a customer in these days"),
    "P": _("promoters: 9 or 10"),
    "a": _("wrap-up, in seconds"),
    "b": _("time busy with contacts"),
    "e": _("seconds from answer to end"),
    "f": _("time free and waiting for contacts"),
    "g": _("time from opening to the instant, of a case that is open"),
    "g_b": _("the same, in business time"),
    "h": _("hold, in seconds"),
    "i": _("completed interviews about an agent"),
    "j": _("business time until the reply"),
    "j_c": _("the same, by the calendar"),
    "m": _("paid time"),
    "o": _("time in the period in which a case was open"),
    "q": _("business time in which we waited for the customer"),
    "q_c": _("the same, by the calendar"),
    "r": _("business time from opening to the first reply"),
    "r_c": _("the same, by the calendar"),
    "s": _("the longest silence on a case"),
    "t": _("talk, in seconds"),
    "u": _("agents' seconds in a contact: talk, hold and wrap-up, parallel chats shared"),
    "u_d": _("the same, of calls and chats answered directly"),
    "v": _("length of the period"),
    "w": _("wait in the queue until answered"),
    "w_0": _("wait from the first ring until answered"),
    "w_B": _("wait in the queue until given up"),
    "w_q": _("wait in the queue, however it ended"),
    "n": _("valid answers"),
    "n_c": _("of these, with a comment"),
    "n_d": _("of these, dissatisfied"),
    "n_e": _("of these, easy: 5 to 7"),
    "n_s": _("of these, satisfied"),
    "n_i": _("completed interviews with a rating"),
    "n_p": _("of these, rated 4 or 5"),
    "x": _("an answer on its scale"),
    "x_max": _("the highest point of the scale"),
    "x_min": _("the lowest point of the scale"),
    "z": _("business time from opening to the last resolution"),
    "z_c": _("the same, by the calendar"),
    "z_f": _("calendar time from opening to the first resolution"),
}
# A letter may mean something else in another formula: the declaration's own words come first.
OWN: dict[str, dict[str, Any]] = {slug: {"D": _("detractors: 0 to 6")} for slug in ("nps", "enps")}
_LETTER = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?")
_SUBSCRIPT = re.compile(r"([A-Za-z]+)_([A-Za-z0-9]+)")
WORDS = {"max", "min", "d", "P_50", "P_80", "P_90"}


def used(symbols: str) -> set[str]:
    """What stands in a formula: letters, and words."""
    return {*_LETTER.findall(symbols)}


def letters(slug: str, symbols: str) -> list[tuple[str, Any]]:
    """The letters of a formula with their meanings, in its order."""
    known = LETTERS | OWN.get(slug, {})
    found = dict.fromkeys(letter for letter in _LETTER.findall(symbols) if letter not in WORDS)
    return [(letter, known[letter]) for letter in found if letter in known]


def html(symbols: str) -> SafeString:
    """The formula with its subscripts set low."""
    parts = _SUBSCRIPT.split(symbols)
    steps = [(parts[i], parts[i + 1], parts[i + 2]) for i in range(0, len(parts) - 1, 3)]
    return format_html("{}{}", format_html_join("", "{}{}<sub>{}</sub>", steps), parts[-1])
