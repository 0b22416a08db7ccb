"""Files: added to a draft, given out again to whoever may read the case."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import filetypes, pictures, scanning, sending
from tickets.client_door import open_to_clients
from tickets.models import Attachment, Draft
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import visible_case

MOST_FILES = 20


@for_agents
@require_POST
def attachments(request: AgentRequest, number: int) -> HttpResponse:
    """Add files to a draft, by choosing, dropping or pasting them."""
    case, kind = visible_case(request, number), request.POST.get("kind", "")
    draft = sending.draft_of(case, kind if kind in Draft.Kind.values else Draft.Kind.REPLY, by=request.user)
    problems = []
    for file in request.FILES.getlist("file"):
        name = file.name or ""
        if (file.size or 0) > settings.LARGEST_ATTACHMENT:
            problems.append(
                _("“%(name)s” is too large: %(most)d MB at most.")
                % {"name": name, "most": settings.LARGEST_ATTACHMENT >> 20}
            )
        elif draft.attachments.count() >= MOST_FILES:
            problems.append(_("%(most)d files at most go with one message.") % {"most": MOST_FILES})
        else:
            Attachment.keep(file, name=name, content_type=filetypes.sniff(file), draft=draft, created_by=request.user)
    context = {"case": case, "kind": draft.kind, "attachments": draft.attachments.all(), "problems": problems}
    return render(request, "tickets/compose_attachments.html", context)


@for_agents
@require_POST
def attachment_removal(request: AgentRequest, number: int, pk: UUID) -> HttpResponse:
    case = visible_case(request, number)
    one = get_object_or_404(Attachment, pk=pk, draft__case=case, draft__author=request.user, draft__send_at=None)
    draft = one.draft
    assert draft is not None
    one.file.delete(save=False)
    one.delete()
    context = {"case": case, "kind": draft.kind, "attachments": draft.attachments.all()}
    return render(request, "tickets/compose_attachments.html", context)


@open_to_clients
@for_agents
@require_GET
def attachment(request: AgentRequest, pk: UUID) -> FileResponse:
    """Give out a file. Only pictures that can do no harm are shown in the page; everything else is saved."""
    one = get_object_or_404(Attachment.objects.visible_to(request.user), pk=pk)
    return saved_file(one, shows_pictures=True)


def saved_file(one: Attachment, *, shows_pictures: bool = False) -> FileResponse:
    """The file itself, to be saved; pictures may be shown instead, drawn anew. One that may hold a virus is held back."""
    if scanning.holds_back(one):
        raise PermissionDenied(scanning.why(one))
    picture = pictures.drawn(one) if shows_pictures else None
    answer = FileResponse(
        BytesIO(picture[0]) if picture else one.file.open(),
        as_attachment=picture is None,
        filename=one.name,
        content_type=picture[1] if picture else "application/octet-stream",
    )
    # Opened by itself it runs nothing and loads nothing, whatever it turns out to be.
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
