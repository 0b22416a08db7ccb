"""Writing: the composer, its drafts, sending and taking back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import richtext, sending, teamwork, timeline
from tickets.composer import composer_of
from tickets.forms import SendForm
from tickets.models import Case, Draft
from tickets.models.draft import UNDO
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import page_of, visible_case


@for_agents
@require_GET
def composer(request: AgentRequest, number: int) -> HttpResponse:
    """The composer, open at the draft of one kind; without a kind, closed."""
    case = visible_case(request, number)
    kind = request.GET.get("kind", "")
    message = request.GET.get("message", "")
    context = composer_of(case, request.user, kind, quoting=int(message) if message.isdecimal() else None)
    if not request.htmx:
        return render(request, "tickets/case_detail.html", page_of(case, request.user) | context)
    return render(request, "tickets/case_composer.html", context)


@for_agents
@require_POST
def draft(request: AgentRequest, number: int) -> JsonResponse:
    """Keep what is typed. Where another window has saved since, say so and give its text: nothing is overwritten."""
    case, form = visible_case(request, number), SendForm(request.POST)
    form.is_valid()
    if "kind" not in form.cleaned_data:
        return JsonResponse({"problem": str(form.errors)}, status=400)
    one = sending.draft_of(case, form.cleaned_data["kind"], by=request.user)
    version = form.cleaned_data.get("version")
    if one.write(version=one.version if version is None else version, **fields_of(form)):
        return JsonResponse({"version": one.version, "draft": one.pk})
    return JsonResponse({"version": one.version, "html": one.html, "draft": one.pk}, status=409)


def fields_of(form: SendForm) -> dict[str, Any]:
    """What to keep of what came: an address that is half typed waits until it can be read."""
    came = form.cleaned_data
    fields = {
        name: came[name] for name in ("html", "to", "cc", "seen") if name in form.data and came.get(name) is not None
    }
    if came.get("worked") is not None:
        fields["worked"] = timedelta(seconds=came["worked"])
    return fields


@for_agents
@require_POST
def send(request: AgentRequest, number: int) -> HttpResponse:
    """Send: a note is kept at once, a message leaves when it can no longer be taken back."""
    case, form = visible_case(request, number), SendForm(request.POST)
    if text := request.POST.get("text", ""):  # Without scripts there is a plain field in place of the editor.
        form = SendForm({**request.POST.dict(), "html": richtext.from_text(text)})
    if not form.is_valid():
        return composer_again(request, case, form, problems=[str(one[0]) for one in form.errors.values()])
    one = sending.draft_of(case, form.cleaned_data["kind"], by=request.user)
    version = form.cleaned_data.get("version")
    if not one.write(version=one.version if version is None else version, **fields_of(form)):
        return composer_again(
            request, case, form, problems=[_("This draft was changed in another window. Both texts are below.")]
        )
    if one.kind == Draft.Kind.NOTE:
        return keep_note(request, case, one)
    try:
        then, later = form.cleaned_data["then"], form.cleaned_data["later"]
        sending.send(one, then=then, at=later, despite_news=form.cleaned_data["despite"])
    except ValidationError as error:
        return composer_again(request, case, form, problems=error.messages)
    except sending.NewerError:
        newer = timeline.news([case.pk], one.seen, user=request.user)
        return composer_again(request, case, form, newer=newer)
    return sent(request, case, one)


def composer_again(request: AgentRequest, case: Case, form: SendForm, **why: Any) -> HttpResponse:
    """The composer as it was, with what stands in the way."""
    context = composer_of(case, request.user, form.data.get("kind", ""), form=form, **why)
    if "draft" in context and context["draft"].html != form.data.get("html"):
        context["draft"].html = richtext.clean(form.data.get("html", "")) or context["draft"].html
    if not request.htmx:
        return render(request, "tickets/case_detail.html", page_of(case, request.user) | context)
    return render(request, "tickets/case_composer.html", context)


def keep_note(request: AgentRequest, case: Case, one: Draft) -> HttpResponse:
    if richtext.is_empty(one.html) and not one.attachments.exists():
        return composer_again(request, case, SendForm(request.POST), problems=[_("There is nothing to send yet.")])
    body = richtext.to_text(one.html)
    message = case.write_note(body, html=one.html, by=request.user)
    one.attachments.update(draft=None, message=message)
    one.delete()
    teamwork.mention(body, case, by=request.user)
    return after(request, case)


def sent(request: AgentRequest, case: Case, one: Draft) -> HttpResponse:
    answer = after(request, case)
    if request.htmx:
        # The page may be left for the next case at once: its script keeps this, and shows the undo there.
        answer["X-Leaving"] = str(one.pk)
        answer["X-Undo-Seconds"] = str(int(UNDO.total_seconds()))
    return answer


def after(request: AgentRequest, case: Case) -> HttpResponse:
    """The closed composer, and the page's changed parts beside it."""
    if not request.htmx:
        return redirect(case)
    fresh = visible_case(request, case.pk)
    context = page_of(fresh, request.user) | composer_of(fresh, request.user, "")
    return render(request, "tickets/case_detail.html#sent", context)


@for_agents
@require_POST
def taking_back(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Undo: the message is a draft again, and the case is what it was."""
    case = visible_case(request, number)
    one = get_object_or_404(Draft.objects.visible_to(request.user), pk=pk, case=case)
    if not sending.take_back(one):
        messages.warning(request, _("Too late: it has left."))
    if not request.htmx:
        return redirect(f"{case.get_absolute_url()}#composer")
    fresh = visible_case(request, number)
    context = page_of(fresh, request.user) | composer_of(fresh, request.user, one.kind)
    return render(request, "tickets/case_detail.html#sent", context)


@for_agents
@require_POST
def discarding(request: AgentRequest, number: int) -> HttpResponse:
    """Throw a draft away."""
    case = visible_case(request, number)
    case.drafts.filter(author=request.user, kind=request.POST.get("kind", ""), send_at=None).delete()
    if not request.htmx:
        return redirect(case)
    return render(request, "tickets/case_composer.html", composer_of(visible_case(request, number), request.user, ""))
