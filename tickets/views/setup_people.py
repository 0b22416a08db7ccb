"""Queues, teams, skills and people: who works where, and can do what."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from tickets import setup as rules
from tickets import setup_forms as forms
from tickets.models import Queue, Skill, Team, User
from tickets.views import AgentRequest
from tickets.views.setup import answer, asked, listed, only_in_charge, reading, writing


@reading("setup_queues")
def queues(request: AgentRequest) -> HttpResponse:
    shown = Queue.objects.shown_to_setup_of(request.user).filter(name__icontains=asked(request)).for_setup_list()
    editable = set(Queue.objects.editable_by(request.user).values_list("pk", flat=True))
    return listed(request, "tickets/setup_queues.html", shown, editable=editable)


@writing("setup_queues")
def queue_new(request: AgentRequest) -> HttpResponse:
    only_in_charge(request)
    form = forms.QueueForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_queue.html", "setup_queues")


@writing("setup_queues")
def queue(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Queue.objects.editable_by(request.user).for_setup_list(), pk=pk)
    form_of = forms.QueueForm if request.user.is_in_charge else forms.QueueTeamsForm
    form = form_of(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_queue.html", "setup_queues", queue=one)


@reading("setup_teams")
def teams(request: AgentRequest) -> HttpResponse:
    return listed(request, "tickets/setup_teams.html", rules.teams_for_list().filter(name__icontains=asked(request)))


@writing("setup_teams")
def team_new(request: AgentRequest) -> HttpResponse:
    form = forms.TeamForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_team.html", "setup_teams")


@writing("setup_teams")
def team(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Team, pk=pk)
    people = one.members.exclude(role=User.Role.INTEGRATION).order_by("-is_active", "first_name")[:200]
    form = forms.TeamForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_team.html", "setup_teams", team=one, people=people)


@reading("setup_skills")
def skills(request: AgentRequest) -> HttpResponse:
    return listed(
        request, "tickets/setup_skills.html", Skill.objects.for_setup_list().filter(name__icontains=asked(request))
    )


@writing("setup_skills")
def skill_new(request: AgentRequest) -> HttpResponse:
    form = forms.SkillForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_skill.html", "setup_skills")


@writing("setup_skills")
def skill(request: AgentRequest, pk: int) -> HttpResponse:
    form = forms.SkillForm(request.POST or None, instance=get_object_or_404(Skill, pk=pk), by=request.user)
    return answer(request, form, "tickets/setup_skill.html", "setup_skills")


@reading("setup_people")
def people(request: AgentRequest) -> HttpResponse:
    team = request.GET.get("team", "")
    shown = rules.people_for_list(rules.people_of(request.user), asked(request), team)
    editable = set(rules.people_to_edit(request.user).values_list("pk", flat=True))
    teams = Team.objects.filter(is_active=True) if request.user.is_in_charge else []
    return listed(request, "tickets/setup_people.html", shown, editable=editable, teams=teams, team=team)


@writing("setup_people")
def person_new(request: AgentRequest) -> HttpResponse:
    only_in_charge(request)
    form = forms.NewPersonForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_person.html", "setup_people")


@writing("setup_people")
def person(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(rules.people_to_edit(request.user), pk=pk)
    form_of = forms.PersonForm if request.user.is_in_charge else forms.SkillsForm
    form = form_of(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_person.html", "setup_people", person=one)
