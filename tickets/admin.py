"""What an administrator sets up: people, teams, queues, topics, clients, agreements and calendars.

Cases and contacts are not here: they change through their verbs, which write the log, and through nothing else.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import (
    Agreement,
    Calendar,
    Client,
    ClosedDay,
    IncomingMail,
    Mailbox,
    OpeningHours,
    Queue,
    ServiceLevel,
    Skill,
    Team,
    Topic,
    User,
)

admin.site.site_header = _("Helpdesk: administration")
admin.site.site_title = _("Helpdesk")


class Configuration(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Open to administrators by their role, so that nobody has to hand out permissions model by model."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_administer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)


class Lines(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request)


def may_administer(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_active and (user.is_superuser or user.role == User.Role.ADMIN)


@admin.register(User)
class UserAdmin(Configuration, DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    list_display = ["username", "first_name", "last_name", "role", "team", "is_active", "last_login"]
    list_filter = ["role", "team", "is_active"]
    list_select_related = ["team"]
    search_fields = ["username", "first_name", "last_name", "email", "code"]
    filter_horizontal = ["skills"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "language"]}),
        (_("Work"), {"fields": ["role", "code", "team", "client", "skills"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "usable_password", "password1", "password2", "role", "team", "client"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever leaves is made inactive: her work stays hers in every figure."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if request.user.is_superuser else ["is_superuser"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser changes a superuser, her password above all."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or request.user.is_superuser)


@admin.register(Team, Skill)
class NamedAdmin(Configuration):
    list_display = ["name", "code"]
    search_fields = ["name", "code"]


@admin.register(Queue)
class QueueAdmin(Configuration):
    list_display = ["name", "code", "client", "team"]
    list_filter = ["client", "team"]
    list_select_related = ["client", "team"]
    search_fields = ["name", "code"]
    filter_horizontal = ["teams", "skills"]


@admin.register(Topic)
class TopicAdmin(Configuration):
    """Topics are named by their whole path; the parents are made where they are missing."""

    list_display = ["path", "demand", "business_area", "first_contact_resolvable", "is_active"]
    list_filter = ["is_active", "demand", "first_contact_resolvable"]
    list_editable = ["demand", "first_contact_resolvable", "is_active"]
    search_fields = ["path"]
    fields = ["path", "demand", "business_area", "first_contact_resolvable", "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # The contacts of the past are matched on the path.
        return ["path"] if obj else []

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if not change:
            made = Topic.objects.at_path(obj.path)
            obj.pk, obj.path, obj.name, obj.parent = made.pk, made.path, made.name, made.parent
            obj._state.adding = False  # noqa: SLF001 - the row is there already
        super().save_model(request, obj, form, change)


@admin.register(Client)
class ClientAdmin(Configuration):
    list_display = ["name", "code", "language", "shows_agents"]
    search_fields = ["name", "code"]


class HistoryLines(Lines):
    """Lines of what may have been in force: shown, and no longer edited once it was."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not is_history(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_history(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_history(obj)


def is_history(obj: Any) -> bool:
    """Whether an agreement, or a calendar that one keeps time by, has been in force: then it is no longer edited."""
    if isinstance(obj, Calendar):
        return obj.is_history
    return isinstance(obj, Agreement) and obj.is_in_force


class ServiceLevelLines(HistoryLines):
    model = ServiceLevel


@admin.register(Agreement)
class AgreementAdmin(Configuration):
    """A changed promise is a new version with a later start; the past keeps the one that was in force then.

    A version that has begun is only shown here. New versions, and restating history, have a page of their own.
    """

    list_display = ["client", "valid_from", "calendar", "service_level_variant", "fcr_window_days"]
    list_filter = ["client"]
    list_select_related = ["client", "calendar"]
    date_hierarchy = "valid_from"
    save_as = True
    # Deleting several at once would ask nobody whether one has been in force.
    actions = None
    inlines = [ServiceLevelLines]
    change_form_template = "tickets/admin_agreement.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_history(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_history(obj)


class OpeningHoursLines(HistoryLines):
    model = OpeningHours


class ClosedDayForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = ClosedDay
        fields = ["closed_on", "name"]

    def clean_closed_on(self) -> date:
        day: date = self.cleaned_data["closed_on"]
        if day < timezone.localdate() and is_history(self.instance.calendar):
            raise forms.ValidationError(_("These hours have been in force: only days to come can be closed."))
        return day


class ClosedDayLines(Lines):
    """Days to come may be closed at any time; what was closed stays closed."""

    model = ClosedDay
    form = ClosedDayForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not is_history(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_history(obj)


@admin.register(Calendar)
class CalendarAdmin(Configuration):
    """Hours that have been in force are history: other hours are another calendar, named by a new version."""

    list_display = ["name", "timezone", "country"]
    inlines = [OpeningHoursLines, ClosedDayLines]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["timezone", "country"] if is_history(obj) else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_history(obj)


@admin.register(Mailbox)
class MailboxAdmin(Configuration):
    list_display = ["name", "address", "queue", "is_active", "checked_at", "last_error", "failing_since"]
    readonly_fields = ["checked_at", "last_error", "failing_since"]


@admin.register(IncomingMail)
class IncomingMailAdmin(Configuration):
    """Every mail that came, also what became no case: bounces, automatic notices, and what was set aside."""

    list_display = ["received_at", "mailbox", "kind", "state", "case", "error"]
    list_filter = ["state", "kind", "mailbox"]
    list_select_related = ["mailbox", "case"]
    fields = ["mailbox", "received_at", "mail_id", "kind", "state", "attempts", "error", "case"]
    readonly_fields = ["mailbox", "received_at", "mail_id", "kind", "state", "attempts", "error", "case"]
    actions = ["try_again"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Try again what was set aside"))
    def try_again(self, _request: HttpRequest, mails: QuerySet[IncomingMail]) -> None:
        for mail in mails:
            mail.try_again()
