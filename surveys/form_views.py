"""Survey forms at the desk: put together, worded, looked at as mail and page, and published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from surveys.desk_views import in_charge, status_of
from surveys.form_forms import QuestionnaireForm, WordsForm
from surveys.forms import AnswerForm
from surveys.invite import mail_context
from surveys.models import Invitation
from surveys.questionnaires import Question, Questionnaire, Version
from surveys.questions import STANDARD, Item, languages_missing, moved, reworded, standard_item, without
from tickets.models import Client
from tickets.views import AgentRequest, for_agents

# A mail brings its own styles, and nothing else.
MAIL: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}


def _form(request: AgentRequest, pk: int) -> Questionnaire:
    in_charge(request)
    return get_object_or_404(Questionnaire.objects.select_related("client", "queue"), pk=pk)


@for_agents
@require_safe
def forms(request: AgentRequest) -> HttpResponse:
    in_charge(request)
    found = Questionnaire.objects.select_related("client", "queue").prefetch_related("versions")
    return render(request, "surveys/forms.html", {"forms": [_line(one) for one in found]})


def _line(one: Questionnaire) -> dict[str, Any]:
    versions = list(one.versions.all())
    newest = versions[0] if versions else None
    changed = newest is None or newest.content != one.draft
    return {"form": one, "newest": newest, "is_changed": changed, "questions": len(one.draft)}


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: AgentRequest) -> HttpResponse:
    in_charge(request)
    form = QuestionnaireForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("survey_form", form.save().pk)
    return render(request, "surveys/form_new.html", {"form": form}, status=status_of(request))


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: AgentRequest, pk: int) -> HttpResponse:
    """The questions in order, whom the form is for, and its versions."""
    one = _form(request, pk)
    form = QuestionnaireForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        # Not the draft, on which somebody else may be at work.
        form.save(commit=False).save(update_fields=list(form.fields))
        messages.success(request, _("Saved."))
        return redirect("survey_form", one.pk)
    items = one.items
    own = {question.key: question for question in one.questions.all()}
    used = {item.key for item in items}
    offered = [standard_item(key) for key in STANDARD if key not in used]
    offered += [question.item for key, question in own.items() if key not in used]
    context = {
        "questionnaire": one,
        "form": form,
        "lines": [_said(item) for item in items],
        "offered": [_said(item) for item in offered],
        "versions": one.versions.select_related("by"),
        "is_changed": one.is_changed,
        "languages": settings.LANGUAGES,
    }
    return render(request, "surveys/form.html", context, status=status_of(request))


def _said(item: Item) -> dict[str, Any]:
    words = item.words(translation.get_language() or settings.LANGUAGE_CODE, settings.LANGUAGE_CODE)
    names = {code: _(str(name)) for code, name in settings.LANGUAGES}
    missing = ", ".join(names[code] for code in languages_missing(item, list(names)))
    scale = Question.Kind(item.scale).label if item.scale else ""
    return {"item": item, "label": words["label"], "scale": scale, "missing": missing}


@for_agents
@require_POST
def change(request: AgentRequest, pk: int) -> HttpResponse:
    """One verb on one question of the draft: up, down, removed, or put (back) at the end."""
    one = _form(request, pk)
    key, verb = request.POST.get("key", ""), request.POST.get("verb", "")
    if verb in {"up", "down"}:
        one.rework(lambda items: moved(items, key, -1 if verb == "up" else 1))
    elif verb == "remove":
        one.rework(lambda items: without(items, key))
    elif verb == "add":
        offered = _offered(one, key)
        one.rework(lambda items: [*without(items, key), offered])
    else:
        raise Http404
    return redirect("survey_form", one.pk)


def _offered(one: Questionnaire, key: str) -> Item:
    if key in STANDARD:
        return standard_item(key)
    if not key[1:].isdecimal():
        raise Http404
    return get_object_or_404(Question, questionnaire=one, pk=min(int(key[1:]), 2**63 - 1)).item


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: AgentRequest, pk: int, key: str = "") -> HttpResponse:
    """The words of a question in every language; without a key, a new own one."""
    one = _form(request, pk)
    items = one.items
    item = next((found for found in items if found.key == key), None)
    if key and item is None:
        raise Http404
    own = one.questions.filter(pk=int(key[1:])).first() if item is not None and item.is_own else None
    form = WordsForm(item, request.POST or None, options=own.options if own else 0)
    if request.method == "POST" and form.is_valid():
        texts, scale = form.texts(), form.chosen_scale()
        if item is None:
            count = max((len(said.get("options", [])) for said in texts.values()), default=0)
            made = Question.objects.create(questionnaire=one, kind=scale, texts=texts, options=count)
            one.rework(lambda items: [*items, made.item])
        else:
            if own is not None:
                own.texts = texts
                own.save(update_fields=["texts"])
            one.rework(lambda items: reworded(items, key, texts, scale))
        messages.success(request, _("Saved in the draft. Customers are asked so when it is published."))
        return redirect("survey_form", one.pk)
    context = {"questionnaire": one, "form": form, "said": _said(item) if item else None}
    return render(request, "surveys/form_question.html", context, status=status_of(request))


@for_agents
@require_POST
def publish(request: AgentRequest, pk: int) -> HttpResponse:
    one = _form(request, pk)
    version = one.publish(request.user)
    if version is not None:
        said = _("Version %(number)s is what customers are asked from now on. Links sent before keep theirs.")
        messages.success(request, said % {"number": version.number})
    elif not one.draft:
        messages.error(request, _("There is no question in it: add at least one."))
    else:
        messages.info(request, _("Nothing has changed since the last version."))
    return redirect("survey_form", one.pk)


@for_agents
@require_POST
def deletion(request: AgentRequest, pk: int) -> HttpResponse:
    """A form that was never published goes; one that was is only taken out of use, for its answers mean what it asked."""
    one = _form(request, pk)
    if one.versions.exists():
        Questionnaire.objects.filter(pk=one.pk).update(is_on=False)
        messages.info(request, _("Customers have seen it, so it is kept. It is not used any more."))
    else:
        one.delete()
        messages.info(request, _("Deleted."))
    return redirect("survey_forms")


# --- looked at, and nothing stored


def _shown(request: AgentRequest, pk: int) -> tuple[Invitation, str]:
    """An invitation that is nowhere but here: of the draft, or of a version."""
    one = _form(request, pk)
    number = request.GET.get("version", "")
    version = Version(questionnaire=one, number=0, content=one.draft)
    if number:
        version = get_object_or_404(one.versions, number=int(number) if number.isdecimal() else 0)
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    client = one.client or Client.objects.order_by("pk").first() or Client(name=one.name)
    now = timezone.now()
    sent = Invitation(client=client, case_id=1, sent_at=now, expires_at=now + timedelta(days=14), language=language)
    sent.version = version
    return sent, language


@for_agents
@require_safe
def preview_page(request: AgentRequest, pk: int) -> HttpResponse:
    invitation, language = _shown(request, pk)
    with translation.override(language):
        context = {"invitation": invitation, "form": AnswerForm(invitation.items), "preview": True}
        return render(request, "surveys/survey.html", context)


@for_agents
@require_safe
@csp_override(MAIL)
def preview_mail(request: AgentRequest, pk: int) -> HttpResponse:
    invitation, language = _shown(request, pk)
    with translation.override(language):
        return HttpResponse(render_to_string("mail/survey_invitation.html", mail_context(invitation, "#", "#")))
