"""Whether a person wrote a mail or a machine did. Pure.

A mail of a machine opens no case, counts as no customer's word, and is never answered. So each sign here is one that people's
mails do not have; where only the words could tell, they must be those of a mail system, in the place where it writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import TypedDict

from tickets.channels.email import headers

BOUNCE, AUTOMATIC, LIST, PERSON = "bounce", "automatic", "list", ""


class Report(TypedDict):
    """What a report of a delivery says."""

    ids: list[str]
    action: str
    status: str
    reason: str


_SYSTEM = re.compile(
    r"(?:mailer[-_. ]?daemon|mail[-_. ]?daemon|mail[-_. ]?delivery|postmaster|(?:double-)?bounces?|mdaemon"
    r"|mail[-_.]?system|mailadmin|post_master|microsoftexchange[0-9a-f]{8,40}|symantec_antivirus_for_smtp_gateways)(?:[-+=._][^@]{0,60})?@",
    re.IGNORECASE,
)
_SYSTEM_NAME = re.compile(
    r"mailer[-_ ]?daemon|mail delivery (?:sub)?system|mail delivery system|postmaster|mail administrator|mail server"
    r"|delivery subsystem|system administrator|postoffice|internet mail delivery",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"undeliver(?:able|ed)|delivery (?:status notification|failure|failed|has failed|report|notification|status|problem"
    r"|delayed|error)|mail (?:delivery|system error|could not|not delivered|failure)|failure notice|(?:returned|returning) (?:mail|to sender)|errors from "
    r"|failed delivery|non ?delivery|message not delivered|could not (?:send|be delivered)|delivery unsuccessful"
    r"|warning: (?:could not send|message)|user unknown|unzustellbar|rückläufer|kunde inte levereras|oleverer"
    r"|kunne ikke leveres|toimitus (?:epäonnistui|ei onnistu)|viestiä ei voi|email delivery failure|mail returned"
    r"|message delivery (?:has )?(?:failed|failure)|returning message to sender|rejected mail|mdaemon (?:notification|warning)"
    r"|permanent delivery failure|nondeliverable|message status|(?:^| )ndn:|error sending",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"^\W{0,4}(?:(?:re|sv|vs|vl|aw) ?: )?(?:automatic reply|auto(?:matic)?[- ]?(?:response|reply|responder)|out of (?:the )?office"
    r"|autosvar|automatiskt svar|automatisk svar|frånvaro|fravær|automaattinen vastaus|poissa(?:oloilmoitus| toimistolta)"
    r"|automatische antwort|abwesenheit|ooo\b|vacation|away from (?:my )?(?:mail|office|desk))",
    re.IGNORECASE,
)
_REPORT_TYPES = {"message/delivery-status", "message/global-delivery-status", "message/feedback-report"}
_RETURNED_TYPES = {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
_BULK = {"bulk", "list", "junk"}
_ANSWERED = re.compile(r"\W{0,3}(?:re|sv|vs|vl|aw|wg|fwd?|vb|vidaresänt)\s?:", re.IGNORECASE)
# What only a mail system writes at the beginning of a line, and what it may write there.
_REPORTED = re.compile(
    rb"(?mi)^\s{0,8}(?:(?:<{0,3} ?)?[45]\d\d[ -][45]\.\d\.\d|\{\"notificationType\":\"Bounce\"|Reporting-MTA:|Final-Recipient:"
    rb"|Diagnostic-Code:|Original-Recipient:|Hi\. This is the|This is the mail system)"
)
_SPOKEN = re.compile(
    rb"(?mi)^\s{0,8}(?:The following (?:address|recipient|message)|Your (?:message|mail) (?:could not|was not|has not|did not)"
    rb"|This (?:message was created automatically by mail delivery)"
    rb"|I'm (?:sorry|afraid)[^\n]{0,40}(?:deliver|have to inform)|A message that you sent"
    rb"|Your message (?:to|cannot)|Delivery to the following"
    rb"|Unable to deliver|Message from |Unknown local part|The (?:user|mail|message|e-mail|original message|attached message))"
)


def classify(message: Message, raw: bytes) -> str:
    """Return BOUNCE, AUTOMATIC, LIST or PERSON."""
    parts = list(_parts(message))
    types = {part.get_content_type() for part in parts}
    if types & _REPORT_TYPES or '"notificationType":"Bounce"' in _beginning_of_text(message):
        return BOUNCE
    if message.get("X-Failed-Recipients") or _is_from_mail_system(message, raw, types):
        return BOUNCE
    if _is_automatic(message) or "message/disposition-notification" in types:
        return AUTOMATIC
    if message.get("List-Id") or _word(message, "Precedence") in _BULK:
        return LIST
    return PERSON


def _is_from_mail_system(message: Message, raw: bytes, types: set[str]) -> bool:
    name, address = headers.mailbox(message, "From")
    # Some write only a name, in the place of the address.
    named = bool(_SYSTEM_NAME.match(name) or _SYSTEM_NAME.match(headers.text(message, "From")))
    subject, came_from = headers.text(message, "Subject"), headers.text(message, "Return-Path")
    beginning = raw[:65_536]
    # Two signs at least. People do not have the first two.
    by_system = bool(_SYSTEM.match(address))
    no_sender = came_from in {"<>", "<MAILER-DAEMON>"} or bool(_SYSTEM.match(came_from.strip("<>")))
    returned = bool(_RETURNED.search(subject)) and not _ANSWERED.match(subject)
    has_mail = bool(types & _RETURNED_TYPES) or message.get_content_type() == "multipart/report"
    reported, spoken = bool(_REPORTED.search(beginning)), bool(_SPOKEN.search(beginning))
    if by_system or no_sender:
        return by_system + no_sender + returned + has_mail + (reported or spoken) >= 2
    # Somebody's "delivery problem with my order" is none; nor is a report that he forwards.
    return (returned and (has_mail or reported)) or (named and (returned or reported or spoken))


def _is_automatic(message: Message) -> bool:
    automatic = _word(message, "Auto-Submitted")
    if automatic and automatic != "no":
        return True
    if message.get("X-Autoreply") or message.get("X-Autorespond") or message.get("X-Autogenerated"):
        return True
    if _word(message, "Precedence") == "auto_reply" or _word(message, "X-Precedence") == "auto_reply":
        return True
    if headers.text(message, "Return-Path") == "<>":
        return True
    return bool(_AWAY.match(headers.text(message, "Subject")))


def _word(message: Message, name: str) -> str:
    words = re.split(r"[\s;(]", headers.text(message, name).lower(), maxsplit=1)
    return words[0]


def _beginning_of_text(message: Message) -> str:
    # Decoded, since otherwise it would be read in whatever charset it names.
    content = None if message.is_multipart() else message.get_payload(decode=True)
    return content[:200].decode("ascii", "replace") if isinstance(content, bytes) else ""


def _parts(message: Message, deepest: int = 6) -> Iterator[Message]:
    """The parts, but not those of a mail within the mail."""
    yield message
    if deepest and message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, deepest - 1)


_FIELD = re.compile(r"(?im)^(action|status|diagnostic-code)[ \t]*:[ \t]*([^\n]{0,400}(?:\n[ \t][^\n]{0,400}){0,4})")
_CODE = re.compile(r"\b([45]\.\d{1,3}\.\d{1,3})\b")
_LINE_ID = re.compile(rb"(?mi)^[> \t]{0,4}Message-ID:[ \t]{0,4}(?:\n[ \t]{1,4})?(<[^<>\s]{3,250}>)")


def report(message: Message, raw: bytes) -> Report:
    """Read whose mail it was that did not arrive, and why."""
    said: dict[str, str] = {}
    for part in _parts(message):
        if part.get_content_type() in _REPORT_TYPES:
            for name, value in _FIELD.findall(_as_text(part)[:65_536]):
                said.setdefault(name.lower(), headers.one_line(value))
    body = raw[: 1 << 20].replace(b"\r\n", b"\n")
    # The report has an id of its own first; those of the mail that it is about come after the headers.
    _head, _gap, after = body.partition(b"\n\n")
    ids = [found.decode("ascii", "replace") for found in _LINE_ID.findall(after)[:20]]
    ids += headers.ids(message, "In-Reply-To", "References", "X-Failed-Message-ID")
    status = said.get("status", "").split(" ")[0] or _first_code(after)
    reason = said.get("diagnostic-code", "") or headers.text(message, "Subject")
    return Report(
        ids=list(dict.fromkeys(ids)), action=said.get("action", "").lower(), status=status, reason=reason[:400]
    )


def _first_code(body: bytes) -> str:
    found = _CODE.search(body[:65_536].decode("ascii", "replace"))
    return found[1] if found else ""


def _as_text(part: Message) -> str:
    """The fields of a report: its parser has made messages of them."""
    if part.is_multipart():
        return "\n".join(
            f"{name}: {value}"
            for block in part.get_payload()
            if isinstance(block, Message)
            for name, value in block.items()
        )
    content = part.get_payload(decode=True)
    return content.decode("ascii", "replace") if isinstance(content, bytes) else ""
