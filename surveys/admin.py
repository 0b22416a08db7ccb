"""Invitations and answers to look at. They are facts of the log and are not edited; no link is shown here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from surveys.models import Invitation, Response


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    list_display = ["external_id", "client", "case", "language", "sent_at", "is_delivered", "expires_at"]
    list_filter = ["client", "language", "is_delivered"]
    list_select_related = ["client", "case"]
    date_hierarchy = "sent_at"
    # Pages of rows, without a count over all of them at each view.
    show_full_result_count = False
    # The mail holds the customer's link.
    exclude = ["mail"]


@admin.register(Response)
class ResponseAdmin(ReadOnly):
    list_display = ["invitation", "responded_at", "csat", "ces", "nps", "fcr_resolved", "fcr_contacts", "comment"]
    list_filter = ["fcr_resolved"]
    list_select_related = ["invitation"]
    date_hierarchy = "responded_at"
    show_full_result_count = False
