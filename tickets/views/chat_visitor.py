"""The visitor's side of a chat: the script that a site loads, the page that it frames, and what that page asks.

The visitor has no account and, within another site's page, no cookie. Her key to the chat is in a header, which no form
and no other site's script can send; so no request here needs a token against forgery, and no log has the key in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from tickets import filetypes, limits, stamps
from tickets.channels import chat as channel
from tickets.channels import web
from tickets.chat_forms import BeginForm, FileForm, LineForm
from tickets.client_door import open_to_clients
from tickets.models import Attachment, Chat, ChatLine, ChatWidget
from tickets.views.attachments import saved_file
from tickets.views.public import chosen_language, language_of, page
from tickets.views.web_form import framed

BEGUN_PER_NETWORK, LINES_A_MINUTE, FILES_PER_CHAT, MINUTE = 20, 40, 20, 60
# More lines than one page ever shows at once.
MOST_LINES = 500
# What colleagues say to each other is not for the visitor.
SHOWN = [kind for kind in ChatLine.Kind.values if kind != ChatLine.Kind.NOTE]


def _widget(slug: str) -> ChatWidget:
    return get_object_or_404(ChatWidget.objects.select_related("client", "queue", "form"), slug=slug, is_active=True)


@open_to_clients
@require_safe
@cache_control(public=True, max_age=300)
def script(request: HttpRequest, slug: str) -> HttpResponse:
    """The one script tag: draws the button, and frames the talk when it is pressed. It sees nothing of what is said."""
    widget = _widget(slug)
    words: dict[str, dict[str, str]] = {}
    for code in widget.languages:
        with translation.override(code):
            words[code] = {
                "open": widget.text("button") or _("Chat with us"),
                "close": _("Close the chat"),
                "new": _("New messages"),
            }
    about = {
        "frame": settings.PUBLIC_URL + widget.get_absolute_url(),
        "origin": settings.PUBLIC_URL,
        "name": f"chat-{widget.slug}",
        "colour": widget.colour,
        "words": words,
    }
    # As data within a script, nothing of it may end the script.
    said = json.dumps(about).replace("<", "\\u003c")
    answer = render(request, "web/chat_loader.js", {"about": said}, content_type="text/javascript; charset=utf-8")
    # Sites of other origins load it.
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@open_to_clients
@require_safe
@never_cache
def frame(request: HttpRequest, slug: str) -> HttpResponse:
    """The page within the site's page: begins a chat, carries it, or says that nobody is there."""
    widget = _widget(slug)
    with (
        translation.override(language_of(request, widget.languages, widget.client.language)),
        timezone.override(web.zone_of(widget.client)),
    ):
        context = {
            "widget": widget,
            "stamp": stamps.make(purpose(widget)),
            "is_staffed": channel.is_staffed(widget),
            "opens_at": channel.opens_at(widget),
            "form": BeginForm(),
            "kinds": ",".join(sorted(FileForm.KINDS)),
            "language": chosen_language(request),
        }
        answer = page(request, "web/chat.html", context)
    # Our own pages show it too, when it is tried out.
    return framed(request, answer, [*widget.origins, settings.PUBLIC_URL])


def purpose(widget: ChatWidget) -> str:
    return f"chat:{widget.pk}"


type ChatView = Callable[..., HttpResponseBase]


def for_visitor(view: ChatView) -> ChatView:
    """Open the chat that the key in the header opens; anything else is no chat at all."""

    @open_to_clients
    @csrf_exempt
    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
        widget = _widget(slug)
        chat = channel.chat_of(widget, request.headers.get("X-Chat-Key", ""))
        if chat is None:
            return JsonResponse({"state": "none"}, status=404)
        with translation.override(chat.language), timezone.override(web.zone_of(widget.client)):
            return view(request, chat, **kwargs)

    return opened


@open_to_clients
@csrf_exempt
@never_cache
@require_POST
def beginning(request: HttpRequest, slug: str) -> JsonResponse:
    """The first line. A button that is pressed twice begins one chat."""
    widget = _widget(slug)
    language = language_of(request, widget.languages, widget.client.language)
    with translation.override(language), timezone.override(web.zone_of(widget.client)):
        form = BeginForm(request.POST)
        stamp = stamps.read(request.POST.get("stamp", ""), purpose(widget))
        if stamp is None or stamp.is_too_old:
            return JsonResponse({"problems": [_("Please load the page anew and write once more.")]}, status=422)
        if not form.is_valid():
            return JsonResponse({"problems": form.problems()}, status=422)
        if limits.is_over("chat-begin", limits.network_of(request), most=BEGUN_PER_NETWORK) or limits.is_over(
            "chat-stamp", stamp.key, most=1
        ):
            return JsonResponse({"problems": [_("Too many chats have begun here. Please wait a while.")]}, status=429)
        came = form.cleaned_data
        visitor = channel.read_identity(widget, came["signed"], came["signature"])
        chat, key = channel.begin(
            widget, text=came["text"], language=language, name=came["name"], email=came["email"], visitor=visitor
        )
        return JsonResponse({"key": key, **_news(chat, 0)})


@for_visitor
@require_GET
def news(request: HttpRequest, chat: Chat) -> JsonResponse:
    """What has been said since, and how it stands. Asked every second or two: one that is lost is asked again."""
    chat.see()
    after = request.GET.get("after", "")
    return JsonResponse(_news(chat, int(after) if after.isdecimal() and len(after) < 19 else 0))


@for_visitor
@require_POST
def lines(request: HttpRequest, chat: Chat) -> JsonResponse:
    form = LineForm(request.POST)
    if chat.is_over:
        return JsonResponse({"problems": [_("This chat is over.")], **_news(chat, 0)}, status=409)
    if not form.is_valid():
        return JsonResponse({"problems": form.problems()}, status=422)
    if limits.is_over("chat-lines", str(chat.pk), most=LINES_A_MINUTE, seconds=MINUTE):
        return JsonResponse({"problems": [_("That was too fast. Please wait a moment.")]}, status=429)
    channel.stop_typing(chat, "visitor")
    line = chat.say(ChatLine.Kind.VISITOR, form.cleaned_data["text"], key=f"visitor:{form.cleaned_data['key']}")
    return JsonResponse({"line": as_said(line)})


@for_visitor
@require_POST
def files(request: HttpRequest, chat: Chat) -> JsonResponse:
    form = FileForm(request.POST, request.FILES)
    if chat.is_over:
        return JsonResponse({"problems": [_("This chat is over.")]}, status=409)
    if not form.is_valid():
        return JsonResponse({"problems": form.problems()}, status=422)
    if limits.is_over("chat-files", str(chat.pk), most=FILES_PER_CHAT):
        return JsonResponse({"problems": [_("No more files can be sent in this chat.")]}, status=429)
    file = form.cleaned_data["file"]
    kept = Attachment.keep(file, name=file.name or "", content_type=filetypes.sniff(file))
    line = chat.say(ChatLine.Kind.VISITOR, key=f"visitor:{form.cleaned_data['key']}", attachment=kept)
    return JsonResponse({"line": as_said(line)})


@for_visitor
@require_POST
def typing(_request: HttpRequest, chat: Chat) -> HttpResponse:
    channel.say_typing(chat, "visitor")
    return HttpResponse(status=204)


@for_visitor
@require_POST
def leaving(_request: HttpRequest, chat: Chat) -> JsonResponse:
    chat.leave()
    chat.refresh_from_db()
    return JsonResponse(_news(chat, 0))


@for_visitor
@require_POST
def transcript(_request: HttpRequest, chat: Chat) -> JsonResponse:
    """Send what was said by mail: at once where her address is proved, else when an agent knows that it is hers."""
    Chat.objects.filter(pk=chat.pk).update(wants_transcript=True)
    mail = channel.mail_transcript(chat)
    words = _("It is on its way.") if mail else _("You get it when we have looked at your address.")
    return JsonResponse({"words": words})


@for_visitor
@require_GET
def file(_request: HttpRequest, chat: Chat, pk: UUID) -> HttpResponseBase:
    line = chat.lines.filter(attachment=pk, kind__in=SHOWN).select_related("attachment").first()
    if line is None or line.attachment is None:
        raise Http404
    return saved_file(line.attachment)


def _news(chat: Chat, after: int) -> dict[str, Any]:
    chat = Chat.objects.select_related("contact", "widget", "queue").get(pk=chat.pk)
    said = chat.lines.filter(pk__gt=after, kind__in=SHOWN).select_related("author", "attachment")[:MOST_LINES]
    state = "over" if chat.is_over else "waiting" if chat.waits_since else "talking"
    found: dict[str, Any] = {"state": state, "lines": [as_said(line) for line in said]}
    if state == "waiting":
        found |= {"ahead": channel.ahead_of(chat), "minutes": channel.expected_minutes(chat)}
        found["words"] = _waiting_words(found["ahead"], found["minutes"])
    elif state == "talking":
        found["typing"] = channel.who_types(chat, "agent")
    else:
        found["may_mail"] = bool(chat.email) and chat.contact.answered_at is not None
    return found


def _waiting_words(ahead: int, minutes: int | None) -> str:
    place = _("You are next.") if not ahead else _("You are number %(place)d in the line.") % {"place": ahead + 1}
    return place if minutes is None else f"{place} {_('It takes about %(minutes)d min.') % {'minutes': minutes}}"


def as_said(line: ChatLine) -> dict[str, Any]:
    """A line as the visitor's page shows it: text, never markup."""
    found: dict[str, Any] = {
        "id": line.pk,
        "side": line.kind if line.is_talk else "event",
        "who": str(line.author) if line.author and line.kind != ChatLine.Kind.VISITOR else "",
        "at": f"{timezone.localtime(line.at):%H:%M}",
        "text": line.body if line.is_talk else str(line.get_kind_display()),
    }
    if line.kind == ChatLine.Kind.LEFT:
        found["text"] = _("You have left the chat.")
    elif line.kind == ChatLine.Kind.TRANSFERRED:
        found["text"] = _("has handed the chat to %(whom)s") % {"whom": line.body}
    if line.attachment:
        kept = line.attachment
        found["file"] = {"id": str(kept.pk), "name": kept.name, "size": filesizeformat(kept.size)}
    return found
