"""The forms of the set-up. Each says in its errors which field is meant, and what to do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.utils import construct_change_message
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tickets import outward, setup
from tickets.forms import Choice, Input, Tick
from tickets.models import (
    Queue,
    Skill,
    Team,
    Topic,
    User,
)


class Several(forms.CheckboxSelectMultiple):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-check-input", **attrs})


class SetupForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A form of the set-up: knows who fills it in, and refuses what somebody else has changed meanwhile."""

    was = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        self.by = by
        super().__init__(*args, **kwargs)
        self.is_new = self.instance.pk is None
        self.fields["was"].initial = self.digest()
        for field in self.fields.values():
            if isinstance(field, forms.BooleanField):
                field.widget = Tick()
            elif type(field.widget) in {forms.TextInput, forms.EmailInput, forms.NumberInput, forms.Textarea}:
                field.widget.attrs["class"] = "form-control"
            elif type(field.widget) is forms.Select:
                field.widget.attrs["class"] = "form-select"

    def digest(self) -> str:
        """What the row says, in few letters."""
        names = [name for name in self.fields if name in {field.name for field in self.instance._meta.get_fields()}]  # noqa: SLF001 - Django's own name for it
        values = {} if self.is_new else forms.models.model_to_dict(self.instance, fields=names)
        said = repr([(name, sorted(map(str, v)) if isinstance(v, list) else v) for name, v in sorted(values.items())])
        return salted_hmac("tickets.setup", said, algorithm="sha256").hexdigest()[:16]

    def clean_was(self) -> str:
        was: str = self.cleaned_data["was"]
        if not self.is_new and was and was != self.digest():
            self.add_error(
                None, _("Somebody else has changed this meanwhile. What is there now is shown when you open it again.")
            )
        return was

    def choose_from(self, name: str, rows: Any) -> None:
        """What may be chosen, besides what is chosen already."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows

    def in_use(self, name: str, model: Any) -> Any:
        """Rows that are in use, and those that are chosen already."""
        chosen = self.initial.get(name) or []
        many = chosen if isinstance(chosen, list) else [chosen]
        return model.objects.filter(Q(is_active=True) | Q(pk__in=[getattr(one, "pk", one) for one in many]))


class ServerForm(SetupForm):
    """With a field `host`: a server that we shall connect to."""

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].strip()
        if host and "host" in self.changed_data and outward.is_inside(host):
            raise forms.ValidationError(
                _(
                    "“%(host)s” is within this installation's own network. Whoever runs the installation has to name it in"
                    " INTERNAL_HOSTS first."
                ),
                code="inside",
                params={"host": host},
            )
        return host


def save(form: SetupForm, *, by: User) -> bool:
    """Write what the form says and who said so. False where somebody saved the same just before."""
    if not form.is_new and form.changed_data in ([], ["was"]):
        return True
    try:
        with transaction.atomic():
            one = form.save()
            sent: Any = form
            said: Any = construct_change_message(sent, [], form.is_new)
            LogEntry.objects.log_actions(by.pk, [one], ADDITION if form.is_new else CHANGE, said)
    except IntegrityError:
        form.add_error(None, _("Somebody has saved the same a moment ago. Look at the list."))
        return False
    return True


# ---- Queues, teams, skills, people -----------------------------------------------------------------------------------
class CodedForm(SetupForm):
    """Something with a name, and a code by which logs know it: the code is given once."""

    code = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=60,
        widget=Input(autocomplete="off", spellcheck="false"),
        help_text=_(
            "What logs and other systems call it. Left empty, it is made from the name. It cannot be changed later."
        ),
    )
    name = forms.CharField(label=_("Name"), max_length=120, widget=Input(autocomplete="off"))

    field_order = ("name", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = _("The log is matched by it, so it stays.")
        else:
            del self.fields["is_active"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.is_new and "name" in values and not self.errors.get("code"):
            code = values.get("code") or slugify(values["name"])
            if not code:
                self.add_error("code", _("No code can be made from this name: write one."))
            elif self._meta.model.objects.filter(code=code).exists():
                self.add_error("code", gettext("The code “%(code)s” is taken: choose another.") % {"code": code})
            values["code"] = self.instance.code = code
        return values


class QueueForm(CodedForm):
    class Meta:
        model = Queue
        fields = ["name", "code", "client", "team", "teams", "skills", "is_active"]
        widgets = {"teams": Several(), "skills": Several()}
        labels = {
            "client": _("Client"),
            "team": _("Home team"),
            "teams": _("Teams that take it"),
            "skills": _("Skills that it asks for"),
            "is_active": _("In use"),
        }
        help_texts = {
            "team": _("A contact that nobody answered counts for this team."),
            "teams": _("Whoever is in one of these teams sees the queue's cases."),
            "is_active": _("Out of use, it keeps its cases and its history, and is not offered for new ones."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in (("team", Team), ("teams", Team), ("skills", Skill)):
            self.choose_from(name, self.in_use(name, model))


class QueueTeamsForm(SetupForm):
    """What a team lead says about a queue that is at home in her team."""

    class Meta:
        model = Queue
        fields = ["teams"]
        widgets = {"teams": Several()}
        labels = {"teams": _("Teams that take it")}
        help_texts = {"teams": _("Whoever is in one of these teams sees the queue's cases.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose_from("teams", self.in_use("teams", Team))


class TeamForm(CodedForm):
    queues = forms.ModelMultipleChoiceField(
        Queue.objects.none(), label=_("Queues that it takes"), required=False, widget=Several()
    )

    class Meta:
        model = Team
        fields = ["name", "code", "is_active"]
        labels = {"is_active": _("In use")}
        help_texts = {"is_active": _("Out of use, it keeps its history, and is not offered when a team is chosen.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.initial["queues"] = list(self.instance.queues.all())
        self.choose_from("queues", self.in_use("queues", Queue))

    def clean_is_active(self) -> bool:
        kept: bool = self.cleaned_data["is_active"]
        if not kept and not self.is_new and self.instance.members.filter(is_active=True).exists():
            raise forms.ValidationError(_("Somebody still works in this team. Move its people to another team first."))
        return kept

    def save(self, commit: bool = True) -> Team:  # noqa: FBT001, FBT002 - Django's
        team: Team = super().save(commit)
        team.queues.set(self.cleaned_data["queues"])
        return team


class SkillForm(CodedForm):
    class Meta:
        model = Skill
        fields = ["name", "code", "is_active"]
        labels = {"is_active": _("In use")}
        help_texts = {"is_active": _("Out of use, whoever has it keeps it, and nobody else gets it.")}


class SkillsForm(SetupForm):
    """What a team lead says about a person of her team."""

    class Meta:
        model = User
        fields = ["skills"]
        widgets = {"skills": Several()}
        labels = {"skills": _("Skills")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose_from("skills", self.in_use("skills", Skill))


class PersonForm(SetupForm):
    """What those in charge say about a person. Who leaves is made inactive: her work stays hers in every figure."""

    role = forms.ChoiceField(label=_("Role"), widget=Choice())

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "team", "role", "client", "skills", "is_active"]
        widgets = {"skills": Several()}
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "email": _("E-mail"),
            "team": _("Team"),
            "client": _("Client"),
            "skills": _("Skills"),
            "is_active": _("Active"),
        }
        help_texts = {
            "client": _("Of a client's manager: the company that she reads about. She sees nothing of any other."),
            "is_active": _("Whoever leaves is made inactive: she cannot log in, and her work stays hers."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose_from("team", self.in_use("team", Team))
        self.choose_from("skills", self.in_use("skills", Skill))
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = setup.roles_to_give(self.by)
        if User.Role.CLIENT not in dict(role.choices):
            del self.fields["client"]
        if self.instance.pk == self.by.pk:
            for name in ("role", "is_active"):
                self.fields[name].disabled = True
                self.fields[name].help_text = _(
                    "Your own is changed by somebody else, so that nobody locks herself out."
                )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        works_in_a_team = values.get("role") in {User.Role.AGENT, User.Role.LEAD} and values.get("is_active", True)
        if works_in_a_team and "team" in values and values["team"] is None:
            self.add_error("team", _("An agent or a team lead works in a team: choose one."))
        if values.get("role") == User.Role.CLIENT:
            if not values.get("client"):
                self.add_error("client", _("A client's manager belongs to a company: choose one."))
            values["team"] = None
            values["skills"] = Skill.objects.none()
        elif values.get("client"):
            self.add_error("client", _("Only a client's manager belongs to a company: choose none, or that role."))
        return values

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's
        # Django's administration is for administrators, and for nobody else.
        if "role" in self.changed_data:
            self.instance.is_staff = self.instance.is_superuser or self.instance.role == User.Role.ADMIN
        person: User = super().save(commit)
        return person


class NewPersonForm(PersonForm):
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput({"class": "form-control", "autocomplete": "new-password"}),
        help_text=_("Tell it to the person, who chooses her own after logging in."),
    )

    field_order = ("username", "password")

    class Meta(PersonForm.Meta):
        fields = ["username", *PersonForm.Meta.fields[:-1]]
        labels = {**PersonForm.Meta.labels, "username": _("User name")}
        help_texts = {"username": _("What the person logs in with.")}
        error_messages = {"username": {"unique": _("Somebody has this user name: choose another.")}}

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.instance)
        return password

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's
        self.instance.set_password(self.cleaned_data["password"])
        # Logs know the person by it from the first contact on.
        self.instance.code = self.instance.username
        return super().save(commit)

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(Q(username__iexact=name) | Q(code=name)).exists():
            raise forms.ValidationError(_("Somebody has this user name: choose another."))
        return name


# ---- Topics ----------------------------------------------------------------------------------------------------------
class TopicForm(SetupForm):
    class Meta:
        model = Topic
        fields = ["name", "demand", "business_area", "first_contact_resolvable", "is_active"]
        labels = {
            "name": _("Name"),
            "demand": _("Usual demand"),
            "business_area": _("Owner business area"),
            "first_contact_resolvable": _("Can be solved at first contact"),
            "is_active": _("In use"),
        }
        help_texts = {
            "demand": _("Proposed when the topic is chosen; whoever takes the contact may say otherwise."),
            "business_area": _("Who can do something about the cause: for example Invoicing."),
            "first_contact_resolvable": _("If not, its contacts are left out of net first contact resolution."),
            "is_active": _("Out of use, it keeps its history, and is not offered any more."),
        }

    def __init__(self, *args: Any, parent: Topic | None = None, **kwargs: Any) -> None:
        self.parent = parent
        super().__init__(*args, **kwargs)
        if self.is_new:
            del self.fields["is_active"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if not self.is_new:
            return name
        if "/" in name:
            raise forms.ValidationError(_("A name has no slash: add the topic below another one instead."))
        path = self.path(name)
        if len(path) > 500:
            raise forms.ValidationError(_("The path becomes longer than 500 letters: choose a shorter name."))
        if Topic.objects.filter(path=path).exists():
            raise forms.ValidationError(gettext("There is a topic “%(path)s” already.") % {"path": path})
        return name

    def path(self, name: str) -> str:
        return f"{self.parent.path}/{name}" if self.parent else name

    def save(self, commit: bool = True) -> Topic:  # noqa: FBT001, FBT002 - Django's
        if self.is_new:
            self.instance.parent = self.parent
            self.instance.path = self.path(self.cleaned_data["name"])
        topic: Topic = super().save(commit)
        return topic
