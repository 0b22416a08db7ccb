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
    "H": _("handled: a human served the customer"),
    "H_d": _("calls and chats answered directly"),
    "H_k": _("handled, of a known customer, the window over"),
    "H_r": _("of these, followed by another contact within the window"),
    "H_t": _("of these, handed on at least once"),
    "I": _("ended in the voice menu"),
    "K": _("cases of known customers whose window is over"),
    "K_1": _("of these, solved at the first contact"),
    "K_c": _("of these, with no other contact on the same case, and no escalation"),
    "K_e": _("of these, solved at the first contact, escalated or not"),
    "K_ce": _("of these, with no other contact on the same case, escalated or not"),
    "K_n": _("such cases without topics that cannot be solved at first contact"),
    "K_1n": _("of these, solved at the first contact"),
    "L": _("agents' legs"),
    "Q": _("still waiting"),
    "R": _("received by e-mail or web form"),
    "R_c": _("resolved cases"),
    "R_1": _("of these, with one contact by the customer"),
    "S": _("invitations delivered"),
    "X": _("turned away before they reached us"),
    "Y": _("answered both questions: solved, and with how many contacts"),
    "Y_1": _("of these, solved with one contact"),
    "P": _("promoters: 9 or 10"),
    "a": _("wrap-up, in seconds"),
    "e": _("seconds from answer to end"),
    "h": _("hold, in seconds"),
    "t": _("talk, in seconds"),
    "u": _("agents' seconds in a contact: talk, hold and wrap-up, parallel chats shared"),
    "u_d": _("the same, of calls and chats answered directly"),
    "w": _("wait in the queue until answered"),
    "w_0": _("wait from the first ring until answered"),
    "w_B": _("wait in the queue until given up"),
    "w_q": _("wait in the queue, however it ended"),
    "n": _("valid answers"),
    "n_c": _("of these, with a comment"),
    "n_d": _("of these, dissatisfied"),
    "n_e": _("of these, easy: 5 to 7"),
    "n_s": _("of these, satisfied"),
    "x": _("an answer on its scale"),
    "x_max": _("the highest point of the scale"),
    "x_min": _("the lowest point of the scale"),
    "C": _("cases opened"),
    "C_a": _("cases opened by mail or form that a human has replied to"),
    "C_w": _("cases opened by mail or form"),
    "C_e": _("cases that were escalated"),
    "C_k": _("contacts by the customer on these cases"),
    "C_o": _("calls of ours on these cases that reached the customer"),
    "E": _("employees in the teams"),
    "F_c": _("callbacks asked for in the queue"),
    "F_k": _("of these, customer reached"),
    "G": _("agents who served customers"),
    "J": _("interviews completed"),
    "J_10": _("interviews completed, at most ten an agent"),
    "J_a": _("customers called"),
    "J_x": _("interviews with a rating"),
    "J_p": _("of these, rated 4 or 5"),
    "M": _("cases first resolved, the window over"),
    "M_r": _("of these, reopened within the window"),
    "M_rr": _("of these, reopened within the window, by a mere thank-you too"),
    "N": _("cases open at the instant"),
    "N_o": _("of these, not waiting for the customer"),
    "O": _("offered contacts"),
    "R_f": _("of these, never escalated"),
    "R_s": _("of these, with a silence longer than agreed"),
    "T_fd": _("first responses that were due"),
    "T_f": _("of these, in time"),
    "T_fc": _("of these, in time by the calendar"),
    "T_rd": _("resolutions that were due"),
    "T_r": _("of these, in time"),
    "U": _("cases not solved with the first contact"),
    "U_v": _("of these, with a promise"),
    "V": _("promises due"),
    "V_k": _("of these, kept by the first time"),
    "V_l": _("of these, kept by the last time"),
    "W": _("waits that a reply ended"),
    "b": _("time since opening"),
    "b_b": _("business time since opening"),
    "f": _("time from opening to the first reply"),
    "f_b": _("business time from opening to the first reply"),
    "h_s": _("seconds busy with contacts"),
    "v": _("seconds free and waiting"),
    "p_s": _("paid seconds"),
    "o": _("seconds that a case was open in the period"),
    "p": _("seconds of the period"),
    "r": _("time from opening to the last resolution"),
    "r_1": _("time from opening to the first resolution"),
    "r_b": _("business time from opening to the last resolution"),
    "z": _("time that we waited for the customer"),
    "z_b": _("business time that we waited for the customer"),
    "s": _("longest silence on a case"),
    "y": _("time from the oldest unanswered message to the reply"),
    "y_b": _("business time from the oldest unanswered message to the reply"),
}
# A letter may mean something else in another formula: the declaration's own words come first.
OWN: dict[str, dict[str, Any]] = {
    "nps": {"D": _("detractors: 0 to 6")},
    "enps": {"D": _("detractors: 0 to 6")},
}
_LETTER = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?")
_SUBSCRIPT = re.compile(r"([A-Za-z]+)_([A-Za-z0-9]+)")
WORDS = {"max", "min", "d", "P_50", "P_80", "P_90"}


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
